// The role kubernetes-execution: its rights and metrics. Loads the controller when it starts.
import { actions } from "#actions/registry.ts";
import { AIApprovalRequest } from "#api/kinds/ai-approval-request.ts";
import { KubernetesExecution } from "#api/kinds/kubernetes-execution.ts";
import { Jobs, Pods } from "#api/kubernetes.ts";
import { type Need, watchNeeds } from "#api/object.ts";
import { CachedDaemonSets, CachedDeployments, CachedPods, CachedStatefulSets } from "#cluster/cached-kinds.ts";
import { needs as labelNeeds } from "#cluster/policy-labels.ts";
import { needs as readNeeds } from "#cluster/read-for-action.ts";
import { sealNeeds } from "#cluster/sealed-changes.ts";
import { ownKind } from "#controllers/rights.ts";
import type { View } from "#kube/caches.ts";
import type { MetricDefinition } from "#lib/metrics.ts";
import type { Role } from "#runtime/role.ts";
import { startController } from "#runtime/start-controller.ts";

/** Kinds whose changes show that an action takes effect. */
export const watchedTypes: readonly View[] = [CachedDeployments, CachedStatefulSets, CachedDaemonSets, CachedPods];

export const needs: readonly Need[] = [
  ...ownKind(KubernetesExecution, ["get", "list", "watch", "patch"]),
  ...ownKind(KubernetesExecution, ["update"], "status"),
  { group: Jobs.group, resource: Jobs.plural, verbs: ["get", "list", "watch", "create"], scope: "own" },
  { group: Pods.group, resource: Pods.plural, verbs: ["list"], scope: "own" },
  ...ownKind(AIApprovalRequest, ["get"]),
  ...watchNeeds(watchedTypes),
  ...labelNeeds,
  ...readNeeds,
  ...sealNeeds,
  // For the dry run only: admission refuses every other write of this account outside its own namespace.
  ...actions.flatMap((action) => action.needs),
];

export const metrics = {
  executions: { type: "counter", name: "executions_total", help: "Finished executions by action and result", labels: ["action", "result"] },
  executionTime: {
    type: "histogram",
    name: "execution_seconds",
    help: "Time from the creation of an execution to its end",
    labels: ["action"],
  },
} as const satisfies Record<string, MetricDefinition>;

export const kubernetesExecution: Role = {
  name: "kubernetes-execution",
  summary: "Runs one action: checks it, creates its Job, verifies the result",
  needs,
  ports: [],
  metrics: Object.values(metrics),
  start: async () => startController((await import("#controllers/kubernetes-execution/controller.ts")).createKubernetesExecutionController),
};
