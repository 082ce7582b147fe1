// Deployments: from one ReplicaSet to the next, within the bounds they set, as pkg/controller/deployment. Makes ReplicaSets, never a pod.
import { conditionOf, conditionsOf } from "#embedded/conditions.ts";
import type { Again, Client, Controller } from "#embedded/controllers/controller.ts";
import {
  actualOf,
  availableOf,
  byAge,
  desiredAnnotation,
  fencesOf,
  isPaused,
  isRolling,
  newestSize,
  progressDeadlineOf,
  sum,
} from "#embedded/controllers/deployment-parts.ts";
import { type Family, clean, familyOf, familyWithNewest, replicaSets, rescale, resized } from "#embedded/controllers/deployment-sets.ts";
import { allOf, countedStatus, deadlineInMs, isComplete, rolloutStatus, withProgress } from "#embedded/controllers/deployment-status.ts";
import { controllerOf, isControlledBy, ownersAffected } from "#embedded/controllers/ownership.ts";
import { isFinished, isTerminating } from "#embedded/pod-state.ts";
import { replicasOf } from "#embedded/controllers/replica-set.ts";
import { type JsonRecord, type Stored, at, isRecord, recordOf } from "#embedded/json.ts";
import { builtIn, podsOf, storageKeyOf } from "#embedded/resources.ts";

const deployments = builtIn("apps/v1", "Deployment");

export const deploymentController = (client: Client): Controller => ({
  resource: deployments,
  affected: (change) => {
    if (change.storageKey === storageKeyOf(replicaSets)) return ownersAffected(client, deployments, change);
    // Recreate waits for the last old pod to go.
    if (change.storageKey !== storageKeyOf(podsOf) || change.type !== "DELETED") return [];
    const set = client.list(replicaSets, change.object.metadata.namespace).find((each) => isControlledBy(change.object, each));
    const owner = controllerOf(set);
    return owner?.kind === "Deployment" ? [{ namespace: change.object.metadata.namespace, name: owner.name }] : [];
  },
  sync: (deployment, again) => {
    const selector = at(deployment, "spec", "selector");
    if (isRecord(selector) && Object.keys(selector).length > 0) sync(client, deployment, again);
  },
});

const sync = (client: Client, given: Stored, again: Again): void => {
  if (isTerminating(given)) {
    const family = familyOf(client, given);
    client.setStatus(family.deployment, counted(client, family));
    return;
  }
  const deployment = withPause(client, given);
  if (isPaused(deployment) || isScaling(client, deployment)) {
    const family = familyOf(client, deployment);
    rescale(client, family);
    const after = familyOf(client, family.deployment);
    if (isPaused(deployment)) clean(client, after);
    client.setStatus(after.deployment, counted(client, after));
    return;
  }
  const family = isRolling(deployment) ? roll(client, familyWithNewest(client, deployment)) : recreate(client, deployment);
  const rollout = { ...family, timestamp: client.world.timestamp(), nowMs: client.world.clock.now() };
  const status = rolloutStatus(rollout);
  if (isComplete(family.deployment, recordOf(family.deployment["status"]))) clean(client, family);
  client.setStatus(family.deployment, status);
  const left = deadlineInMs(rollout, status["conditions"] as readonly JsonRecord[]);
  if (left !== undefined && left >= 0) again(left + 1000);
};

const counted = (client: Client, family: Family): JsonRecord =>
  countedStatus({ ...family, timestamp: client.world.timestamp(), nowMs: client.world.clock.now() });

/** Time does not count against it while it is paused. */
const withPause = (client: Client, deployment: Stored): Stored => {
  if (progressDeadlineOf(deployment) === undefined) return deployment;
  const old = conditionsOf(deployment);
  const reason = conditionOf(old, "Progressing")?.["reason"];
  if (reason === "ProgressDeadlineExceeded") return deployment;
  const said = reason === "DeploymentPaused";
  if (isPaused(deployment) === said) return deployment;
  const [word, text] = said ? ["DeploymentResumed", "Deployment is resumed"] : ["DeploymentPaused", "Deployment is paused"];
  const conditions = withProgress(old, "Unknown", word, text, { timestamp: client.world.timestamp() });
  return client.setStatus(deployment, { ...recordOf(deployment["status"]), conditions });
};

const isScaling = (client: Client, deployment: Stored): boolean =>
  client
    .list(replicaSets, deployment.metadata.namespace)
    .filter((set) => isControlledBy(set, deployment) && replicasOf(set) > 0)
    .some((set) => {
      const desired = desiredAnnotation(set);
      return desired !== undefined && Number(desired) !== replicasOf(deployment);
    });

/** One step of a rolling update: either up or down. */
const roll = (client: Client, family: Family): Family => {
  const { deployment, newest, older } = family;
  if (newest === undefined) return family;
  const wanted = replicasOf(deployment);
  const size = replicasOf(newest) > wanted ? wanted : newestSize(deployment, allOf(family), replicasOf(newest));
  if (size !== replicasOf(newest)) return { ...family, newest: resized(client, deployment, newest, size) };

  const total = sum(allOf(family), replicasOf);
  const needed = wanted - fencesOf(deployment).unavailable;
  const most = total - needed - (replicasOf(newest) - availableOf(newest));
  if (sum(older, replicasOf) === 0 || most <= 0) return family;
  let left = most;
  // Those that are of no use go first, then as many as can be spared.
  const unhealthy = older.toSorted(byAge).map((set) => {
    const useless = Math.min(left, replicasOf(set) - availableOf(set));
    if (useless <= 0) return set;
    left -= useless;
    return resized(client, deployment, set, replicasOf(set) - useless);
  });
  let spare = sum([...unhealthy, newest], availableOf) - needed;
  const next = unhealthy.map((set) => {
    const step = Math.min(spare, replicasOf(set));
    if (step <= 0) return set;
    spare -= step;
    return resized(client, deployment, set, replicasOf(set) - step);
  });
  return { ...family, older: next };
};

/** First all old pods go, then the new ones come. */
const recreate = (client: Client, before: Stored): Family => {
  const family = familyOf(client, before);
  const { deployment } = family;
  if (family.older.some((set) => replicasOf(set) > 0)) {
    const older = family.older.map((set) => (replicasOf(set) > 0 ? resized(client, deployment, set, 0) : set));
    return { ...family, older };
  }
  const isStillThere = family.older.some((set) => actualOf(set) > 0) || oldPods(client, family).length > 0;
  if (isStillThere) return family;
  const whole = family.newest === undefined ? familyWithNewest(client, deployment) : family;
  const { newest } = whole;
  if (newest === undefined || replicasOf(newest) === replicasOf(deployment)) return whole;
  return { ...whole, newest: resized(client, whole.deployment, newest, replicasOf(deployment)) };
};

const oldPods = (client: Client, { older, deployment }: Family): readonly Stored[] =>
  client.list(podsOf, deployment.metadata.namespace).filter((pod) => !isFinished(pod) && older.some((set) => isControlledBy(pod, set)));
