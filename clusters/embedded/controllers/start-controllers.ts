// All controllers of kube-controller-manager that work on workloads, in the order in which one's work is the next one's. Holds no rule itself.
import { autoscalerController } from "#embedded/controllers/autoscaler.ts";
import { runControllers } from "#embedded/controllers/control-loop.ts";
import { createClient, type Client } from "#embedded/controllers/controller.ts";
import { cronJobController } from "#embedded/controllers/cron-job.ts";
import { daemonSetController } from "#embedded/controllers/daemon-set.ts";
import { deploymentController } from "#embedded/controllers/deployment.ts";
import { jobController } from "#embedded/controllers/job.ts";
import { createNamespaceIndex } from "#embedded/controllers/namespace-index.ts";
import { replicaSetController } from "#embedded/controllers/replica-set.ts";
import { resourceQuotaController } from "#embedded/controllers/resource-quota.ts";
import { endpointSliceController, endpointsController } from "#embedded/controllers/service-endpoints.ts";
import { statefulSetController } from "#embedded/controllers/stateful-set.ts";
import { claimController, volumeController } from "#embedded/controllers/volume-binder.ts";
import type { World } from "#embedded/world.ts";

export const startControllers = (world: World): void => {
  const index = createNamespaceIndex(world.store);
  const as = (account: string, component?: string): Client => createClient(world, index, account, component);
  runControllers(world, [
    autoscalerController(as("horizontal-pod-autoscaler")),
    claimController(as("persistent-volume-binder", "persistentvolume-controller")),
    volumeController(as("persistent-volume-binder")),
    resourceQuotaController(as("resourcequota-controller")),
    cronJobController(as("cronjob-controller")),
    jobController(as("job-controller")),
    statefulSetController(as("statefulset-controller")),
    daemonSetController(as("daemonset-controller")),
    deploymentController(as("deployment-controller")),
    replicaSetController(as("replicaset-controller")),
    endpointsController(as("endpoint-controller")),
    endpointSliceController(as("endpointslice-controller")),
  ]);
};
