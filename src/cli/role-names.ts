// What `kintsugi run` accepts besides `all`. Only names, so that a command that runs no role loads none.
export const controllerNames = [
  "remediation-request",
  "remediation-processing",
  "ai-analysis",
  "ai-approval-request",
  "workflow-execution",
  "kubernetes-execution",
  "retention",
  "remediation-policy",
] as const;
export type ControllerName = (typeof controllerNames)[number];

export const roleNames: readonly string[] = ["gateway", "change-journal", ...controllerNames];
