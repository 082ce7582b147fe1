// Runs the steps of one repair in order, proves that the symptom is gone, and undoes them where it is not. Never touches the user's cluster itself.
import { isTerminal } from "#api/define-kind.ts";
import { KubernetesExecution } from "#api/kinds/kubernetes-execution.ts";
import { RemediationRequest } from "#api/kinds/remediation-request.ts";
import { WorkflowExecution, workflowTransitions } from "#api/kinds/workflow-execution.ts";
import { type Key, keyOf, type KubeObject } from "#api/object.ts";
import { targetKey, watchTargets } from "#cluster/targets.ts";
import type { RoleDeps } from "#runtime/role-deps.ts";
import { failingLogs } from "#evidence/failing-logs.ts";
import type { Controller } from "#kube/controller.ts";
import type { Store } from "#kube/store.ts";
import { createAct } from "#controllers/workflow-execution/act.ts";
import { decide, type Decision, phaseOf } from "#controllers/workflow-execution/decide.ts";
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

/** The undo takes the pods away that say why. */
const isFailedRepair = (decision: Decision): boolean => decision.do === "move" && decision.verification?.result === "SymptomPersists";

export const createWorkflowExecutionController = (deps: RoleDeps): Controller => {
  const scope = { namespace: deps.namespace };
  const workflows = deps.caches.of(WorkflowExecution, scope, indexes);
  const executions = deps.caches.of(KubernetesExecution, scope, executionIndexes);
  const requests = deps.caches.of(RemediationRequest, scope);
  const targets = watchTargets(deps.caches);
  const act = createAct(deps, { workflows, executions });
  const watchingHealth = (object: KubeObject): Key[] =>
    targets.concernedBy(object).flatMap((key) => workflows.index(verifyingByTarget, key).map(keyOf));

  return {
    name: "workflow-execution",
    concurrency: 16,
    watches: [
      { store: workflows as Store, keysOf: (workflow) => [keyOf(workflow)] },
      {
        store: executions as Store,
        keysOf: (execution) => [{ namespace: deps.namespace, name: (execution as KubernetesExecution).spec.workflow }],
      },
      // Its alerts: one that is resolved shortens the wait.
      { store: requests as Store, keysOf: (request) => workflows.index(verifyingByRequest, request.metadata.name).map(keyOf) },
      ...targets.stores.map((store) => ({ store, keysOf: watchingHealth })),
    ],
    reconcile: async (key, { signal, log }) => {
      const workflow = workflows.get(key);
      // Its executions go with it by garbage collection, each after its Job has ended.
      if (workflow === undefined || workflow.metadata.deletionTimestamp !== undefined) return "rest";
      if (isTerminal(workflowTransitions, phaseOf(workflow))) return "rest";
      const now = deps.clock.now();
      const seen = await observe({ ...deps, requests, executions, targets }, workflow, signal);
      const decision = decide(seen, now);
      if (!isFailedRepair(decision)) return act(decision, seen, { signal, log, now });
      const logs = await failingLogs(deps.kube, deps.clock, workflow.spec.symptom.object, signal);
      return act(decide({ ...seen, logs }, now), { ...seen, logs }, { signal, log, now });
    },
  };
};
