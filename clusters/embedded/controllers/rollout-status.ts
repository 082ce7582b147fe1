// What a Deployment says about itself: counts and conditions, as pkg/controller/deployment/{progress,sync}.go. Pure.
import type { Deployment, ObjectCondition } from "#api/kubernetes.ts";
import { replicasOf } from "#embedded/controllers/replica-set.ts";
import { type Family, actualOf, allOf, availableOf, boundsOf, sum } from "#embedded/controllers/rollout.ts";
import { conditionOf, nonZero, withCondition } from "#embedded/controllers/status.ts";
import { toTimestamp } from "#lib/clock.ts";

type Status = NonNullable<Deployment["status"]>;

/** `created`: the name of the ReplicaSet that this look has made. */
export const rolloutStatus = (family: Family, created: string | undefined, nowMs: number): Status => {
  const { deployment, newest } = family;
  const sets = allOf(family);
  const available = sum(sets, availableOf);
  const isEnough = available >= replicasOf(deployment) - boundsOf(deployment).unavailable;
  const counts = nonZero({
    replicas: sum(sets, actualOf),
    updatedReplicas: newest === undefined ? 0 : actualOf(newest),
    readyReplicas: sum(sets, ({ status }) => status?.readyReplicas ?? 0),
    availableReplicas: available,
    unavailableReplicas: Math.max(0, sum(sets, replicasOf) - available),
  });
  const conditions = withCondition(deployment.status?.conditions ?? [], {
    type: "Available",
    status: isEnough ? "True" : "False",
    reason: isEnough ? "MinimumReplicasAvailable" : "MinimumReplicasUnavailable",
    message: `Deployment ${isEnough ? "has" : "does not have"} minimum availability.`,
    lastUpdateTime: toTimestamp(nowMs),
    lastTransitionTime: toTimestamp(nowMs),
  });
  const status = { ...counts, observedGeneration: deployment.metadata.generation ?? 1, conditions: [...conditions] };
  return { ...status, conditions: [...withProgress(family, status, created, nowMs)] };
};

/** How long until progressDeadlineSeconds have passed without progress; negative afterwards, undefined where no time runs. */
export const deadlineInMs = ({ spec }: Deployment, conditions: readonly ObjectCondition[], nowMs: number): number | undefined => {
  const progress = conditionOf(conditions, "Progressing");
  const isOver = progress === undefined || progress.reason === "NewReplicaSetAvailable" || progress.status === "False";
  if (isOver || spec.progressDeadlineSeconds === undefined) return undefined;
  return Date.parse(progress.lastUpdateTime ?? "") + spec.progressDeadlineSeconds * 1000 - nowMs;
};

const withProgress = (family: Family, status: Status, created: string | undefined, nowMs: number): readonly ObjectCondition[] => {
  const { deployment, newest } = family;
  const old = status.conditions ?? [];
  const current = conditionOf(old, "Progressing");
  const now = toTimestamp(nowMs);
  const progressing = (value: "True" | "False", reason: string, message: string): readonly ObjectCondition[] =>
    withCondition(old, { type: "Progressing", status: value, reason, message, lastUpdateTime: now, lastTransitionTime: now });
  if (newest === undefined) return old;
  const { name } = newest.metadata;
  if (status.replicas === status.updatedReplicas && current?.reason === "NewReplicaSetAvailable") return old;
  if (isComplete(deployment, status))
    return progressing("True", "NewReplicaSetAvailable", `ReplicaSet "${name}" has successfully progressed.`);
  if (created === name) return progressing("True", "NewReplicaSetCreated", `Created new replica set "${name}"`);
  if (current === undefined) return progressing("True", "FoundNewReplicaSet", `Found new replica set "${name}"`);
  if (hasMoved(status, deployment.status ?? {})) {
    const since = current.status === "True" ? current.lastTransitionTime : now;
    const message = `ReplicaSet "${name}" is progressing.`;
    const moved = { type: "Progressing", status: "True", reason: "ReplicaSetUpdated", message, lastUpdateTime: now };
    return [...old.filter((each) => each !== current), { ...moved, lastTransitionTime: since ?? now }];
  }
  const left = deadlineInMs(deployment, old, nowMs);
  if (left === undefined || left > 0) return old;
  return progressing("False", "ProgressDeadlineExceeded", `ReplicaSet "${name}" has timed out progressing.`);
};

const isComplete = (deployment: Deployment, { updatedReplicas = 0, replicas = 0, availableReplicas = 0 }: Status): boolean =>
  [updatedReplicas, replicas, availableReplicas].every((count) => count === replicasOf(deployment));

const hasMoved = (now: Status, before: Status): boolean => {
  const oldPods = ({ replicas = 0, updatedReplicas = 0 }: Status): number => replicas - updatedReplicas;
  const grows = (field: "updatedReplicas" | "readyReplicas" | "availableReplicas"): boolean => (now[field] ?? 0) > (before[field] ?? 0);
  return grows("updatedReplicas") || grows("readyReplicas") || grows("availableReplicas") || oldPods(now) < oldPods(before);
};
