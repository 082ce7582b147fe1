// scale_deployment: another number of replicas, through the scale subresource alone. Never against an autoscaler.
import * as z from "zod";
import { Deployments, type Deployment } from "#api/kubernetes.ts";
import { defineAction, noOp, planned, refused } from "#actions/action.ts";
import { referenceOf } from "#actions/change.ts";
import { stillThere } from "#actions/rollout.ts";

export const scaleDeployment = defineAction({
  name: "scale_deployment",
  title: "Scale a Deployment",
  description: "Sets the number of replicas. Refuses the present number, and a Deployment that a HorizontalPodAutoscaler scales.",
  targetKinds: ["Deployment"],
  reads: ["autoscalers"],
  risk: "medium",
  undo: "inverse",
  writes: [{ verb: "patch", type: Deployments, subresource: "scale", paths: ["/spec/replicas"] }],
  parameters: z.object({ replicas: z.coerce.number().int().min(0).max(1000).describe("The new number of replicas.") }),
  plan: ({ replicas }, target, { autoscalers }) => {
    const deployment = target as Deployment;
    const present = deployment.spec.replicas ?? 1;
    const autoscaler = autoscalers[0];
    if (autoscaler !== undefined) return refused(`HorizontalPodAutoscaler ${autoscaler.metadata.name} scales it and would set it back`);
    if (present === replicas) return noOp(`it already has ${replicas} replicas`);
    return planned({
      type: "patch",
      object: referenceOf(deployment),
      uid: deployment.metadata.uid,
      subresource: "scale",
      operations: [
        { op: "test", path: "/spec/replicas", value: present },
        { op: "replace", path: "/spec/replicas", value: replicas },
      ],
    });
  },
  verify: ({ target }, changes) => {
    const failure = stillThere(target, changes);
    if (failure !== undefined) return failure;
    const { spec, status } = target as Deployment;
    const wanted = spec.replicas ?? 1;
    const there = status?.replicas ?? 0;
    return there === wanted ? { state: "done" } : { state: "pending", reason: `${there} of ${wanted} replicas exist` };
  },
});
