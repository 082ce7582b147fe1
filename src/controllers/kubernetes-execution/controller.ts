// The KubernetesExecution controller: one action, checked, recorded, run by one Job, verified. Never writes to the user's cluster but as a dry run.
import { KubernetesExecution } from "#api/kinds/kubernetes-execution.ts";
import { apiVersionOf, type Key, keyOf, type KubeObject, type ObjectReference, type ResourceType } from "#api/object.ts";
import { objectKey, referenceOf } from "#actions/change.ts";
import { type CachedJob, CachedJobs } from "#cluster/cached-kinds.ts";
import type { RoleDeps } from "#runtime/role-deps.ts";
import { createAct } from "#controllers/kubernetes-execution/act.ts";
import { decide, phaseOf } from "#controllers/kubernetes-execution/decide.ts";
import { observe } from "#controllers/kubernetes-execution/observe.ts";
import { watchedTypes } from "#controllers/kubernetes-execution/role.ts";
import type { Controller, Watch } from "#kube/controller.ts";

const byTarget = "runningExecutionsByTarget";
const indexes = {
  [byTarget]: (execution: KubernetesExecution): readonly string[] =>
    ["Executing", "Verifying"].includes(phaseOf(execution)) ? [objectKey(execution.spec.target)] : [],
};

/** Status, Job, record, status, finalizer: more than that in one pass is a mistake of ours. */
const maxSteps = 6;

export const createKubernetesExecutionController = (deps: RoleDeps & { readonly image: string }): Controller => {
  const scope = { namespace: deps.namespace };
  const executions = deps.caches.of(KubernetesExecution, scope, indexes);
  const jobs = deps.caches.of(CachedJobs, scope);
  const act = createAct({ ...deps, executions, jobs });

  const runningOn = (object: KubeObject, type: ResourceType): Key[] => {
    const reference: ObjectReference = referenceOf({ ...object, apiVersion: apiVersionOf(type), kind: type.kind });
    return executions.index(byTarget, objectKey(reference)).map(keyOf);
  };

  return {
    name: "kubernetes-execution",
    concurrency: 8,
    watches: [
      { store: executions, keysOf: (execution) => [keyOf(execution)] },
      { store: jobs, keysOf: executionOf },
      ...watchedTypes.map((type): Watch => ({ store: deps.caches.of(type), keysOf: (object) => runningOn(object, type) })),
    ],
    reconcile: async (key, { signal, log }) => {
      for (let step = 0; step < maxSteps; step += 1) {
        const execution = executions.get(key);
        if (execution === undefined) return "rest";
        const now = deps.clock.now();
        const seen = await observe({ ...deps, jobs }, execution, now, signal);
        const acted = await act(execution, decide(seen, now), { signal, log });
        if (acted !== "again") return acted;
      }
      throw new Error(`KubernetesExecution ${key.name} does not come to rest`);
    },
  };
};

const executionOf = ({ metadata, execution }: CachedJob): Key[] =>
  execution === undefined || metadata.namespace === undefined ? [] : [{ namespace: metadata.namespace, name: execution }];
