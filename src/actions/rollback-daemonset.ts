// rollback_daemonset: the pod template of an earlier revision, restored. Never chooses the revision: that is a parameter.
import * as z from "zod";
import { DaemonSets, type DaemonSet } from "#api/kubernetes.ts";
import { defineAction, patches, refused } from "#actions/action.ts";
import { backToRevision } from "#actions/kept-revision.ts";
import { rolloutObstacle, rolloutEffect } from "#actions/rollout.ts";

export const rollbackDaemonSet = defineAction({
  name: "rollback_daemonset",
  title: "Roll back a DaemonSet",
  description:
    "Restores the pod template of an earlier revision from its ControllerRevision. Refuses a revision that no longer exists, a revision with the present template, and a DaemonSet with the update strategy OnDelete.",
  targetKinds: ["DaemonSet"],
  reads: ["controllerRevisions"],
  risk: "medium",
  undo: "inverse",
  writes: patches([DaemonSets], ["/spec/template"]),
  parameters: z.object({
    revision: z.coerce.number().int().min(1).describe("The revision to roll back to: the number of its ControllerRevision."),
  }),
  plan: ({ revision }, target, { controllerRevisions = [] }) => {
    const obstacle = rolloutObstacle(target);
    return obstacle === undefined ? backToRevision(target as DaemonSet, revision, controllerRevisions) : refused(obstacle);
  },
  verify: ({ target }, changes) => rolloutEffect(target, changes),
});
