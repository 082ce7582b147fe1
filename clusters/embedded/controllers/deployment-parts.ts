// What a Deployment means: which ReplicaSet is its newest, how many pods it may have and must have, its annotations. From
// pkg/controller/deployment/util. Pure.
import { jsonEqual } from "#lib/canonical-json.ts";
import { replicasOf } from "#embedded/controllers/replica-set.ts";
import { type JsonRecord, type Stored, at, numberOf, recordOf, shareOf, without } from "#embedded/json.ts";

export const hashLabel = "pod-template-hash";
const annotation = (name: string): string => `deployment.kubernetes.io/${name}`;
const own = {
  revision: annotation("revision"),
  history: annotation("revision-history"),
  desired: annotation("desired-replicas"),
  max: annotation("max-replicas"),
};
/** Never copied between a Deployment and its ReplicaSets. */
const notCopied = new Set([...Object.values(own), "kubectl.kubernetes.io/last-applied-configuration", "deprecated.deployment.rollback.to"]);

export const revisionOf = (object: Stored): number => Number(object.metadata.annotations?.[own.revision] ?? 0) || 0;
export const isRolling = (deployment: Stored): boolean => at(deployment, "spec", "strategy", "type") === "RollingUpdate";
export const isPaused = (deployment: Stored): boolean => at(deployment, "spec", "paused") === true;
/** Without one nothing is said about progress. */
export const progressDeadlineOf = (deployment: Stored): number | undefined => {
  const seconds = numberOf(at(deployment, "spec", "progressDeadlineSeconds"));
  return seconds === undefined || seconds >= 2_147_483_647 ? undefined : seconds;
};

export const fencesOf = (deployment: Stored): { readonly surge: number; readonly unavailable: number } => {
  const replicas = replicasOf(deployment);
  if (!isRolling(deployment)) return { surge: 0, unavailable: 0 };
  const bounds = at(deployment, "spec", "strategy", "rollingUpdate");
  const surge = shareOf(at(bounds, "maxSurge"), replicas, Math.ceil);
  const floor = shareOf(at(bounds, "maxUnavailable"), replicas, Math.floor);
  // Neither: a rollout could never begin.
  const unavailable = surge === 0 && floor === 0 ? 1 : floor;
  return { surge, unavailable: replicas === 0 ? 0 : Math.min(unavailable, replicas) };
};

export const sum = (sets: readonly Stored[], count: (set: Stored) => number): number => sets.reduce((total, set) => total + count(set), 0);
export const statusCount =
  (field: string) =>
  (object: Stored): number =>
    numberOf(at(object, "status", field)) ?? 0;
export const availableOf = statusCount("availableReplicas");
export const actualOf = statusCount("replicas");

const plainTemplate = (object: Stored): JsonRecord => {
  const template = recordOf(at(object, "spec", "template"));
  const metadata = recordOf(template["metadata"]);
  return { ...template, metadata: { ...metadata, labels: without(recordOf(metadata["labels"]), hashLabel) } };
};

export const byAge = (a: Stored, b: Stored): number => {
  const ages = Date.parse(a.metadata.creationTimestamp) - Date.parse(b.metadata.creationTimestamp);
  return ages !== 0 ? ages : a.metadata.name < b.metadata.name ? -1 : 1;
};

export const newestOf = (deployment: Stored, sets: readonly Stored[]): Stored | undefined => {
  const wanted = plainTemplate(deployment);
  return sets.toSorted(byAge).find((set) => jsonEqual(plainTemplate(set), wanted));
};

/** A new ReplicaSet's annotations, or an existing one's as they should become. */
export const setAnnotations = (deployment: Stored, set: Stored | undefined, revision: number): Record<string, string> => {
  const annotations: Record<string, string> = { ...set?.metadata.annotations };
  for (const [key, value] of Object.entries(deployment.metadata.annotations ?? {})) if (!notCopied.has(key)) annotations[key] = value;
  const old = annotations[own.revision];
  if ((Number(old ?? 0) || 0) < revision) {
    annotations[own.revision] = String(revision);
    if (old !== undefined && old !== "")
      annotations[own.history] = annotations[own.history] === undefined ? old : `${annotations[own.history]},${old}`;
  }
  return set === undefined ? { ...annotations, ...sizeAnnotations(deployment) } : annotations;
};

export const sizeAnnotations = (deployment: Stored): Record<string, string> => ({
  [own.desired]: String(replicasOf(deployment)),
  [own.max]: String(replicasOf(deployment) + fencesOf(deployment).surge),
});
export const desiredAnnotation = (set: Stored): string | undefined => set.metadata.annotations?.[own.desired];

export const withRevision = (deployment: Stored, revision: string | undefined): JsonRecord => ({
  ...deployment.metadata.annotations,
  ...(revision === undefined ? {} : { [own.revision]: revision }),
});
export const revisionText = (set: Stored): string | undefined => set.metadata.annotations?.[own.revision];

/** How large the newest ReplicaSet may be now. */
export const newestSize = (deployment: Stored, sets: readonly Stored[], current: number): number => {
  const wanted = replicasOf(deployment);
  if (!isRolling(deployment)) return wanted;
  const room = wanted + fencesOf(deployment).surge - sum(sets, replicasOf);
  return room <= 0 ? current : current + Math.min(room, wanted - current);
};
