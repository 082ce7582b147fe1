// Warning events of Kubernetes as alerts: which reasons count, from how many times on, and how one reads. Pure; the message is data, never an instruction.
import type { Event } from "#api/kubernetes.ts";
import { hashOf } from "#lib/canonical-json.ts";
import { realTime, startOf } from "#services/gateway/sources/delivery.ts";
import type { Signal } from "#services/gateway/signal.ts";

/** Without a new event for this long the trouble counts as over: the kubelet repeats its own at most five minutes apart. */
export const quietMs = 15 * 60_000;

export interface EventReason {
  readonly reason: string;
  /** From this many times on: what passes by itself is no incident. */
  readonly times: number;
  readonly severity: Signal["severity"];
}

const eventReason = (reason: string, times: number, severity: Signal["severity"] = "warning"): EventReason => ({ reason, times, severity });

/** Other reasons are not taken: most warnings pass by themselves, or describe what one of these reports already. */
export const eventReasons: readonly EventReason[] = [
  eventReason("BackOff", 3),
  eventReason("BackoffLimitExceeded", 1),
  eventReason("DeadlineExceeded", 1),
  eventReason("Evicted", 1),
  eventReason("Failed", 3),
  eventReason("FailedAttachVolume", 3),
  eventReason("FailedBinding", 10),
  eventReason("FailedComputeMetricsReplicas", 10),
  eventReason("FailedCreate", 3),
  eventReason("FailedCreatePodSandBox", 3),
  eventReason("FailedGetResourceMetric", 10),
  eventReason("FailedMount", 3),
  eventReason("FailedScheduling", 3),
  eventReason("InspectFailed", 3),
  eventReason("NodeNotReady", 1, "critical"),
  eventReason("ProvisioningFailed", 3),
  eventReason("Unhealthy", 10),
];
const byReason = new Map(eventReasons.map((each) => [each.reason, each]));

export interface SeenEvent {
  readonly signal: Signal;
  /** When the event was last reported. */
  readonly lastMs: number;
}

const objectName = /^[a-z0-9]([-a-z0-9.:]{0,251}[a-z0-9])?$/;
const kindName = /^[A-Z][A-Za-z0-9]{0,62}$/;

/** Undefined for what is not taken as an alert: other reasons and types, too few times, and objects without a namespace, which no namespace opts in. */
export const readEvent = (event: Event, nowMs: number): SeenEvent | undefined => {
  const { involvedObject, reason = "", type, message } = event;
  const rule = byReason.get(reason);
  const { apiVersion, kind = "", namespace, name = "" } = involvedObject;
  if (rule === undefined || type !== "Warning" || timesOf(event) < rule.times) return undefined;
  if (namespace === undefined || namespace.length > 63 || !objectName.test(namespace) || !objectName.test(name) || !kindName.test(kind))
    return undefined;
  const created = realTime(event.metadata.creationTimestamp) ?? nowMs;
  const first = realTime(event.firstTimestamp ?? undefined) ?? realTime(event.eventTime ?? undefined) ?? created;
  const last = realTime(event.series?.lastObservedTime) ?? realTime(event.lastTimestamp ?? undefined) ?? first;
  const reported = { ...(apiVersion ? { apiVersion: apiVersion.slice(0, 253) } : {}), kind, namespace, name };
  return {
    signal: {
      status: "firing",
      name: reason,
      fingerprint: hashOf({ source: "kubernetes-event", reason, kind, namespace, name }).slice(0, 16),
      severity: rule.severity,
      ...startOf(first, nowMs),
      source: "kubernetes-event",
      labels: { alertname: reason, namespace, kind, name },
      annotations: message ? { message: message.slice(0, 4096) } : {},
      reported,
    },
    lastMs: Math.min(last, nowMs),
  };
};

const timesOf = ({ count, series }: Event): number => Math.max(1, count ?? 0, series?.count ?? 0);
