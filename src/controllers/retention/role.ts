// The role retention: its rights. Loads the controller when it starts.
import { RemediationPolicy } from "#api/kinds/remediation-policy.ts";
import { RemediationRequest } from "#api/kinds/remediation-request.ts";
import type { Need } from "#api/object.ts";
import { ownKind } from "#controllers/rights.ts";
import type { Role } from "#runtime/role.ts";
import { startController } from "#runtime/start-controller.ts";

export const needs: readonly Need[] = [
  ...ownKind(RemediationRequest, ["get", "list", "watch", "delete"]),
  ...ownKind(RemediationPolicy, ["get", "list", "watch"]),
];

export const retention: Role = {
  name: "retention",
  summary: "Deletes finished requests after their retention period",
  needs,
  ports: [],
  metrics: [],
  start: async () => startController((await import("#controllers/retention/controller.ts")).createRetentionController),
};
