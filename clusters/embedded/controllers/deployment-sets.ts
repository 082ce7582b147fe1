// A Deployment's ReplicaSets: the newest one found or made, their sizes changed, those that are history removed. From
// pkg/controller/deployment/sync.go. Writes ReplicaSets and the Deployment's revision.
import { jsonEqual } from "#lib/canonical-json.ts";
import { conditionOf, conditionsOf } from "#embedded/conditions.ts";
import type { Client } from "#embedded/controllers/controller.ts";
import {
  actualOf,
  byAge,
  hashLabel,
  newestOf,
  newestSize,
  progressDeadlineOf,
  revisionOf,
  revisionText,
  setAnnotations,
  sizeAnnotations,
  withRevision,
} from "#embedded/controllers/deployment-parts.ts";
import { withProgress } from "#embedded/controllers/deployment-status.ts";
import { claimed, controllerReference } from "#embedded/controllers/ownership.ts";
import { isTerminating } from "#embedded/pod-state.ts";
import { minReadySeconds, replicasOf } from "#embedded/controllers/replica-set.ts";
import { templateHash } from "#embedded/controllers/template-hash.ts";
import { type JsonRecord, type Stored, at, numberOf, recordOf, withValue } from "#embedded/json.ts";
import { ApiError } from "#embedded/status.ts";
import { builtIn } from "#embedded/resources.ts";

export const replicaSets = builtIn("apps/v1", "ReplicaSet");

export interface Family {
  /** As it is after what was written on the way. */
  readonly deployment: Stored;
  readonly newest: Stored | undefined;
  readonly older: readonly Stored[];
}

/** Its ReplicaSets, the newest one brought up to date. */
export const familyOf = (client: Client, deployment: Stored): Family => {
  const sets = claimed(client, deployment, replicaSets);
  const found = newestOf(deployment, sets);
  const older = sets.filter((set) => set !== found);
  if (found === undefined) return { deployment, newest: undefined, older };
  const annotations = setAnnotations(deployment, found, Math.max(0, ...older.map(revisionOf)) + 1);
  const wanted = { ...found, metadata: { ...found.metadata, annotations }, spec: withMinReady(deployment, recordOf(found["spec"])) };
  if (!jsonEqual(wanted, found)) return { deployment, newest: client.update(found, () => wanted), older };
  return {
    deployment: noted(client, deployment, found, "FoundNewReplicaSet", `Found new replica set "${found.metadata.name}"`),
    newest: found,
    older,
  };
};

const withMinReady = (deployment: Stored, spec: JsonRecord): JsonRecord =>
  withValue(spec, ["minReadySeconds"], minReadySeconds(deployment) === 0 ? undefined : minReadySeconds(deployment));

/** Its revision, and that it has a newest ReplicaSet: told where it says nothing of progress yet, and always of one that was made. */
const noted = (
  client: Client,
  deployment: Stored,
  newest: Stored,
  reason: "FoundNewReplicaSet" | "NewReplicaSetCreated",
  message: string,
): Stored => {
  const old = conditionsOf(deployment);
  const isToTell =
    progressDeadlineOf(deployment) !== undefined && (reason === "NewReplicaSetCreated" || conditionOf(old, "Progressing") === undefined);
  const conditions = isToTell ? withProgress(old, "True", reason, message, { timestamp: client.world.timestamp() }) : old;
  const annotations = withRevision(deployment, revisionText(newest));
  if (conditions === old && jsonEqual(annotations, deployment.metadata.annotations ?? {})) return deployment;
  return client.update(
    deployment,
    (stored) => ({ ...stored, metadata: { ...stored.metadata, annotations }, status: { ...recordOf(stored["status"]), conditions } }),
    "status",
  );
};

/** As `familyOf`, and makes the newest one where there is none. */
export const familyWithNewest = (client: Client, before: Stored): Family => {
  const family = familyOf(client, before);
  if (family.newest !== undefined) return family;
  const { deployment, older } = family;
  const template = recordOf(at(deployment, "spec", "template"));
  const hash = templateHash(template, numberOf(at(deployment, "status", "collisionCount")));
  const name = `${deployment.metadata.name}-${hash}`;
  const labels = { ...recordOf(at(template, "metadata", "labels")), [hashLabel]: hash };
  const replicas = newestSize(deployment, older, 0);
  const body = {
    metadata: {
      name,
      labels,
      annotations: setAnnotations(deployment, undefined, Math.max(0, ...older.map(revisionOf)) + 1),
      ownerReferences: [controllerReference(deployment)],
    },
    spec: withMinReady(deployment, {
      replicas,
      selector: withValue(at(deployment, "spec", "selector"), ["matchLabels", hashLabel], hash),
      template: withValue(template, ["metadata", "labels"], labels),
    }),
  };
  try {
    const newest = client.create(replicaSets, deployment.metadata.namespace, body);
    if (replicas > 0) client.tell(deployment, "Normal", "ScalingReplicaSet", `Scaled up replica set ${name} from 0 to ${replicas}`);
    return { deployment: noted(client, deployment, newest, "NewReplicaSetCreated", `Created new replica set "${name}"`), newest, older };
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    const why = `Failed to create new replica set "${name}": ${error.message}`;
    client.tell(deployment, "Warning", "ReplicaSetCreateError", why);
    if (progressDeadlineOf(deployment) !== undefined) {
      const conditions = withProgress(conditionsOf(deployment), "False", "ReplicaSetCreateError", why, {
        timestamp: client.world.timestamp(),
      });
      client.setStatus(deployment, { ...recordOf(deployment["status"]), conditions });
    }
    throw error;
  }
};

/** Its new size, and what its annotations must say of the Deployment's. */
export const resized = (client: Client, deployment: Stored, set: Stored, replicas: number): Stored => {
  const before = replicasOf(set);
  const next = client.update(set, (old) => ({
    ...old,
    metadata: { ...old.metadata, annotations: { ...old.metadata.annotations, ...sizeAnnotations(deployment) } },
    spec: { ...recordOf(old["spec"]), replicas },
  }));
  const direction = replicas > before ? "up" : "down";
  if (replicas !== before)
    client.tell(
      deployment,
      "Normal",
      "ScalingReplicaSet",
      `Scaled ${direction} replica set ${set.metadata.name} from ${before} to ${replicas}`,
    );
  return next;
};

/** The Deployment's own size has changed. */
export const rescale = (client: Client, { deployment, newest, older }: Family): void => {
  const wanted = replicasOf(deployment);
  const sets = newest === undefined ? older : [...older, newest];
  const active = sets.filter((set) => replicasOf(set) > 0);
  if (active.length <= 1) {
    const only = active[0] ?? newest ?? older.toSorted(byAge).at(-1);
    if (only !== undefined && replicasOf(only) !== wanted) resized(client, deployment, only, wanted);
    return;
  }
  // In the middle of a rollout its next steps do it: the sets are told how many there shall be.
  for (const set of active) resized(client, deployment, set, replicasOf(set));
};

/** Old revisions beyond the limit, the oldest first. */
export const clean = (client: Client, { deployment, older }: Family): void => {
  const limit = numberOf(at(deployment, "spec", "revisionHistoryLimit"));
  if (limit === undefined) return;
  const history = older.filter((set) => !isTerminating(set)).toSorted((a, b) => revisionOf(a) - revisionOf(b));
  for (const set of history.slice(0, Math.max(0, history.length - limit)))
    if (
      actualOf(set) === 0 &&
      replicasOf(set) === 0 &&
      (set.metadata.generation ?? 1) <= (numberOf(at(set, "status", "observedGeneration")) ?? 0)
    )
      client.remove(set);
};
