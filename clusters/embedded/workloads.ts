// The half of a cluster that runs workloads: the controllers of kube-controller-manager, the scheduler, and nodes. Puts them together.
import type { Pod } from "#api/kubernetes.ts";
import type { ControlPlane } from "#embedded/controllers/control-plane.ts";
import { deploymentController } from "#embedded/controllers/deployment.ts";
import { jobController } from "#embedded/controllers/job.ts";
import { replicaSetController } from "#embedded/controllers/replica-set.ts";
import type { Stored } from "#embedded/json.ts";
import type { Behave, Pull } from "#embedded/nodes/behaviour.ts";
import { createKubelet } from "#embedded/nodes/kubelet.ts";
import { createMachine, register } from "#embedded/nodes/node-objects.ts";
import { podLog } from "#embedded/nodes/pod-logs.ts";
import { scheduler } from "#embedded/nodes/scheduler.ts";

export interface Workloads {
  readonly behave?: Behave;
  readonly pull?: Pull;
  /** Between two attempts to start a container. Default: five minutes, as of a kubelet without a configuration. */
  readonly maxBackOffMs?: number;
}

export interface RunningWorkloads {
  /** The body of GET …/pods/{name}/log. */
  logOf(pod: Stored, query: URLSearchParams): string;
}

const nodeNames = ["n1", "n2"];

export const startWorkloads = (plane: ControlPlane, options: Workloads): RunningWorkloads => {
  const { behave = () => undefined, pull = () => undefined, maxBackOffMs = 300_000 } = options;
  const nodes = nodeNames.map(createMachine);
  const kubelet = createKubelet(plane, { nodes, behave, pull, maxBackOffMs });
  const all = [deploymentController(plane), replicaSetController(plane), jobController(plane), scheduler(plane), kubelet.controller];
  for (const controller of all) plane.run(controller);
  for (const node of nodes) void register(plane, node);
  return { logOf: (pod, query) => podLog(pod, query, (lifeId) => kubelet.logOf(pod as unknown as Pod, lifeId)) };
};
