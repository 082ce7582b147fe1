// ReplicaSets: as many pods as they should have, as pkg/controller/replicaset. Never touches a pod that another controller owns.
import { type Client, type Controller, nonZero } from "#embedded/controllers/controller.ts";
import { conditionOf, conditionsOf, withCondition, withoutCondition } from "#embedded/conditions.ts";
import { inDeletionOrder } from "#embedded/controllers/deletion-order.ts";
import { claimed, controllerOf, ownersAffected, podFrom } from "#embedded/controllers/ownership.ts";
import { availableInMs, isActive, isAvailable, isReady, isTerminating } from "#embedded/pod-state.ts";
import { type JsonRecord, type Stored, at, numberOf, recordOf } from "#embedded/json.ts";
import { builtIn, podsOf, storageKeyOf } from "#embedded/resources.ts";
import { matchesSelector } from "#embedded/selectors.ts";
import { ApiError } from "#embedded/status.ts";
import { refusalOf } from "#embedded/system-client.ts";

const replicaSets = builtIn("apps/v1", "ReplicaSet");

/** The most it makes or takes away at a time. */
const burst = 500;

export const replicaSetController = (client: Client): Controller => ({
  resource: replicaSets,
  affected: (change) => (change.storageKey === storageKeyOf(podsOf) ? ownersAffected(client, replicaSets, change) : []),
  sync: (set, again) => {
    const before = claimed(client, set, podsOf).filter(isActive);
    const outcome = isTerminating(set) ? { pods: before } : manage(client, set, before);
    const status = statusOf(client, set, outcome);
    client.setStatus(set, status);
    const wait = availableInMs(before, minReadySeconds(set), client.world.clock.now());
    if (wait !== undefined) again(wait);
    if (outcome.error !== undefined) throw outcome.error;
  },
});

interface Outcome {
  readonly pods: readonly Stored[];
  readonly error?: ApiError;
}

const manage = (client: Client, set: Stored, pods: readonly Stored[]): Outcome => {
  const missing = replicasOf(set) - pods.length;
  if (missing > 0) return createPods(client, set, pods, Math.min(missing, burst));
  if (missing < 0) return deletePods(client, set, pods, Math.min(-missing, burst));
  return { pods };
};

/** In batches of 1, 2, 4 …, so that a refusal is not met five hundred times. */
const createPods = (client: Client, set: Stored, pods: readonly Stored[], count: number): Outcome => {
  for (let done = 0, batch = 1; done < count; done += batch, batch *= 2) {
    const refusals = Array.from({ length: Math.min(batch, count - done) }, () => refusalOf(() => createPod(client, set)));
    const error = refusals.find((refusal) => refusal !== undefined);
    if (error !== undefined) return { pods, error };
  }
  return { pods };
};

export const createPod = (client: Client, owner: Stored, body?: JsonRecord): Stored => {
  try {
    const pod = client.create(
      podsOf,
      owner.metadata.namespace,
      body ?? podFrom(owner, at(owner, "spec", "template"), { generateName: `${owner.metadata.name}-` }),
    );
    client.tell(owner, "Normal", "SuccessfulCreate", `Created pod: ${pod.metadata.name}`);
    return pod;
  } catch (error) {
    if (error instanceof ApiError) client.tell(owner, "Warning", "FailedCreate", `Error creating: ${error.message}`);
    throw error;
  }
};

export const deletePod = (client: Client, owner: Stored, pod: Stored): void => {
  client.remove(pod);
  client.tell(owner, "Normal", "SuccessfulDelete", `Deleted pod: ${pod.metadata.name}`);
};

const deletePods = (client: Client, set: Stored, pods: readonly Stored[], count: number): Outcome => {
  const order = inDeletionOrder(pods, relatedPods(client, set), client.world.clock.now());
  for (const pod of order.slice(0, count)) deletePod(client, set, pod);
  return { pods };
};

const relatedPods = (client: Client, set: Stored): readonly Stored[] => {
  const owner = controllerOf(set);
  const family = client
    .list(replicaSets, set.metadata.namespace)
    .filter((each) => each === set || (owner !== undefined && controllerOf(each)?.uid === owner.uid));
  const uids = new Set(family.map(({ metadata }) => metadata.uid));
  return client.list(podsOf, set.metadata.namespace).filter((pod) => isActive(pod) && uids.has(controllerOf(pod)?.uid ?? ""));
};

/** Of the pods as they were at the beginning: those that were made now are counted the next time. */
const statusOf = (client: Client, set: Stored, { pods, error }: Outcome): JsonRecord => {
  const now = client.world.clock.now();
  const labels = recordOf(at(set, "spec", "template", "metadata", "labels"));
  const counts = {
    fullyLabeledReplicas: pods.filter((pod) => matchesSelector({ matchLabels: labels }, recordOf(pod.metadata.labels))).length,
    readyReplicas: pods.filter(isReady).length,
    availableReplicas: pods.filter((pod) => isAvailable(pod, minReadySeconds(set), now)).length,
  };
  const old = conditionsOf(set);
  const failure = conditionOf(old, "ReplicaFailure");
  const conditions =
    error !== undefined && failure === undefined
      ? withCondition(
          old,
          { type: "ReplicaFailure", status: "True", reason: "FailedCreate", message: error.message },
          { lastTransitionTime: client.world.timestamp() },
        )
      : error === undefined
        ? withoutCondition(old, "ReplicaFailure")
        : old;
  return {
    replicas: pods.length,
    ...nonZero(counts),
    observedGeneration: set.metadata.generation ?? 1,
    ...(conditions.length === 0 ? {} : { conditions }),
  };
};

export const replicasOf = (object: Stored): number => numberOf(at(object, "spec", "replicas")) ?? 1;
export const minReadySeconds = (object: Stored): number => numberOf(at(object, "spec", "minReadySeconds")) ?? 0;
