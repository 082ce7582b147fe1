// How a pod stands, as pkg/api/v1/pod and pkg/controller read it. Pure.
import { conditionOf, conditionsOf, isTrue } from "#embedded/conditions.ts";
import { type Stored, at, listOf, numberOf, textOf } from "#embedded/json.ts";

export const phaseOf = (pod: Stored): string => textOf(at(pod, "status", "phase"));
export const isTerminating = (object: Stored): boolean => object.metadata.deletionTimestamp !== undefined;
export const isFinished = (pod: Stored): boolean => ["Succeeded", "Failed"].includes(phaseOf(pod));
/** Counts as one of its owner's. */
export const isActive = (pod: Stored): boolean => !isFinished(pod) && !isTerminating(pod);

export const isReady = (pod: Stored): boolean => isTrue(pod, "Ready");

/** Since when it is ready; undefined where it is not. */
export const readySinceMs = (pod: Stored): number | undefined => {
  if (!isReady(pod)) return undefined;
  const since = Date.parse(textOf(conditionOf(conditionsOf(pod), "Ready")?.["lastTransitionTime"]));
  return Number.isNaN(since) ? 0 : since;
};

/** Ready for as long as its owner asks. */
export const isAvailable = (pod: Stored, minReadySeconds: number, nowMs: number): boolean => {
  const since = readySinceMs(pod);
  return since !== undefined && (minReadySeconds === 0 || since + minReadySeconds * 1000 <= nowMs);
};

/** How long until the next of them may have become available. */
export const availableInMs = (pods: readonly Stored[], minReadySeconds: number, nowMs: number): number | undefined => {
  const waits = pods.flatMap((pod) => {
    const since = readySinceMs(pod);
    const wait = since === undefined ? 0 : since + minReadySeconds * 1000 - nowMs;
    return wait > 0 ? [wait] : [];
  });
  return waits.length === 0 ? undefined : Math.min(...waits);
};

export const restartsOf = (pod: Stored): number =>
  Math.max(0, ...listOf(at(pod, "status", "containerStatuses")).map((status) => numberOf(at(status, "restartCount")) ?? 0));
