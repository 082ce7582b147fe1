// The names of all actions: what a cause may ask for and what the catalogue has to hold. Pure data; `src/actions/registry.ts` has one action for each.

export const actionNames = [
  "rollback_deployment",
  "rollback_statefulset",
  "rollback_daemonset",
  "scale_deployment",
  "restart_pod",
  "increase_resources",
  "resume_rollout",
  "fix_service",
  "fix_reference",
  "fix_probe",
  "relax_pdb",
  "restore_object",
  "notify_only",
] as const;

export type ActionName = (typeof actionNames)[number];
