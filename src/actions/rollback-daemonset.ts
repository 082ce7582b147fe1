// rollback_daemonset: the pod template of an earlier revision, put back as it was. Never chooses the revision: that is a parameter.
import * as z from "zod";
import { DaemonSets, type DaemonSet } from "#api/kubernetes.ts";
import { defineAction, patches, refused } from "#actions/action.ts";
import { backToRevision } from "#actions/kept-revision.ts";
import { rolloutObstacle, rolloutEffect } from "#actions/rollout.ts";

export const rollbackDaemonSet = defineAction({
  name: "rollback_daemonset",
  title: "Roll back a DaemonSet",
  description:
    "Puts back the pod template of an earlier revision, as its ControllerRevision still holds it. Refuses a revision that is not there, one whose template is the present one, and a DaemonSet that replaces its pods by hand.",
  targetKinds: ["DaemonSet"],
  reads: ["controllerRevisions"],
  risk: "medium",
  undo: "inverse",
  writes: patches([DaemonSets], ["/spec/template"]),
  parameters: z.object({
    revision: z.coerce.number().int().min(1).describe("The revision to go back to, as its ControllerRevision counts."),
  }),
  plan: ({ revision }, target, { controllerRevisions = [] }) => {
    const obstacle = rolloutObstacle(target);
    return obstacle === undefined ? backToRevision(target as DaemonSet, revision, controllerRevisions) : refused(obstacle);
  },
  verify: ({ target }, changes) => rolloutEffect(target, changes),
});
