// rollback_statefulset: the pod template of an earlier revision, restored. Never chooses the revision: that is a parameter.
import * as z from "zod";
import { StatefulSets, type StatefulSet } from "#api/kubernetes.ts";
import { defineAction, patches, refused } from "#actions/action.ts";
import { backToRevision } from "#actions/kept-revision.ts";
import { repairObstacle, rolloutEffect } from "#actions/rollout.ts";

export const rollbackStatefulSet = defineAction({
  name: "rollback_statefulset",
  title: "Roll back a StatefulSet",
  description:
    "Restores the pod template of an earlier revision from its ControllerRevision. Refuses a revision that no longer exists, a revision with the present template, and a StatefulSet that would not roll out: with the update strategy OnDelete, with a partition, or with ordered pods one of which is not ready (delete that pod first).",
  targetKinds: ["StatefulSet"],
  reads: ["controllerRevisions"],
  risk: "medium",
  undo: "inverse",
  writes: patches([StatefulSets], ["/spec/template"]),
  parameters: z.object({
    revision: z.coerce.number().int().min(1).describe("The revision to roll back to: the number of its ControllerRevision."),
  }),
  plan: ({ revision }, target, { controllerRevisions = [] }) => {
    const obstacle = repairObstacle(target);
    return obstacle === undefined ? backToRevision(target as StatefulSet, revision, controllerRevisions) : refused(obstacle);
  },
  verify: ({ target }, changes) => rolloutEffect(target, changes),
});
