// The revisions of a Deployment, newest first, from its ReplicaSets: as the caches keep them, and as evidence has them. Pure; never says which one to choose.
import type { Deployment, PodTemplate, ReplicaSet } from "#api/kubernetes.ts";
import type { Revision } from "#api/kinds/remediation-processing.ts";
import { isControlledBy, type KubeObject } from "#api/object.ts";
import type { CachedDeployment, CachedReplicaSet } from "#cluster/cached-kinds.ts";

const revisionAnnotation = "deployment.kubernetes.io/revision";
/** Set once a ReplicaSet has been used again for a later revision, as every rollback does. */
const historyAnnotation = "deployment.kubernetes.io/revision-history";

/** ReplicaSets of other owners are left out, so that all of a namespace may be given. */
export const revisionsOf = (
  deployment: Pick<CachedDeployment, "metadata" | "revision">,
  replicaSets: readonly CachedReplicaSet[],
): Revision[] => {
  const owned = numbered(deployment, replicaSets, (set) => set.revision);
  const current = Number(deployment.revision ?? owned[0]?.revision);
  return owned.map(({ set, revision }) => ({
    revision,
    object: set.metadata.name,
    createdAt: set.metadata.creationTimestamp,
    images: [...set.images],
    current: revision === current,
    ...(set.changeCause === undefined ? {} : { changeCause: set.changeCause }),
  }));
};

/** A revision with its template: what a diagnosis compares. */
export interface TemplateRevision {
  readonly revision: number;
  /** The ReplicaSet that holds it. */
  readonly name: string;
  readonly isCurrent: boolean;
  /** When this revision was last rolled out, as far as the cluster remembers. */
  readonly releasedAt: string;
  readonly replicas: number;
  readonly ready: number;
  readonly template: PodTemplate;
}

interface OwnedPod {
  /** Name of its ReplicaSet. */
  readonly owner?: string;
  readonly createdAt: string;
}

export const templateRevisionsOf = (
  deployment: Deployment,
  replicaSets: readonly ReplicaSet[],
  pods: readonly OwnedPod[],
): readonly TemplateRevision[] => {
  const owned = numbered(deployment, replicaSets, ({ metadata }) => metadata.annotations?.[revisionAnnotation]);
  // A template that no ReplicaSet holds yet: the newest one is the past already.
  const isSettled = (deployment.status?.observedGeneration ?? 0) >= (deployment.metadata.generation ?? 0);
  return owned.map(({ set, revision }, index) => ({
    revision,
    name: set.metadata.name,
    isCurrent: isSettled && index === 0,
    releasedAt: releasedAt(set, pods),
    replicas: set.status?.replicas ?? 0,
    ready: set.status?.readyReplicas ?? 0,
    template: set.spec.template,
  }));
};

const numbered = <S extends KubeObject>(
  deployment: Pick<KubeObject, "metadata">,
  replicaSets: readonly S[],
  numberOf: (set: S) => string | undefined,
): readonly { readonly set: S; readonly revision: number }[] =>
  replicaSets
    .filter((set) => isControlledBy(set, deployment))
    .map((set) => ({ set, revision: Number(numberOf(set)) }))
    .filter(({ revision }) => Number.isSafeInteger(revision) && revision > 0)
    .toSorted((a, b) => b.revision - a.revision);

/** A ReplicaSet that is used again keeps the time of its first use; its oldest pod is then nearer to the truth. */
const releasedAt = (set: ReplicaSet, pods: readonly OwnedPod[]): string => {
  const created = set.metadata.creationTimestamp;
  if (set.metadata.annotations?.[historyAnnotation] === undefined) return created;
  const births = pods.filter((pod) => pod.owner === set.metadata.name).map((pod) => pod.createdAt);
  return births.toSorted()[0] ?? created;
};
