// The pods and ReplicaSets of a workload, found by their owners' uids. Reads the caches only.
import { type Pod, type ReplicaSet, Jobs, Pods, ReplicaSets } from "#api/kubernetes.ts";
import type { KubeObject, Need } from "#api/object.ts";
import type { Caches } from "#kube/caches.ts";

export interface Workloads {
  /** Also through ReplicaSets and Jobs; of a Pod, itself. */
  podsOf(workload: KubeObject): readonly Pod[];
  replicaSetsOf(deployment: KubeObject): readonly ReplicaSet[];
}

export const needs: readonly Need[] = [Pods, ReplicaSets, Jobs].map((type) => ({
  group: type.group,
  resource: type.plural,
  verbs: ["get", "list", "watch"],
  scope: "cluster",
}));

/** The name of the index by owner that is added to the caches of pods, ReplicaSets and Jobs. */
export const byOwner = "ownerUid";
const indexes = {
  [byOwner]: (object: KubeObject): readonly string[] =>
    (object.metadata.ownerReferences ?? []).filter((owner) => owner.controller === true).map((owner) => owner.uid),
};

export const watchWorkloads = (caches: Caches): Workloads => {
  const pods = caches.of(Pods, {}, indexes);
  const replicaSets = caches.of(ReplicaSets, {}, indexes);
  const jobs = caches.of(Jobs, {}, indexes);
  const podsOf = (workload: KubeObject): readonly Pod[] => {
    const { uid } = workload.metadata;
    switch (workload.kind) {
      case "Pod":
        return [workload as Pod];
      case "Deployment":
        return replicaSets.index(byOwner, uid).flatMap((set) => pods.index(byOwner, set.metadata.uid));
      case "CronJob":
        return jobs.index(byOwner, uid).flatMap((job) => pods.index(byOwner, job.metadata.uid));
      default:
        return pods.index(byOwner, uid);
    }
  };
  return { podsOf, replicaSetsOf: (deployment) => replicaSets.index(byOwner, deployment.metadata.uid) };
};
