// The state of a pod, as pkg/api/v1/pod and pkg/controller read it. Pure.
import { isTrue } from "#embedded/conditions.ts";
import { type Stored, at, listOf, numberOf, textOf } from "#embedded/json.ts";

export const phaseOf = (pod: Stored): string => textOf(at(pod, "status", "phase"));
export const isTerminating = (object: Stored): boolean => object.metadata.deletionTimestamp !== undefined;
export const isFinished = (pod: Stored): boolean => ["Succeeded", "Failed"].includes(phaseOf(pod));
/** Counts as one of its owner's. */
export const isActive = (pod: Stored): boolean => !isFinished(pod) && !isTerminating(pod);

export const isReady = (pod: Stored): boolean => isTrue(pod, "Ready");

export const restartsOf = (pod: Stored): number =>
  Math.max(0, ...listOf(at(pod, "status", "containerStatuses")).map((status) => numberOf(at(status, "restartCount")) ?? 0));
