// The pods and ReplicaSets of a workload, found by their owners' uids. Reads the caches only.
import { type KubeObject, type Need, controllerOf } from "#api/object.ts";
import { CachedJobs, type CachedPod, CachedPods, type CachedReplicaSet, CachedReplicaSets } from "#cluster/cached-kinds.ts";
import type { Caches } from "#kube/caches.ts";

export interface Workloads {
  /** Also through ReplicaSets and Jobs; of a Pod, itself. */
  podsOf(workload: KubeObject): readonly CachedPod[];
  replicaSetsOf(deployment: KubeObject): readonly CachedReplicaSet[];
}

export const needs: readonly Need[] = [CachedPods, CachedReplicaSets, CachedJobs].map((type) => ({
  group: type.group,
  resource: type.plural,
  verbs: ["get", "list", "watch"],
  scope: "cluster",
}));

/** The name of the index by owner that is added to the caches of pods, ReplicaSets and Jobs. */
export const byOwner = "ownerUid";
const indexes = {
  [byOwner]: (object: KubeObject): readonly string[] => [controllerOf(object)?.uid].filter((uid) => uid !== undefined),
};

export const watchWorkloads = (caches: Caches): Workloads => {
  const pods = caches.of(CachedPods, {}, indexes);
  const replicaSets = caches.of(CachedReplicaSets, {}, indexes);
  const jobs = caches.of(CachedJobs, {}, indexes);
  const podsOf = (workload: KubeObject): readonly CachedPod[] => {
    const { uid } = workload.metadata;
    switch (workload.kind) {
      case "Pod":
        return [workload as CachedPod];
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
