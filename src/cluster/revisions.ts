// The revisions of a Deployment, newest first, from its ReplicaSets. Pure; says how a revision stands, never which one to choose.
import type { Deployment, ReplicaSet } from "#api/kubernetes.ts";
import type { Revision } from "#api/kinds/remediation-processing.ts";

export interface DeploymentRevision extends Revision {
  /** `serving`: at least one replica is ready. `failing`: has replicas and none is ready. `retired`: scaled to zero; how it fared is not known from here. */
  readonly standing: "serving" | "failing" | "retired";
  readonly replicaSet: ReplicaSet;
}

const revisionAnnotation = "deployment.kubernetes.io/revision";
const causeAnnotation = "kubernetes.io/change-cause";

/** ReplicaSets of other owners are left out, so that all of a namespace may be given. */
export const revisionsOf = (deployment: Deployment, replicaSets: readonly ReplicaSet[]): DeploymentRevision[] => {
  const owned = replicaSets
    .filter((set) => set.metadata.ownerReferences?.some((owner) => owner.controller === true && owner.uid === deployment.metadata.uid))
    .map((set) => ({ set, revision: Number(set.metadata.annotations?.[revisionAnnotation]) }))
    .filter(({ revision }) => Number.isSafeInteger(revision) && revision > 0)
    .toSorted((a, b) => b.revision - a.revision);
  const current = Number(deployment.metadata.annotations?.[revisionAnnotation] ?? owned[0]?.revision);
  return owned.map(({ set, revision }) => {
    const changeCause = set.metadata.annotations?.[causeAnnotation];
    return {
      revision,
      object: set.metadata.name,
      createdAt: set.metadata.creationTimestamp,
      images: set.spec.template.spec.containers.map((container) => (container.image ?? "").slice(0, 512)).slice(0, 20),
      current: revision === current,
      ...(changeCause === undefined ? {} : { changeCause: changeCause.slice(0, 256) }),
      standing: standingOf(set),
      replicaSet: set,
    };
  });
};

const standingOf = ({ status }: ReplicaSet): DeploymentRevision["standing"] => {
  if ((status?.readyReplicas ?? 0) > 0) return "serving";
  return (status?.replicas ?? 0) > 0 ? "failing" : "retired";
};
