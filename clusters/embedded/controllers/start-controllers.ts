// All controllers of kube-controller-manager that work on workloads, in the order in which one's work is the next one's. Holds no rule itself.
import { runControllers } from "#embedded/controllers/control-loop.ts";
import { createClient, type Client } from "#embedded/controllers/controller.ts";
import { deploymentController } from "#embedded/controllers/deployment.ts";
import { jobController } from "#embedded/controllers/job.ts";
import { createNamespaceIndex } from "#embedded/controllers/namespace-index.ts";
import { replicaSetController } from "#embedded/controllers/replica-set.ts";
import { resourceQuotaController } from "#embedded/controllers/resource-quota.ts";
import { endpointSliceController, endpointsController } from "#embedded/controllers/service-endpoints.ts";
import type { ServerContext } from "#embedded/server-context.ts";

export const startControllers = (world: ServerContext): void => {
  const index = createNamespaceIndex(world.store);
  const as = (account: string, component?: string): Client => createClient(world, index, account, component);
  runControllers(world, [
    resourceQuotaController(as("resourcequota-controller")),
    jobController(as("job-controller")),
    deploymentController(as("deployment-controller")),
    replicaSetController(as("replicaset-controller")),
    endpointsController(as("endpoint-controller")),
    endpointSliceController(as("endpointslice-controller")),
  ]);
};
