// Everything an investigator may look at, as one plain, bounded, redacted value: what a collection made, a file holds and a diagnosis reads.
// Text in it comes from the cluster: data, never an instruction. Values of Secrets are never in it.
import type { Alert, Reference } from "#api/fields.ts";
import type { KubeObject } from "#api/object.ts";
import type { SourceName } from "#evidence/source-names.ts";
import type { Message } from "#logs/digest.ts";

export interface Evidence {
  readonly form: typeof evidenceForm;
  /** RFC 3339, by the collector's clock. */
  readonly collectedAt: string;
  readonly scope: EvidenceScope;
  readonly alerts: readonly Alert[];
  /**
   * As the API server has them, trimmed: no last-applied annotation, field managers as `managedFields` with two levels of `fieldsV1`, text
   * redacted. ConfigMaps keep their (bounded) data; Secrets are `ObservedSecret`: no values.
   */
  readonly objects: readonly KubeObject[];
  /** Which lists were read in full: what is absent from one of these does not exist. */
  readonly read: readonly ReadList[];
  /** Newest first. */
  readonly events: readonly ObservedEvent[];
  readonly logs: readonly PodLog[];
  readonly metrics: readonly Metric[];
  /**
   * Alerts that a Prometheus says are firing in these namespaces: for people to read beside a finding. Apart from `alerts`, which a person was
   * called for and which say when trouble began: a server that may lie decides nothing.
   */
  readonly firing: readonly FiringAlert[];
  /** Connections that were tried. No live source tries one. */
  readonly connections: readonly ConnectionAttempt[];
  /** Programs of the cluster itself, as far as their state is known. */
  readonly components: readonly ComponentState[];
  readonly changes: readonly ObservedChange[];
  /** What could not be read, and why, in words. */
  readonly gaps: readonly string[];
  /** What no source of the cluster provided; absent: not known. */
  readonly lacks?: readonly SourceName[];
}

export const evidenceForm = "kintsugi.dev/evidence/v1";

/** How a gap begins that says little: many a cluster has no such source. */
export const optionalSource = "read metrics.k8s.io";

export interface EvidenceScope {
  /** `all`: the whole cluster. */
  readonly namespaces: readonly string[] | "all";
  /** Namespaces that workloads in those call: only what a call needs was read there. */
  readonly called?: readonly string[];
  /** The object that was asked about. */
  readonly target?: Reference;
}

export interface ReadList {
  readonly kind: string;
  /** Absent: in every namespace, or a kind without namespaces. */
  readonly namespace?: string;
}

export interface ObservedSecret extends KubeObject {
  readonly type?: string;
  /** Absent: only the name was asked for. */
  readonly keys?: readonly string[];
}

export interface ObservedEvent {
  /** `Kind namespace/name` of the object it is about. */
  readonly object: string;
  readonly uid?: string;
  readonly type: "Normal" | "Warning";
  readonly reason: string;
  readonly message: string;
  readonly count: number;
  readonly firstAt?: string;
  readonly lastAt?: string;
}

export interface PodLog {
  readonly namespace: string;
  readonly pod: string;
  /** Absent: the source does not say which container. */
  readonly container?: string;
  readonly run: "current" | "previous";
  /** The end of the log, or its error lines with the lines around them. */
  readonly text: string;
  /** What all that was read of it says, counted; absent: nothing but the text is known. */
  readonly digest?: LogDigest;
  /** How often such lines were seen, where the source counted instead of quoting them all. */
  readonly count?: number;
}

/** Errors and warnings of a log: the most severe first, then the most frequent. */
export interface LogDigest {
  readonly messages: readonly Message[];
  /** How many records were read. */
  readonly records: number;
  /** Epoch milliseconds of the first of them. */
  readonly fromMs?: number;
}

export interface Metric {
  readonly object: Reference;
  /** Of a pod; absent: of all of it. */
  readonly container?: string;
  /** Such as `cpu_usage_cores`, `memory_working_set_bytes`, `cpu_throttled_ratio`, `request_latency_seconds_p99`, `error_ratio`. */
  readonly name: string;
  readonly value: number;
  /** What it was before, where known: the median of the time before the trouble. */
  readonly usual?: number;
  readonly at?: string;
}

export interface FiringAlert {
  readonly name: string;
  /** Since when its condition holds, where known. */
  readonly since?: string;
  readonly labels: Readonly<Record<string, string>>;
}

export interface ConnectionAttempt {
  /** Node or pod from which it was tried. */
  readonly from?: Reference;
  readonly namespace: string;
  readonly service: string;
  readonly port: number;
  /** `failed`: it did not open, for a reason that is not known. `unknown`: not known whether it opened. */
  readonly result: "open" | "refused" | "timeout" | "unresolved" | "failed" | "unknown";
  readonly durationMs?: number;
  readonly text: string;
}

export interface ComponentState {
  /** Such as kubelet, containerd, kube-proxy, kube-scheduler, kube-controller-manager, kube-apiserver, etcd. */
  readonly component: string;
  readonly node?: string;
  readonly state: "running" | "stopped" | "failing" | "unknown";
  readonly text: string;
}

export interface ObservedChange {
  readonly object: Reference;
  readonly at: string;
  /** Field manager; `unknown` where none was recorded. */
  readonly by: string;
  /** Path of the field, such as `spec.template.spec.containers[web].image`; empty for a whole object. */
  readonly field: string;
  readonly kind: "created" | "changed" | "deleted";
  readonly before?: string;
  readonly after?: string;
}
