// rollback_statefulset: the pod template of an earlier revision, put back as it was. Never chooses the revision: that is a parameter.
import * as z from "zod";
import { StatefulSets, type StatefulSet } from "#api/kubernetes.ts";
import { defineAction, patches, refused } from "#actions/action.ts";
import { backToRevision } from "#actions/kept-revision.ts";
import { repairObstacle, rolloutEffect } from "#actions/rollout.ts";

export const rollbackStatefulSet = defineAction({
  name: "rollback_statefulset",
  title: "Roll back a StatefulSet",
  description:
    "Puts back the pod template of an earlier revision, as its ControllerRevision still holds it. Refuses a revision that is not there, one whose template is the present one, and a StatefulSet that would not roll out: one that replaces its pods by hand, leaves some back (partition), or in order while one of them is not ready, which has to be deleted by hand first.",
  targetKinds: ["StatefulSet"],
  reads: ["controllerRevisions"],
  risk: "medium",
  undo: "inverse",
  writes: patches([StatefulSets], ["/spec/template"]),
  parameters: z.object({
    revision: z.coerce.number().int().min(1).describe("The revision to go back to, as its ControllerRevision counts."),
  }),
  plan: ({ revision }, target, { controllerRevisions = [] }) => {
    const obstacle = repairObstacle(target);
    return obstacle === undefined ? backToRevision(target as StatefulSet, revision, controllerRevisions) : refused(obstacle);
  },
  verify: ({ target }, changes) => rolloutEffect(target, changes),
});
