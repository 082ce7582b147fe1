// rollback_deployment: the pod template of an earlier revision, restored. Never chooses the revision: that is a parameter.
import * as z from "zod";
import { Deployments, type Deployment, type PodTemplate } from "#api/kubernetes.ts";
import { defineAction, patches, noOp, patched, refused } from "#actions/action.ts";
import { difference } from "#actions/difference.ts";
import { rolloutEffect } from "#actions/rollout.ts";
import type { Json } from "#lib/canonical-json.ts";
import { isControlledBy } from "#api/object.ts";

const revisionAnnotation = "deployment.kubernetes.io/revision";
const hashLabel = "pod-template-hash";

export const rollbackDeployment = defineAction({
  name: "rollback_deployment",
  title: "Roll back a Deployment",
  description:
    "Restores the pod template of an earlier revision from its ReplicaSet. Refuses a revision that no longer exists, a revision with the present template, and a paused Deployment.",
  targetKinds: ["Deployment"],
  reads: ["replicaSets"],
  risk: "medium",
  undo: "inverse",
  writes: patches([Deployments], ["/spec/template"]),
  parameters: z.object({
    revision: z.coerce
      .number()
      .int()
      .min(1)
      .describe("The revision to roll back to: the annotation deployment.kubernetes.io/revision of its ReplicaSet."),
  }),
  plan: ({ revision }, target, { replicaSets }) => {
    const deployment = target as Deployment;
    if (deployment.spec.paused === true) return refused("the Deployment is paused: its rollout would not start");
    const source = replicaSets.find(
      (set) => isControlledBy(set, deployment) && set.metadata.annotations?.[revisionAnnotation] === String(revision),
    );
    if (source === undefined) return refused(`revision ${revision} no longer exists: no ReplicaSet holds it`);
    const operations = difference(["spec", "template"], asJson(deployment.spec.template), asJson(withoutHash(source.spec.template)));
    if (operations.length === 0) return noOp(`the template is already that of revision ${revision}`);
    return patched(deployment, operations);
  },
  verify: ({ target }, changes) => rolloutEffect(target, changes),
});

/** The label is the Deployment controller's mark on a ReplicaSet; in a template it would make a new revision of everything. */
const withoutHash = (template: PodTemplate): PodTemplate => {
  const { [hashLabel]: _hash, ...labels } = template.metadata?.labels ?? {};
  return { ...template, metadata: { ...template.metadata, labels } };
};

const asJson = (template: PodTemplate): Json => template as unknown as Json;
