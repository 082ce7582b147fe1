// Runs the steps of one repair in order, proves that the symptom is gone, and undoes them in reverse order where it is not. Never touches the user's cluster itself.
import { isTerminal } from "#api/define-kind.ts";
import { KubernetesExecution } from "#api/kinds/kubernetes-execution.ts";
import { RemediationPolicy } from "#api/kinds/remediation-policy.ts";
import { RemediationRequest } from "#api/kinds/remediation-request.ts";
import { WorkflowExecution, workflowTransitions } from "#api/kinds/workflow-execution.ts";
import { keyOf, type Need } from "#api/object.ts";
import { needs as targetNeeds, watchTargets } from "#cluster/targets.ts";
import type { RoleDeps } from "#controllers/deps.ts";
import { ownKind } from "#controllers/rights.ts";
import type { Controller, Watch } from "#kube/controller.ts";
import { createAct } from "#controllers/workflow-execution/act.ts";
import { decide, phaseOf } from "#controllers/workflow-execution/decide.ts";
import {
  executionIndexes,
  observe,
  verifyingByTarget,
  workflowIndexes,
  workflowsByRequest,
} from "#controllers/workflow-execution/observe.ts";

export const needs: readonly Need[] = [
  ...ownKind(WorkflowExecution, ["get", "list", "watch"]),
  ...ownKind(WorkflowExecution, ["update"], "status"),
  ...ownKind(KubernetesExecution, ["get", "list", "watch", "create", "patch"]),
  ...ownKind(RemediationRequest, ["get", "list", "watch"]),
  ...ownKind(RemediationPolicy, ["get", "list", "watch"]),
  ...targetNeeds,
];

export const createWorkflowExecutionController = (deps: RoleDeps): Controller => {
  const scope = { namespace: deps.namespace };
  const workflows = deps.caches.of(WorkflowExecution, scope, workflowIndexes);
  const executions = deps.caches.of(KubernetesExecution, scope, executionIndexes);
  const requests = deps.caches.of(RemediationRequest, scope);
  const targets = watchTargets(deps.caches);
  const act = createAct(deps, workflows, executions);
  const healthChanged: Watch["keysOf"] = (object) =>
    targets.concernedBy(object).flatMap((key) => workflows.index(verifyingByTarget, key).map(keyOf));

  return {
    name: "workflow-execution",
    concurrency: 16,
    needs,
    watches: [
      { store: workflows, keysOf: (workflow) => [keyOf(workflow)] },
      {
        store: executions,
        keysOf: ({ metadata, spec }: KubernetesExecution) => [{ namespace: metadata.namespace, name: spec.workflow }],
      } as Watch,
      // Its alerts: a resolved one shortens the wait.
      { store: requests, keysOf: (request) => workflows.index(workflowsByRequest, request.metadata.name).map(keyOf) },
      ...targets.stores.map((store) => ({ store, keysOf: healthChanged })),
    ],
    reconcile: async (key, { signal, log }) => {
      const workflow = workflows.get(key);
      // Its executions go with it by garbage collection, each held until its Job has ended.
      if (workflow === undefined || workflow.metadata.deletionTimestamp !== undefined) return "rest";
      if (isTerminal(workflowTransitions, phaseOf(workflow))) return "rest";
      const seen = await observe({ ...deps, requests, executions, targets }, workflow, signal);
      const now = deps.clock.now();
      return act(decide(seen, now), seen, { signal, log, now });
    },
  };
};
