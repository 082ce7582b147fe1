// The role ai-analysis: its rights and metrics. Loads the controller when it starts.
import { AIAnalysis } from "#api/kinds/ai-analysis.ts";
import { AIApprovalRequest } from "#api/kinds/ai-approval-request.ts";
import { RemediationRequest } from "#api/kinds/remediation-request.ts";
import type { Need } from "#api/object.ts";
import { needs as labelNeeds } from "#cluster/policy-labels.ts";
import { needs as readNeeds } from "#cluster/read-for-action.ts";
import { sealNeeds } from "#cluster/sealed-changes.ts";
import { ownKind } from "#controllers/rights.ts";
import { collectionNeeds } from "#evidence/collect-cluster.ts";
import type { MetricDefinition } from "#lib/metrics.ts";
import type { Role } from "#runtime/role.ts";
import { startController } from "#runtime/start-controller.ts";

export const needs: readonly Need[] = [
  ...ownKind(AIAnalysis, ["get", "list", "watch"]),
  ...ownKind(AIAnalysis, ["update"], "status"),
  ...ownKind(AIApprovalRequest, ["get", "list", "watch", "create"]),
  ...ownKind(RemediationRequest, ["get", "list", "watch"]),
  ...collectionNeeds,
  ...readNeeds,
  ...labelNeeds,
  ...sealNeeds,
];

export const metrics = {
  analyses: { type: "counter", name: "analyses_total", help: "Analyses by verdict and result", labels: ["verdict", "result"] },
  analysisTime: { type: "histogram", name: "analysis_seconds", help: "Time from the creation of an analysis to its plans" },
} as const satisfies Record<string, MetricDefinition>;

export const aiAnalysis: Role = {
  name: "ai-analysis",
  summary: "Finds the cause and plans repairs",
  needs,
  ports: [],
  metrics: Object.values(metrics),
  start: async () => startController((await import("#controllers/ai-analysis/controller.ts")).createAIAnalysisController),
};
