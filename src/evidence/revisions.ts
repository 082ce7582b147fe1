// The revisions of a Deployment, from its ReplicaSets. Pure; never guesses which revision was good.
import type { Deployment, PodTemplate, ReplicaSet } from "#api/kubernetes.ts";
import { bounds } from "#evidence/bounds.ts";
import type { PodState } from "#evidence/pods.ts";
import { cleanMessage } from "#evidence/text.ts";
import { isControlledBy } from "#api/object.ts";

export interface Revision {
  readonly revision: number;
  /** The ReplicaSet that holds it. */
  readonly name: string;
  readonly isCurrent: boolean;
  /** When this revision was last rolled out, as far as the cluster remembers. */
  readonly releasedAt: string;
  readonly replicas: number;
  readonly ready: number;
  readonly template: PodTemplate;
  readonly changeCause?: string;
}

const revisionAnnotation = "deployment.kubernetes.io/revision";
/** Set once a ReplicaSet has been used again for a later revision, as every rollback does. */
const historyAnnotation = "deployment.kubernetes.io/revision-history";
const causeAnnotation = "kubernetes.io/change-cause";

export const revisionsOf = (deployment: Deployment, replicaSets: readonly ReplicaSet[], pods: readonly PodState[]): readonly Revision[] => {
  const numbered = replicaSets
    .filter((set) => isControlledBy(set, deployment))
    .map((set) => ({ set, revision: Number(set.metadata.annotations?.[revisionAnnotation]) }))
    .filter(({ revision }) => Number.isSafeInteger(revision))
    .toSorted((a, b) => b.revision - a.revision);
  const newest = numbered[0];
  // A template that no ReplicaSet holds yet: the newest one is the past already.
  const isSettled = (deployment.status?.observedGeneration ?? 0) >= (deployment.metadata.generation ?? 0);
  return numbered.slice(0, bounds.revisions).map(({ set, revision }) => {
    const cause = set.metadata.annotations?.[causeAnnotation];
    return {
      revision,
      name: set.metadata.name,
      isCurrent: isSettled && set === newest?.set,
      releasedAt: releasedAt(set, pods),
      replicas: set.status?.replicas ?? 0,
      ready: set.status?.readyReplicas ?? 0,
      template: set.spec.template,
      ...(cause === undefined ? {} : { changeCause: cleanMessage(cause, 256) }),
    };
  });
};

/** A ReplicaSet that is used again keeps the time of its first use; its oldest pod is then nearer to the truth. */
const releasedAt = (set: ReplicaSet, pods: readonly PodState[]): string => {
  const created = set.metadata.creationTimestamp;
  if (set.metadata.annotations?.[historyAnnotation] === undefined) return created;
  const births = pods.filter((pod) => pod.owner === set.metadata.name).map((pod) => pod.createdAt);
  return births.toSorted()[0] ?? created;
};
