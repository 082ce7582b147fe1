// resume_rollout: lets a paused Deployment roll out what is in its template. Never touches the template.
import * as z from "zod";
import { Deployments, type Deployment } from "#api/kubernetes.ts";
import { defineAction, patches, noOp, patched } from "#actions/action.ts";
import { rolloutEffect } from "#actions/rollout.ts";

export const resumeRollout = defineAction({
  name: "resume_rollout",
  title: "Resume a Deployment's rollout",
  description: "Resumes the rollout of a paused Deployment. Refuses a Deployment that is not paused.",
  targetKinds: ["Deployment"],
  reads: [],
  risk: "medium",
  undo: "inverse",
  writes: patches([Deployments], ["/spec/paused"]),
  parameters: z.object({}),
  plan: (_parameters, target) => {
    if ((target as Deployment).spec.paused !== true) return noOp("it is not paused");
    return patched(target, [
      { op: "test", path: "/spec/paused", value: true },
      // Removed, not set to false: the server leaves out what is false.
      { op: "remove", path: "/spec/paused" },
    ]);
  },
  verify: ({ target }, changes) => rolloutEffect(target, changes),
});
