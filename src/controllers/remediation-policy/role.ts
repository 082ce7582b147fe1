// The role remediation-policy: its rights. Loads the controller when it starts.
import { RemediationPolicy } from "#api/kinds/remediation-policy.ts";
import type { Need } from "#api/object.ts";
import { ownKind, readPolicies } from "#controllers/rights.ts";
import type { Role } from "#runtime/role.ts";
import { startController } from "#runtime/start-controller.ts";

export const needs: readonly Need[] = [
  ...readPolicies,
  ...ownKind(RemediationPolicy, ["update"], "status"),
  // Of the policies of other namespaces.
  { group: RemediationPolicy.group, resource: `${RemediationPolicy.plural}/status`, verbs: ["update"], scope: "cluster" },
];

export const remediationPolicy: Role = {
  name: "remediation-policy",
  summary: "Reports in the status of each policy whether it is in force",
  needs,
  ports: [],
  metrics: [],
  start: async () => startController((await import("#controllers/remediation-policy/controller.ts")).createRemediationPolicyController),
};
