// A Deployment that is paused while its newest pod template is not rolled out.
import { Deployments, ReplicaSets } from "#api/kubernetes.ts";
import { kubectl, resource } from "#diagnosis/kubectl.ts";
import { objectQuote } from "#diagnosis/quotes.ts";
import { cause } from "#diagnosis/rule.ts";
import { nameOf } from "#diagnosis/template.ts";
import { isOwnedBy, referenceTo, type View } from "#diagnosis/view.ts";

export const rolloutPaused = cause({
  code: "RolloutPaused",
  title: "A rollout that is paused",
  reads: "Deployments with spec.paused, and how many of their pods have the newest pod template.",
  means: "The newest pod template is not rolled out because the Deployment is paused.",
  needs: ["objects.Deployment", "objects.ReplicaSet"],
  signs: ["Deployment"],
  of: (view: View) =>
    view.all(Deployments).flatMap((deployment) => {
      const { spec, status, metadata } = deployment;
      const hasSets = view.all(ReplicaSets, metadata.namespace).some((set) => isOwnedBy(set, deployment));
      if (spec.paused !== true || !hasSets) return [];
      const command = kubectl(metadata.namespace, "rollout", "resume", resource(referenceTo(deployment)));
      return [{ deployment, command, replicas: spec.replicas ?? 1, updated: status?.updatedReplicas ?? 0 }];
    }),
  when: [
    {
      is: "pods have an older template",
      not: ({ deployment }) => `all pods of ${nameOf(deployment)} have its newest template`,
      holds: ({ updated, replicas }) => updated < replicas,
    },
  ],
  supports: [
    {
      is: "its controller reports the pause",
      holds: ({ deployment }) => deployment.status?.conditions?.some(({ reason }) => reason === "DeploymentPaused") ?? false,
    },
  ],
  object: ({ deployment }) => deployment,
  says: "{deployment} is paused: {updated} of {replicas} replicas have its newest template.",
  chain: "spec.paused is true → the newest template is not rolled out",
  quotes: ({ deployment, updated, replicas }) => [objectQuote(deployment, `paused: true; updatedReplicas ${updated} of ${replicas}`)],
  repairs: ({ deployment }) => [
    {
      action: "resume_rollout",
      target: referenceTo(deployment),
      parameters: {},
      rationale: "The rollout continues where it stopped.",
      expected: `All replicas of ${nameOf(deployment)} have the newest template.`,
    },
  ],
  remedy: "`resume_rollout`. Otherwise, resume it by hand.",
  otherwise: "resume the rollout: {command}",
});
