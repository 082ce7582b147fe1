// What a Deployment says about itself: counts and conditions, as pkg/controller/deployment/{progress,sync}.go. Pure.
import { type ConditionText, conditionOf, conditionsOf, replaced, withCondition, withoutCondition } from "#embedded/conditions.ts";
import { nonZero } from "#embedded/controllers/controller.ts";
import { actualOf, availableOf, fencesOf, progressDeadlineOf, statusCount, sum } from "#embedded/controllers/deployment-parts.ts";
import { replicasOf } from "#embedded/controllers/replica-set.ts";
import { type JsonRecord, type Stored, numberOf, recordOf, textOf } from "#embedded/json.ts";

export interface Rollout {
  readonly deployment: Stored;
  readonly newest: Stored | undefined;
  readonly older: readonly Stored[];
  readonly timestamp: string;
  readonly nowMs: number;
}

const readyOf = statusCount("readyReplicas");

export const allOf = ({ newest, older }: Pick<Rollout, "newest" | "older">): readonly Stored[] =>
  newest === undefined ? older : [...older, newest];

const timesOf = ({ timestamp }: Pick<Rollout, "timestamp">): JsonRecord => ({ lastUpdateTime: timestamp, lastTransitionTime: timestamp });

export const withProgress = (
  conditions: readonly JsonRecord[],
  status: "True" | "False" | "Unknown",
  reason: string,
  message: string,
  rollout: Pick<Rollout, "timestamp">,
): readonly JsonRecord[] => withCondition(conditions, { type: "Progressing", status, reason, message }, timesOf(rollout));

/** The counts, and whether enough are available; what it says about progress stays. */
export const countedStatus = (rollout: Rollout): JsonRecord => {
  const { deployment, newest } = rollout;
  const sets = allOf(rollout);
  const available = sum(sets, availableOf);
  const unavailable = Math.max(0, sum(sets, replicasOf) - available);
  const isEnough = available >= replicasOf(deployment) - fencesOf(deployment).unavailable;
  const conditions = withCondition(
    conditionsOf(deployment),
    isEnough
      ? { type: "Available", status: "True", reason: "MinimumReplicasAvailable", message: "Deployment has minimum availability." }
      : {
          type: "Available",
          status: "False",
          reason: "MinimumReplicasUnavailable",
          message: "Deployment does not have minimum availability.",
        },
    timesOf(rollout),
  );
  const counts = {
    replicas: sum(sets, actualOf),
    updatedReplicas: newest === undefined ? 0 : actualOf(newest),
    readyReplicas: sum(sets, readyOf),
    availableReplicas: available,
    unavailableReplicas: unavailable,
  };
  const { collisionCount } = recordOf(deployment["status"]);
  return {
    ...nonZero(counts),
    observedGeneration: deployment.metadata.generation ?? 1,
    ...(collisionCount === undefined ? {} : { collisionCount }),
    conditions,
  };
};

const count = (status: JsonRecord, field: string): number => numberOf(status[field]) ?? 0;

/** Every pod is new and available, and none is left of the old. */
export const isComplete = (deployment: Stored, status: JsonRecord): boolean =>
  ["updatedReplicas", "replicas", "availableReplicas"].every((field) => count(status, field) === replicasOf(deployment)) &&
  count(status, "observedGeneration") >= (deployment.metadata.generation ?? 1);

const isMoving = (status: JsonRecord, old: JsonRecord): boolean =>
  count(status, "updatedReplicas") > count(old, "updatedReplicas") ||
  count(status, "replicas") - count(status, "updatedReplicas") < count(old, "replicas") - count(old, "updatedReplicas") ||
  count(status, "readyReplicas") > count(old, "readyReplicas") ||
  count(status, "availableReplicas") > count(old, "availableReplicas");

/** How long until the deadline; negative when it has passed, undefined where none runs. */
export const deadlineInMs = (
  { deployment, nowMs }: Pick<Rollout, "deployment" | "nowMs">,
  conditions: readonly JsonRecord[],
): number | undefined => {
  const progress = conditionOf(conditions, "Progressing");
  const seconds = progressDeadlineOf(deployment);
  if (progress === undefined || seconds === undefined || progress["reason"] === "NewReplicaSetAvailable") return undefined;
  return Date.parse(textOf(progress["lastUpdateTime"])) + seconds * 1000 - nowMs;
};

/** The whole status in the middle of a rollout, or at its end. */
export const rolloutStatus = (rollout: Rollout): JsonRecord => {
  const status = countedStatus(rollout);
  return { ...status, conditions: withFailure(rollout, progressOf(rollout, status)) };
};

const progressOf = (rollout: Rollout, status: JsonRecord): readonly JsonRecord[] => {
  const { deployment, newest } = rollout;
  const conditions = status["conditions"] as readonly JsonRecord[];
  if (progressDeadlineOf(deployment) === undefined) return withoutCondition(conditions, "Progressing");
  const current = conditionOf(conditions, "Progressing");
  if (count(status, "replicas") === count(status, "updatedReplicas") && current?.["reason"] === "NewReplicaSetAvailable") return conditions;
  const who = newest === undefined ? `Deployment "${deployment.metadata.name}"` : `ReplicaSet "${newest.metadata.name}"`;
  if (isComplete(deployment, status))
    return withProgress(conditions, "True", "NewReplicaSetAvailable", `${who} has successfully progressed.`, rollout);
  if (isMoving(status, recordOf(deployment["status"]))) {
    const since = current?.["status"] === "True" ? { lastTransitionTime: current["lastTransitionTime"] } : {};
    const moved = {
      type: "Progressing",
      status: "True",
      ...timesOf(rollout),
      ...since,
      reason: "ReplicaSetUpdated",
      message: `${who} is progressing.`,
    };
    return replaced(conditions, moved);
  }
  const left = deadlineInMs(rollout, conditions);
  if (current?.["reason"] !== "ProgressDeadlineExceeded" && (left === undefined || left >= 0)) return conditions;
  return withProgress(conditions, "False", "ProgressDeadlineExceeded", `${who} has timed out progressing.`, rollout);
};

/** What keeps a ReplicaSet from making pods is the Deployment's failure too; the newest one's first. */
const withFailure = (rollout: Rollout, conditions: readonly JsonRecord[]): readonly JsonRecord[] => {
  const sets = rollout.newest === undefined ? rollout.older : [rollout.newest, ...rollout.older];
  const failure = sets.map((set) => conditionOf(conditionsOf(set), "ReplicaFailure")).find((each) => each !== undefined);
  if (failure === undefined) return withoutCondition(conditions, "ReplicaFailure");
  return withCondition(conditions, failure as JsonRecord & ConditionText, { lastUpdateTime: failure["lastTransitionTime"] });
};
