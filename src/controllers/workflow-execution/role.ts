// The role workflow-execution: its rights and metrics. Loads the controller when it starts.
import { KubernetesExecution } from "#api/kinds/kubernetes-execution.ts";
import { RemediationRequest } from "#api/kinds/remediation-request.ts";
import { WorkflowExecution } from "#api/kinds/workflow-execution.ts";
import type { Need } from "#api/object.ts";
import { needs as targetNeeds } from "#cluster/targets.ts";
import { ownKind } from "#controllers/rights.ts";
import { needs as logNeeds } from "#evidence/failing-logs.ts";
import type { MetricDefinition } from "#lib/metrics.ts";
import type { Role } from "#runtime/role.ts";
import { startController } from "#runtime/start-controller.ts";

export const needs: readonly Need[] = [
  ...ownKind(WorkflowExecution, ["get", "list", "watch"]),
  ...ownKind(WorkflowExecution, ["update"], "status"),
  ...ownKind(KubernetesExecution, ["get", "list", "watch", "create", "patch"]),
  ...ownKind(RemediationRequest, ["get", "list", "watch"]),
  ...targetNeeds,
  ...logNeeds,
];

export const metrics = {
  workflows: { type: "counter", name: "workflows_total", help: "Finished workflows by phase", labels: ["phase"] },
} as const satisfies Record<string, MetricDefinition>;

export const workflowExecution: Role = {
  name: "workflow-execution",
  summary: "Runs the steps of a repair, verifies it, and undoes a failed one",
  needs,
  ports: [],
  metrics: Object.values(metrics),
  start: async () => startController((await import("#controllers/workflow-execution/controller.ts")).createWorkflowExecutionController),
};
