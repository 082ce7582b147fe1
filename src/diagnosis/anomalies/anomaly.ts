// An anomaly: a state that differs from the one that the object declares, in Kubernetes' own words and whatever the cause. Pure.
import type { Reference } from "#api/fields.ts";
import type { KubeObject } from "#api/object.ts";
import { fromTimestamp } from "#lib/clock.ts";

/** Worst first. `outage`: nothing serves. `degraded`: less than declared serves. `blocked rollout`: the old revision serves. `latent`: it shows later. */
export const severities = ["outage", "degraded", "blocked rollout", "latent"] as const;
export type Severity = (typeof severities)[number];

export const anomalyKinds = [
  "PodsNotReady",
  "PodsMissing",
  "RolloutIncomplete",
  "ContainerWaiting",
  "ContainerRestarts",
  "PodNotScheduled",
  "PodFailed",
  "DeletionStuck",
  "ConditionUnmet",
  "NotReconciled",
  "ClaimNotBound",
  "ServiceWithoutPods",
  "JobFailed",
  "WarningEvents",
] as const;
export type AnomalyKind = (typeof anomalyKinds)[number];

export interface Anomaly {
  readonly kind: AnomalyKind;
  /** Of pods their workload, so that forty pods are one anomaly. */
  readonly object: Reference;
  readonly text: string;
  readonly severity: Severity;
  /** Epoch milliseconds; undefined where no object records it. */
  readonly sinceMs?: number | undefined;
  /** It may still pass by itself: too young for an ordinary start, and nothing has failed. */
  readonly isYoung: boolean;
}

/** Longer than an ordinary start takes: pulling an image, mounting volumes, passing probes. */
export const youngMs = 180_000;

interface WithStatus extends KubeObject {
  readonly spec?: Readonly<Record<string, unknown>>;
  readonly status?: Readonly<Record<string, unknown>>;
}

/** The numbers and texts of a status that an anomaly reads, whatever the kind. */
export const statusOf = (object: KubeObject): Readonly<Record<string, unknown>> => (object as WithStatus).status ?? {};
export const specOf = (object: KubeObject): Readonly<Record<string, unknown>> => (object as WithStatus).spec ?? {};
export const numberIn = (record: Readonly<Record<string, unknown>>, key: string): number | undefined => {
  const value = record[key];
  return typeof value === "number" ? value : undefined;
};

export const earliest = (times: readonly (string | undefined)[]): number | undefined => {
  const known = times.flatMap((time) => fromTimestamp(time) ?? []);
  return known.length === 0 ? undefined : Math.min(...known);
};

export const isYoungSince = (now: number, sinceMs: number | undefined): boolean => sinceMs !== undefined && now - sinceMs < youngMs;
