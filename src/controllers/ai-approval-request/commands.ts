// The commands that decide an approval request, ready to be copied. Pure.
import type { AIApprovalRequest } from "#api/kinds/ai-approval-request.ts";

/** `by` has to be the user name as the API server knows it: see `kubectl auth whoami`. */
export const kubectlLine = ({ metadata }: AIApprovalRequest, decision: "Approved" | "Rejected"): string => {
  const vote = { op: "add", path: "/spec/decisions/-", value: { by: "<you>", decision, via: "kubectl" } };
  return `kubectl patch aiar ${metadata.name} -n ${metadata.namespace} --type=json -p '${JSON.stringify([vote])}'`;
};

export const kintsugiLine = ({ spec }: AIApprovalRequest): string => `kintsugi approve ${spec.request}`;
