// An approval as the controllers open it, for tests of the API server's rules: it has no plan.
import { API_VERSION } from "#api/define-kind.ts";
import type { AIApprovalRequest } from "#api/kinds/ai-approval-request.ts";
import type { NewObject } from "#api/object.ts";

export const sampleApproval = (
  namespace: string,
  name: string,
  spec: Partial<AIApprovalRequest["spec"]> = {},
): NewObject<AIApprovalRequest> => ({
  apiVersion: API_VERSION,
  kind: "AIApprovalRequest",
  metadata: { name, namespace },
  spec: {
    request: "rr-1",
    analysis: "rr-1-a1-aia",
    summary: "roll back web",
    steps: [
      {
        id: "s1",
        action: "rollback_deployment",
        target: { apiVersion: "apps/v1", kind: "Deployment", namespace: "shop", name: "web" },
        parameters: { revision: "1" },
        changesHash: "0".repeat(64),
        dependsOn: [],
        critical: true,
        timeoutSeconds: 300,
      },
    ],
    diffs: [],
    changes: "[]",
    changesHash: "0".repeat(64),
    risk: "low",
    reversible: true,
    reason: "production asks",
    expiresAt: "2030-01-01T00:00:00Z",
    approvers: ["user:ann", "group:sre"],
    minApprovers: 1,
    decisions: [],
    ...spec,
  },
});
