// The role ai-approval-request: its rights and metrics. Loads the controller when it starts.
import { AIApprovalRequest } from "#api/kinds/ai-approval-request.ts";
import { RemediationRequest } from "#api/kinds/remediation-request.ts";
import { type Need, watchNeeds } from "#api/object.ts";
import { CachedDaemonSets, CachedDeployments, CachedPods, CachedStatefulSets } from "#cluster/cached-kinds.ts";
import { needs as guardrailNeeds } from "#cluster/guardrails.ts";
import { openNeeds } from "#cluster/sealed-changes.ts";
import { ownKind } from "#controllers/rights.ts";
import type { View } from "#kube/caches.ts";
import type { MetricDefinition } from "#lib/metrics.ts";
import type { Role } from "#runtime/role.ts";
import { startController } from "#runtime/start-controller.ts";

/** The kinds that actions change. */
export const watchedTypes: readonly View[] = [CachedDeployments, CachedStatefulSets, CachedDaemonSets, CachedPods];

export const needs: readonly Need[] = [
  ...ownKind(AIApprovalRequest, ["get", "list", "watch"]),
  ...ownKind(AIApprovalRequest, ["update"], "status"),
  ...ownKind(RemediationRequest, ["get", "list", "watch"]),
  ...guardrailNeeds,
  ...watchNeeds(watchedTypes),
  ...openNeeds,
];

export const metrics = {
  approvals: { type: "counter", name: "approvals_total", help: "Finished approval requests by phase", labels: ["phase"] },
  approvalTime: {
    type: "histogram",
    name: "approval_seconds",
    help: "Time from an approval request to its decision",
    buckets: [5, 15, 60, 300, 900, 3600, 7200, 14_400, 28_800],
  },
} as const satisfies Record<string, MetricDefinition>;

export const aiApprovalRequest: Role = {
  name: "ai-approval-request",
  summary: "Counts approvals; voids a request for approval whose target changed",
  needs,
  ports: [],
  metrics: Object.values(metrics),
  start: async () => startController((await import("#controllers/ai-approval-request/controller.ts")).createAIApprovalRequestController),
};
