// The KubernetesExecution controller: one action, checked, recorded, run by one Job, verified. Never writes to the user's cluster but as a dry run.
import { AIApprovalRequest } from "#api/kinds/ai-approval-request.ts";
import { KubernetesExecution } from "#api/kinds/kubernetes-execution.ts";
import { Jobs, Pods } from "#api/kubernetes.ts";
import {
  apiVersionOf,
  type Key,
  keyOf,
  type KubeObject,
  type Need,
  type ObjectReference,
  type ResourceType,
  watchNeeds,
} from "#api/object.ts";
import { objectKey, referenceOf } from "#actions/change.ts";
import { actions } from "#actions/registry.ts";
import { CachedDaemonSets, CachedDeployments, type CachedJob, CachedJobs, CachedPods, CachedStatefulSets } from "#cluster/cached-kinds.ts";
import { needs as labelNeeds } from "#cluster/policy-labels.ts";
import { needs as readNeeds } from "#cluster/read-for-action.ts";
import { sealNeeds } from "#cluster/sealed-changes.ts";
import type { RoleDeps } from "#controllers/deps.ts";
import { createAct } from "#controllers/kubernetes-execution/act.ts";
import { decide, phaseOf } from "#controllers/kubernetes-execution/decide.ts";
import { observe } from "#controllers/kubernetes-execution/observe.ts";
import { ownKind } from "#controllers/rights.ts";
import type { View } from "#kube/caches.ts";
import type { Controller, Watch } from "#kube/controller.ts";

/** Kinds whose changes show that an action takes effect. */
const followed: readonly View[] = [CachedDeployments, CachedStatefulSets, CachedDaemonSets, CachedPods];

export const needs: readonly Need[] = [
  ...ownKind(KubernetesExecution, ["get", "list", "watch", "patch"]),
  ...ownKind(KubernetesExecution, ["update"], "status"),
  { group: Jobs.group, resource: Jobs.plural, verbs: ["get", "list", "watch", "create"], scope: "own" },
  { group: Pods.group, resource: Pods.plural, verbs: ["list"], scope: "own" },
  ...ownKind(AIApprovalRequest, ["get"]),
  ...watchNeeds(followed),
  ...labelNeeds,
  ...readNeeds,
  ...sealNeeds,
  // For the dry run, and for nothing else: admission holds this account to it outside its own namespace.
  ...actions.flatMap((action) => action.needs),
];

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
    needs,
    watches: [
      { store: executions, keysOf: (execution) => [keyOf(execution)] },
      { store: jobs, keysOf: executionOf },
      ...followed.map((type): Watch => ({ store: deps.caches.of(type), keysOf: (object) => runningOn(object, type) })),
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
