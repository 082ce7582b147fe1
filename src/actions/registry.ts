// Every action by its name: a name of the API without an action does not compile. A name that is not here is refused.
import type { ActionName } from "#api/action-names.ts";
import type { Action } from "#actions/action.ts";
import { fixProbe } from "#actions/fix-probe.ts";
import { fixReference } from "#actions/fix-reference.ts";
import { fixService } from "#actions/fix-service.ts";
import { increaseResources } from "#actions/increase-resources.ts";
import { notifyOnly } from "#actions/notify-only.ts";
import { relaxPdb } from "#actions/relax-pdb.ts";
import { restartPod } from "#actions/restart-pod.ts";
import { restoreObject } from "#actions/restore-object.ts";
import { resumeRollout } from "#actions/resume-rollout.ts";
import { rollbackDaemonSet } from "#actions/rollback-daemonset.ts";
import { rollbackDeployment } from "#actions/rollback-deployment.ts";
import { rollbackStatefulSet } from "#actions/rollback-statefulset.ts";
import { scaleDeployment } from "#actions/scale-deployment.ts";

const catalog: Readonly<Record<ActionName, Action>> = {
  rollback_deployment: rollbackDeployment,
  rollback_statefulset: rollbackStatefulSet,
  rollback_daemonset: rollbackDaemonSet,
  scale_deployment: scaleDeployment,
  restart_pod: restartPod,
  increase_resources: increaseResources,
  resume_rollout: resumeRollout,
  fix_service: fixService,
  fix_reference: fixReference,
  fix_probe: fixProbe,
  relax_pdb: relaxPdb,
  restore_object: restoreObject,
  notify_only: notifyOnly,
};

export const actions: readonly Action[] = Object.values(catalog);

export const findAction = (name: string): Action | undefined => (Object.hasOwn(catalog, name) ? catalog[name as ActionName] : undefined);
