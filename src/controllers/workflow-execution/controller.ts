// Runs the steps of one repair in order, verifies that the symptom is gone, and undoes them where it persists. Never touches the user's cluster itself.
import { phaseOf } from "#api/define-kind.ts";
import { KubernetesExecution } from "#api/kinds/kubernetes-execution.ts";
import { RemediationRequest } from "#api/kinds/remediation-request.ts";
import { WorkflowExecution, workflowTransitions } from "#api/kinds/workflow-execution.ts";
import { type Key, keyOf, type KubeObject } from "#api/object.ts";
import { targetKey, watchTargets } from "#cluster/targets.ts";
import type { RoleDeps } from "#runtime/role-deps.ts";
import { failingLogs } from "#evidence/failing-logs.ts";
import type { Controller } from "#kube/controller.ts";
import type { Store } from "#kube/store.ts";
import { phaseController } from "#controllers/phase-controller.ts";
import { metrics as definitions } from "#controllers/workflow-execution/role.ts";
import { act, statusAfter } from "#controllers/workflow-execution/act.ts";
import { type WorkflowObservation, phases, wantsLogs, type Words } from "#controllers/workflow-execution/decide.ts";
import { executionIndexes, observe } from "#controllers/workflow-execution/observe.ts";

const verifyingByTarget = "verifyingWorkflowsByTarget";
const verifyingByRequest = "verifyingWorkflowsByRequest";
const whileVerifying = (workflow: WorkflowExecution, ...values: readonly string[]): readonly string[] =>
  phaseOf(workflow) === "Verifying" ? [...new Set(values)] : [];
const indexes = {
  [verifyingByTarget]: (workflow: WorkflowExecution) =>
    whileVerifying(workflow, targetKey(workflow.spec.symptom.object), targetKey(workflow.spec.target)),
  [verifyingByRequest]: (workflow: WorkflowExecution) => whileVerifying(workflow, workflow.spec.request),
};

export const createWorkflowExecutionController = (deps: RoleDeps): Controller => {
  const scope = { namespace: deps.namespace };
  const workflows = deps.caches.of(WorkflowExecution, scope, indexes);
  const executions = deps.caches.of(KubernetesExecution, scope, executionIndexes);
  const requests = deps.caches.of(RemediationRequest, scope);
  const targets = watchTargets(deps.caches);
  const sources = { ...deps, requests, executions, targets };
  const ended = deps.metrics.counter(definitions.workflows);
  const watchingHealth = (object: KubeObject): Key[] =>
    targets.concernedBy(object).flatMap((key) => workflows.index(verifyingByTarget, key).map(keyOf));

  return phaseController<WorkflowExecution, Words, WorkflowObservation>(deps, {
    name: "workflow-execution",
    concurrency: 16,
    type: WorkflowExecution,
    store: workflows,
    watches: [
      {
        store: executions as Store,
        keysOf: (execution) => [{ namespace: deps.namespace, name: (execution as KubernetesExecution).spec.workflow }],
      },
      // Its alerts: one that is resolved shortens the wait.
      { store: requests as Store, keysOf: (request) => workflows.index(verifyingByRequest, request.metadata.name).map(keyOf) },
      ...targets.stores.map((store) => ({ store, keysOf: watchingHealth })),
    ],
    transitions: workflowTransitions,
    phases,
    observe: async (workflow, { now, signal }) => {
      const seen = await observe(sources, workflow, signal);
      if (!wantsLogs(seen, now)) return seen;
      return { ...seen, logs: await failingLogs(deps.kube, deps.clock, workflow.spec.symptom.object, signal) };
    },
    act: (effect, seen, pass) => act(sources, effect, seen, pass),
    statusAfter,
    warnings: ["Failed", "RollingBack", "RolledBack"],
    measure: ({ to }, _before, after) => after.status?.completedAt && ended.add({ phase: to }),
  });
};
