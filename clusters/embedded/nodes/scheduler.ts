// Gives every pod without a node the one with the fewest pods of the same owner, then the fewest of all. Refuses no pod: every one fits.
import { Nodes, type Pod, Pods } from "#api/kubernetes.ts";
import { keyOf } from "#api/object.ts";
import { type ControlPlane, controllerUid } from "#embedded/controllers/control-plane.ts";
import { aboutOf, isFinished, isTerminating } from "#embedded/controllers/owned-pods.ts";
import type { Controller } from "#kube/controller.ts";

const schedulerName = "default-scheduler";

export const scheduler = (plane: ControlPlane): Controller => {
  const pods = plane.storeOf(Pods);
  const nodes = plane.storeOf(Nodes);
  const { kube, events } = plane.actAs({ user: "system:kube-scheduler", component: schedulerName, manager: "kube-scheduler" });

  const isWaiting = (pod: Pod): boolean =>
    pod.spec.nodeName === undefined && !isTerminating(pod) && pod.spec["schedulerName"] === schedulerName;

  const chosenFor = (pod: Pod): string | undefined => {
    const burdenOf = (name: string): number => {
      const placed = pods.list().filter((each) => each.spec.nodeName === name && !isFinished(each));
      const kin = controllerUid(pod) === undefined ? [] : placed.filter((each) => controllerUid(each) === controllerUid(pod));
      return kin.length * 10_000 + placed.length;
    };
    const names = nodes.list().map(({ metadata }) => metadata.name);
    return names.toSorted((a, b) => burdenOf(a) - burdenOf(b) || (a < b ? -1 : 1))[0];
  };

  return {
    name: schedulerName,
    concurrency: 1,
    watches: [
      { store: pods, keysOf: (pod: Pod) => (isWaiting(pod) ? [keyOf(pod)] : []) },
      { store: nodes, keysOf: () => pods.list().filter(isWaiting).map(keyOf) },
    ],
    reconcile: async (key) => {
      const pod = pods.get(key);
      const node = pod !== undefined && isWaiting(pod) ? chosenFor(pod) : undefined;
      if (pod === undefined || node === undefined) return "rest";
      const { namespace = "", name } = pod.metadata;
      const binding = {
        apiVersion: "v1",
        kind: "Binding",
        metadata: { name, namespace },
        target: { apiVersion: "v1", kind: "Node", name: node },
      };
      await kube.request("POST", `/api/v1/namespaces/${namespace}/pods/${name}/binding`, binding);
      const message = `Successfully assigned ${namespace}/${name} to ${node}`;
      events.record({ about: aboutOf(pod), type: "Normal", reason: "Scheduled", message });
      return "rest";
    },
  };
};
