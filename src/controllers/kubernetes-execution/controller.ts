// The KubernetesExecution controller: one action, checked, recorded, run by one Job, verified. Never writes to the user's cluster but as a dry run.
import { phaseOf } from "#api/define-kind.ts";
import { executionTransitions, KubernetesExecution } from "#api/kinds/kubernetes-execution.ts";
import { JOB_FINALIZER } from "#api/labels.ts";
import { apiVersionOf, type Key, keyOf, type KubeObject, type ObjectReference, type ResourceType } from "#api/object.ts";
import type { Transition } from "#api/transition.ts";
import { objectKey, referenceOf } from "#actions/change.ts";
import { type CachedJob, CachedJobs } from "#cluster/cached-kinds.ts";
import type { RoleDeps } from "#runtime/role-deps.ts";
import { act } from "#controllers/kubernetes-execution/act.ts";
import { type ExecutionObservation, phases, type Words } from "#controllers/kubernetes-execution/decide.ts";
import { observe } from "#controllers/kubernetes-execution/observe.ts";
import { metrics as definitions, watchedTypes } from "#controllers/kubernetes-execution/role.ts";
import { phaseController } from "#controllers/phase-controller.ts";
import type { Controller, Watch } from "#kube/controller.ts";
import { fromTimestamp } from "#lib/clock.ts";
import type { Metrics } from "#lib/metrics.ts";

const byTarget = "runningExecutionsByTarget";
const indexes = {
  [byTarget]: (execution: KubernetesExecution): readonly string[] =>
    ["Executing", "Verifying"].includes(phaseOf(execution)) ? [objectKey(execution.spec.target)] : [],
};

export const createKubernetesExecutionController = (deps: RoleDeps & { readonly image: string }): Controller => {
  const scope = { namespace: deps.namespace };
  const executions = deps.caches.of(KubernetesExecution, scope, indexes);
  const jobs = deps.caches.of(CachedJobs, scope);
  const sources = { ...deps, executions, jobs };

  const runningOn = (object: KubeObject, type: ResourceType): Key[] => {
    const reference: ObjectReference = referenceOf({ ...object, apiVersion: apiVersionOf(type), kind: type.kind });
    return executions.index(byTarget, objectKey(reference)).map(keyOf);
  };

  return phaseController<KubernetesExecution, Words, ExecutionObservation>(deps, {
    name: "kubernetes-execution",
    concurrency: 8,
    type: KubernetesExecution,
    store: executions,
    watches: [
      { store: jobs, keysOf: executionOf },
      ...watchedTypes.map((type): Watch => ({ store: deps.caches.of(type), keysOf: (object) => runningOn(object, type) })),
    ],
    transitions: executionTransitions,
    phases,
    finalizer: JOB_FINALIZER,
    observe: (execution, { now, signal }) => observe(sources, execution, now, signal),
    act: (effect, seen, pass) => act(sources, effect, seen, pass),
    warnings: ["Failed"],
    measure: createMeasure(deps.metrics),
  });
};

const createMeasure = (metrics: Metrics) => {
  const ended = metrics.counter(definitions.executions);
  const seconds = metrics.histogram(definitions.executionTime);
  return ({ to }: Transition, _before: KubernetesExecution, { metadata, spec, status }: KubernetesExecution, now: number): void => {
    if (status?.completedAt === undefined) return;
    const { action } = spec;
    ended.add({ action, result: status.failure ?? status.result ?? to });
    seconds.observe(Math.max(0, now - (fromTimestamp(metadata.creationTimestamp) ?? now)) / 1000, { action });
  };
};

const executionOf = ({ metadata, execution }: CachedJob): Key[] =>
  execution === undefined || metadata.namespace === undefined ? [] : [{ namespace: metadata.namespace, name: execution }];
