// What one source of evidence is: what it needs, what it provides, and how it is read within the one budget of a collection.
import type { Alert, Reference } from "#api/fields.ts";
import type { Need } from "#api/object.ts";
import type { Clock } from "#lib/clock.ts";
import type { Budget } from "#evidence/budget.ts";
import type { ComponentState, FiringAlert, Metric, ObservedChange, ObservedEvent, PodLog } from "#evidence/evidence.ts";
import type { Around, Extent } from "#evidence/extents.ts";
import type { ClusterReader, Gather, GatherOptions } from "#evidence/gather.ts";
import type { PrometheusSource } from "#evidence/read-prometheus.ts";
import type { SourceName } from "#evidence/source-names.ts";

export interface EvidenceSource {
  readonly name: "objects" | "called namespaces" | "events" | "logs" | "leases" | "metrics.k8s.io" | "journal" | "prometheus";
  /** Rights that its reads need. */
  readonly needs: readonly Need[];
  /** What a cluster that has it can provide. */
  readonly provides: readonly SourceName[];
  /** Reads what it has on what was found before it. Never fails for what is absent, refused or broken: that is a gap. */
  readonly collect: (collection: Collection) => Promise<Reading>;
}

/** One collection as a source sees it. Objects go through `gather`, which keeps, trims and counts them. */
export interface Collection {
  readonly reader: ClusterReader;
  readonly clock: Clock;
  readonly gather: Gather;
  readonly budget: Budget;
  readonly extent: Extent;
  readonly question: EvidenceQuestion;
  readonly target: Reference | undefined;
  readonly namespaces: readonly string[] | "all";
  /** Of the steps before. */
  readonly found: Found;
}

export interface Found {
  readonly events: readonly ObservedEvent[];
  readonly logs: readonly PodLog[];
  /** Logs that were asked for, whatever came: none is asked for twice. */
  readonly logsAsked: readonly string[];
  readonly metrics: readonly Metric[];
  readonly firing: readonly FiringAlert[];
  readonly components: readonly ComponentState[];
  readonly changes: readonly ObservedChange[];
  /** Namespaces that workloads call, where only what a call needs was read. */
  readonly called: readonly string[];
}

/** `lacks`: of what the source can provide, what this cluster does not have. */
export type Reading = Partial<Found> & { readonly lacks?: readonly SourceName[] };

export interface EvidenceQuestion {
  readonly around: Around;
  readonly alerts?: readonly Alert[];
  /** Their names: listed, or tried without a word where the right to list them is absent, as it is for most, or left out by a caller that knows that it has no right. Default: listed. */
  readonly secrets?: "where allowed" | "left out";
  readonly progress?: GatherOptions["progress"];
  /** What is known of changes, such as the journal of an installation; asked once the rest is read. */
  readonly changes?: ChangeSource;
  /** The Prometheus to ask for metrics and firing alerts; absent: none. */
  readonly prometheus?: PrometheusSource | undefined;
}

export type ChangeSource = (namespaces: readonly string[] | "all", since: number) => Promise<KnownChanges>;

export interface KnownChanges {
  readonly changes: readonly ObservedChange[];
  /** What is not known of them, or not certain. */
  readonly gaps: readonly string[];
}

/** As lists take them: `undefined` for all namespaces at once. */
export const placesOf = ({ namespaces }: Collection): readonly (string | undefined)[] => (namespaces === "all" ? [undefined] : namespaces);

/** The namespaces in question and those that they call. */
export const scopeOf = ({ namespaces, found }: Collection): readonly string[] | "all" =>
  namespaces === "all" ? "all" : [...namespaces, ...found.called];
