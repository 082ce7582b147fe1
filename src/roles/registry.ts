// The roles of `kintsugi run`: the one place where a new one is added. Loads no implementation.
import { aiAnalysis } from "#controllers/ai-analysis/role.ts";
import { aiApprovalRequest } from "#controllers/ai-approval-request/role.ts";
import { kubernetesExecution } from "#controllers/kubernetes-execution/role.ts";
import { remediationPolicy } from "#controllers/remediation-policy/role.ts";
import { remediationProcessing } from "#controllers/remediation-processing/role.ts";
import { remediationRequest } from "#controllers/remediation-request/role.ts";
import { retention } from "#controllers/retention/role.ts";
import { workflowExecution } from "#controllers/workflow-execution/role.ts";
import { kubeMetrics } from "#kube/kube-metrics.ts";
import { httpRequestSeconds } from "#lib/http-metrics.ts";
import type { MetricDefinition } from "#lib/metrics.ts";
import type { Role } from "#runtime/role.ts";
import { changeJournal } from "#services/change-journal/role.ts";
import { gateway } from "#services/gateway/role.ts";

export const roles: readonly Role[] = [
  gateway,
  changeJournal,
  remediationRequest,
  remediationProcessing,
  aiAnalysis,
  aiApprovalRequest,
  workflowExecution,
  kubernetesExecution,
  retention,
  remediationPolicy,
];

/** What every process exports, whatever its roles. */
export const processMetrics: readonly MetricDefinition[] = [...Object.values(kubeMetrics), httpRequestSeconds];

export const allRoles = "all";

/** The roles that the argument of `kintsugi run` names; undefined for an unknown name. */
export const rolesNamed = (name: string): readonly Role[] | undefined => {
  const found = name === allRoles ? roles : roles.filter((role) => role.name === name);
  return found.length === 0 ? undefined : found;
};
