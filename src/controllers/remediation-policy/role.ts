// The role remediation-policy: its rights. Loads the controller when it starts.
import { RemediationPolicy } from "#api/kinds/remediation-policy.ts";
import type { Need } from "#api/object.ts";
import { ownKind } from "#controllers/rights.ts";
import type { Role } from "#runtime/role.ts";
import { startController } from "#runtime/start-controller.ts";

export const needs: readonly Need[] = [
  ...ownKind(RemediationPolicy, ["get", "list", "watch"]),
  ...ownKind(RemediationPolicy, ["update"], "status"),
];

export const remediationPolicy: Role = {
  name: "remediation-policy",
  summary: "Reports in the status of each policy whether it is in force",
  needs,
  ports: [],
  metrics: [],
  start: async () => startController((await import("#controllers/remediation-policy/controller.ts")).createRemediationPolicyController),
};
