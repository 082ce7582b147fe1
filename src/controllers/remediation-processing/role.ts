// The role remediation-processing: its rights. Loads the controller when it starts.
import { RemediationProcessing } from "#api/kinds/remediation-processing.ts";
import { RemediationRequest } from "#api/kinds/remediation-request.ts";
import type { Need } from "#api/object.ts";
import { needs as workloadNeeds } from "#cluster/owned-pods.ts";
import { needs as ownerNeeds } from "#cluster/owners.ts";
import { needs as targetNeeds } from "#cluster/targets.ts";
import { ownKind } from "#controllers/rights.ts";
import type { Role } from "#runtime/role.ts";
import { startController } from "#runtime/start-controller.ts";

export const needs: readonly Need[] = [
  ...ownKind(RemediationProcessing, ["get", "list", "watch"]),
  ...ownKind(RemediationProcessing, ["update"], "status"),
  ...workloadNeeds,
  ...ownerNeeds,
  ...targetNeeds,
  ...ownKind(RemediationRequest, ["get", "list", "watch"]),
];

export const remediationProcessing: Role = {
  name: "remediation-processing",
  summary: "Collects the context of a request: owners, neighbours, environment, priority",
  needs,
  ports: [],
  metrics: [],
  start: async () =>
    startController((await import("#controllers/remediation-processing/controller.ts")).createRemediationProcessingController),
};
