// The role remediation-request: its rights and metrics. Loads the controller when it starts.
import { AIAnalysis } from "#api/kinds/ai-analysis.ts";
import { RemediationProcessing } from "#api/kinds/remediation-processing.ts";
import { RemediationRequest } from "#api/kinds/remediation-request.ts";
import { WorkflowExecution } from "#api/kinds/workflow-execution.ts";
import { type Need, watchNeeds } from "#api/object.ts";
import { CachedNamespaces } from "#cluster/cached-kinds.ts";
import { needs as guardrailNeeds } from "#cluster/guardrails.ts";
import { needs as targetNeeds } from "#cluster/targets.ts";
import { ownKind, readPolicies } from "#controllers/rights.ts";
import type { MetricDefinition } from "#lib/metrics.ts";
import type { Role } from "#runtime/role.ts";
import { startController } from "#runtime/start-controller.ts";

/** Repairs take seconds to an hour; the goal is 95 of 100 within two minutes. */
const buckets = [1, 2.5, 5, 10, 20, 30, 45, 60, 90, 120, 180, 300, 600, 1200, 3600];

export const needs: readonly Need[] = [
  ...ownKind(RemediationRequest, ["patch"], "status"),
  ...ownKind(RemediationRequest, ["get", "list", "watch"]),
  ...ownKind(RemediationProcessing, ["get", "list", "watch", "create"]),
  ...ownKind(AIAnalysis, ["get", "list", "watch", "create"]),
  ...ownKind(WorkflowExecution, ["get", "list", "watch", "create", "patch"]),
  ...readPolicies,
  ...guardrailNeeds,
  ...targetNeeds,
  ...watchNeeds([CachedNamespaces]),
];

export const metrics = {
  remediations: { type: "counter", name: "remediations_total", help: "Finished requests by outcome", labels: ["outcome"] },
  timeToRepair: {
    type: "histogram",
    name: "time_to_repair_seconds",
    help: "Time until a request ended Remediated, since its alert started or since it was created",
    labels: ["since"],
    buckets,
  },
  phaseTime: {
    type: "histogram",
    name: "request_phase_seconds",
    help: "Time that requests spend in each phase",
    labels: ["phase"],
    buckets,
  },
} as const satisfies Record<string, MetricDefinition>;

export const remediationRequest: Role = {
  name: "remediation-request",
  summary: "Brings each request from its alert to its outcome",
  needs,
  ports: [],
  metrics: Object.values(metrics),
  start: async () => startController((await import("#controllers/remediation-request/controller.ts")).createRemediationRequestController),
};
