// ReplicaSets: as many pods as they should have, as pkg/controller/replicaset. Touches no pod of another controller.
import { type Pod, Pods, type ReplicaSet, ReplicaSets } from "#api/kubernetes.ts";
import { keyOf } from "#api/object.ts";
import { type ControlPlane, controllerAccount } from "#embedded/controllers/control-plane.ts";
import { createPod, deletePod, isActive, isReady, isTerminating, ownersOf } from "#embedded/controllers/owned-pods.ts";
import { nonZero, writeStatus } from "#embedded/controllers/status.ts";
import type { Controller } from "#kube/controller.ts";

export const replicaSetController = (plane: ControlPlane): Controller => {
  const sets = plane.storeOf(ReplicaSets);
  const pods = plane.storeOf(Pods);
  const component = "replicaset-controller";
  const self = plane.actAs(controllerAccount(component));
  const activePods = (set: ReplicaSet): readonly Pod[] => pods.index("owner", set.metadata.uid).filter(isActive);
  return {
    name: component,
    concurrency: 1,
    watches: [
      { store: sets, keysOf: (set) => [keyOf(set)] },
      { store: pods, keysOf: ownersOf("ReplicaSet") },
    ],
    reconcile: async (key) => {
      const set = sets.get(key);
      if (set === undefined) return "rest";
      await writeStatus(self.kube, ReplicaSets, set, statusOf(set, activePods(set)));
      if (isTerminating(set)) return "rest";
      const missing = replicasOf(set) - activePods(set).length;
      for (let made = 0; made < missing; made += 1) await createPod(self, set, set.spec.template);
      for (const pod of firstToGo(activePods(set), -missing)) await deletePod(self, set, pod);
      return "rest";
    },
  };
};

export const replicasOf = ({ spec }: { readonly spec: { readonly replicas?: number } }): number => spec.replicas ?? 1;

/** Pods without a node first, then those that are not ready, then the newest. */
const firstToGo = (pods: readonly Pod[], count: number): readonly Pod[] =>
  pods.toSorted((a, b) => usefulness(a) - usefulness(b) || byAge(b, a)).slice(0, Math.max(0, count));
const usefulness = (pod: Pod): number => (isReady(pod) ? 2 : pod.spec.nodeName === undefined ? 0 : 1);
const byAge = (a: Pod, b: Pod): number => Date.parse(a.metadata.creationTimestamp) - Date.parse(b.metadata.creationTimestamp);

const statusOf = ({ metadata, spec }: ReplicaSet, pods: readonly Pod[]): NonNullable<ReplicaSet["status"]> => {
  const labels = Object.entries(spec.template.metadata?.labels ?? {});
  const ready = pods.filter(isReady).length;
  const counts = {
    fullyLabeledReplicas: pods.filter((pod) => labels.every(([name, value]) => pod.metadata.labels?.[name] === value)).length,
    readyReplicas: ready,
    availableReplicas: ready,
  };
  return { replicas: pods.length, ...nonZero(counts), observedGeneration: metadata.generation ?? 1 };
};
