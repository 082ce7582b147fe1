// The lines that a person can type to decide, ready to be copied. Pure.
import type { AIApprovalRequest } from "#api/kinds/ai-approval-request.ts";

/** `by` has to be the name that the API server knows the person by: `kubectl auth whoami` tells it. */
export const kubectlLine = ({ metadata }: AIApprovalRequest, decision: "Approved" | "Rejected"): string => {
  const vote = { op: "add", path: "/spec/decisions/-", value: { by: "<you>", decision, via: "kubectl" } };
  return `kubectl patch aiar ${metadata.name} -n ${metadata.namespace} --type=json -p '${JSON.stringify([vote])}'`;
};

export const kintsugiLine = ({ spec }: AIApprovalRequest): string => `kintsugi approve ${spec.request}`;
