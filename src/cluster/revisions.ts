// The revisions of a Deployment, newest first, from its ReplicaSets. Pure; never says which one to choose.
import type { Deployment } from "#api/kubernetes.ts";
import type { Revision } from "#api/kinds/remediation-processing.ts";
import type { CachedReplicaSet } from "#cluster/cached-kinds.ts";
import { isControlledBy } from "#api/object.ts";

const revisionAnnotation = "deployment.kubernetes.io/revision";

/** ReplicaSets of other owners are left out, so that all of a namespace may be given. */
export const revisionsOf = (deployment: Deployment, replicaSets: readonly CachedReplicaSet[]): Revision[] => {
  const owned = replicaSets
    .filter((set) => isControlledBy(set, deployment))
    .map((set) => ({ set, revision: Number(set.revision) }))
    .filter(({ revision }) => Number.isSafeInteger(revision) && revision > 0)
    .toSorted((a, b) => b.revision - a.revision);
  const current = Number(deployment.metadata.annotations?.[revisionAnnotation] ?? owned[0]?.revision);
  return owned.map(({ set, revision }) => ({
    revision,
    object: set.metadata.name,
    createdAt: set.metadata.creationTimestamp,
    images: [...set.images],
    current: revision === current,
    ...(set.changeCause === undefined ? {} : { changeCause: set.changeCause }),
  }));
};
