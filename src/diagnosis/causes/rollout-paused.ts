// A Deployment that is paused with a template that nobody rolled out: the change waits for somebody to resume it.
import { Deployments, ReplicaSets, type Deployment } from "#api/kubernetes.ts";
import { referenceText } from "#api/object.ts";
import { assess, objectQuote } from "#diagnosis/assess.ts";
import type { Cause } from "#diagnosis/cause.ts";
import { kubectl, resource } from "#diagnosis/kubectl.ts";
import type { Assessment } from "#diagnosis/finding.ts";
import { referenceTo, type View } from "#diagnosis/view.ts";

const code = "RolloutPaused";

export const rolloutPaused: Cause = {
  code,
  title: "A rollout that is paused",
  reads: "Deployments with spec.paused, and how many of their pods have the newest template.",
  means: "The newest template is not rolled out because the Deployment is paused.",
  remedy: "`resume_rollout`. Otherwise, resume it by hand.",
  find: (view) => view.all(Deployments).map((deployment) => find(view, deployment)),
};

const find = (view: View, deployment: Deployment): Assessment => {
  const reference = referenceTo(deployment);
  const { replicas = 1, paused } = deployment.spec;
  const { updatedReplicas = 0, conditions } = deployment.status ?? {};
  const sets = view
    .all(ReplicaSets, reference.namespace)
    .filter((set) => set.metadata.ownerReferences?.some(({ uid }) => uid === deployment.metadata.uid));
  return assess(
    code,
    {
      required: [
        { claim: `${referenceText(reference)} is paused`, holds: paused === true },
        { claim: "pods of an older template", holds: updatedReplicas < replicas && sets.length > 0 },
      ],
      supporting: [
        { claim: "its controller says so", holds: conditions?.some(({ reason }) => reason === "DeploymentPaused") ?? false, weight: 1 },
      ],
    },
    () => ({
      object: reference,
      summary: `${referenceText(reference)} is paused: ${updatedReplicas} of ${replicas} replicas have its newest template.`,
      chain: ["spec.paused is true", "the newest template is not rolled out"],
      quotes: [objectQuote(reference, `paused: true; updatedReplicas ${updatedReplicas} of ${replicas}`)],
      facts: {
        kind: "remedies",
        remedies: [
          {
            action: "resume_rollout",
            target: reference,
            parameters: {},
            rationale: "The rollout goes on where it stopped.",
            expected: `All replicas of ${referenceText(reference)} have the newest template.`,
          },
        ],
        otherwise: `resume the rollout: ${kubectl(reference.namespace, "rollout", "resume", resource(reference))}`,
      },
    }),
  );
};
