// The catalogue: every action there is, by name. What is not here is refused; similar is not the same.
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

export const actions: readonly Action[] = [
  rollbackDeployment,
  rollbackStatefulSet,
  rollbackDaemonSet,
  scaleDeployment,
  restartPod,
  increaseResources,
  resumeRollout,
  fixService,
  fixReference,
  fixProbe,
  relaxPdb,
  restoreObject,
  notifyOnly,
];

export const findAction = (name: string): Action | undefined => actions.find((action) => action.name === name);
