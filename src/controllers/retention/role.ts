// The role retention: its rights. Loads the controller when it starts.
import { RemediationRequest } from "#api/kinds/remediation-request.ts";
import type { Need } from "#api/object.ts";
import { ownKind, readPolicies } from "#controllers/rights.ts";
import type { Role } from "#runtime/role.ts";
import { startController } from "#runtime/start-controller.ts";

export const needs: readonly Need[] = [...ownKind(RemediationRequest, ["get", "list", "watch", "delete"]), ...readPolicies];

export const retention: Role = {
  name: "retention",
  summary: "Deletes finished requests after their retention period",
  needs,
  ports: [],
  metrics: [],
  start: async () => startController((await import("#controllers/retention/controller.ts")).createRetentionController),
};
