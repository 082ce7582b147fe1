// Every kind of this API group, in the order in which they appear in the life of an alert.
import type { Kind } from "#api/define-kind.ts";
import { AIAnalysis } from "#api/kinds/ai-analysis.ts";
import { AIApprovalRequest } from "#api/kinds/ai-approval-request.ts";
import { KubernetesExecution } from "#api/kinds/kubernetes-execution.ts";
import { RemediationPolicy } from "#api/kinds/remediation-policy.ts";
import { RemediationProcessing } from "#api/kinds/remediation-processing.ts";
import { RemediationRequest } from "#api/kinds/remediation-request.ts";
import { WorkflowExecution } from "#api/kinds/workflow-execution.ts";

export const kinds: readonly Kind[] = [
  RemediationRequest,
  RemediationProcessing,
  AIAnalysis,
  AIApprovalRequest,
  WorkflowExecution,
  KubernetesExecution,
  RemediationPolicy,
];
