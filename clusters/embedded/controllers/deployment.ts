// Deployments: carries out the steps of a rollout and writes its status. Makes ReplicaSets, never a pod.
import { type Deployment, Deployments, Pods, type ReplicaSet, ReplicaSets } from "#api/kubernetes.ts";
import { type NewObject, keyOf } from "#api/object.ts";
import { type ControlPlane, controllerAccount } from "#embedded/controllers/control-plane.ts";
import { aboutOf, controllerReference, isFinished, isTerminating, ownersOf } from "#embedded/controllers/owned-pods.ts";
import { replicasOf } from "#embedded/controllers/replica-set.ts";
import { type Family, type Step, actualOf, familyOf, hashLabel, nextStep } from "#embedded/controllers/rollout.ts";
import { deadlineInMs, rolloutStatus } from "#embedded/controllers/rollout-status.ts";
import { writeStatus } from "#embedded/controllers/status.ts";
import { templateHash } from "#embedded/controllers/template-hash.ts";
import { type Controller, until } from "#kube/controller.ts";
import { jsonEqual } from "#lib/canonical-json.ts";

export const deploymentController = (plane: ControlPlane): Controller => {
  const deployments = plane.storeOf(Deployments);
  const sets = plane.storeOf(ReplicaSets);
  const pods = plane.storeOf(Pods);
  const component = "deployment-controller";
  const { kube, events } = plane.actAs(controllerAccount(component));
  const report = (deployment: Deployment, set: string, from: number, to: number): void => {
    if (from === to) return;
    const message = `Scaled ${to > from ? "up" : "down"} replica set ${set} from ${from} to ${to}`;
    events.record({ about: aboutOf(deployment), type: "Normal", reason: "ScalingReplicaSet", message });
  };
  const hasOldPods = ({ older }: Family): boolean =>
    older.some((set) => actualOf(set) > 0 || pods.index("owner", set.metadata.uid).some((pod) => !isFinished(pod)));

  /** Returns the name of the ReplicaSet that it has made. */
  const carryOut = async (deployment: Deployment, step: Step): Promise<string | undefined> => {
    if (step.do === "create") {
      const set = newReplicaSet(deployment, step);
      await kube.create(ReplicaSets, set);
      report(deployment, set.metadata.name, 0, step.replicas);
      return set.metadata.name;
    }
    const metadata = { annotations: step.annotations };
    if (step.do === "number") await kube.mergePatch(Deployments, keyOf(deployment), { metadata }, { subresource: "status" });
    else if (step.do === "annotate") await kube.mergePatch(ReplicaSets, keyOf(step.set), { metadata });
    else {
      await kube.mergePatch(ReplicaSets, keyOf(step.set), { metadata, spec: { replicas: step.replicas } });
      report(deployment, step.set.metadata.name, replicasOf(step.set), step.replicas);
    }
    return undefined;
  };

  return {
    name: component,
    concurrency: 1,
    watches: [
      { store: deployments, keysOf: (deployment) => [keyOf(deployment)] },
      { store: sets, keysOf: ownersOf("Deployment") },
      // Recreate waits for the last old pod to go.
      { store: pods, keysOf: (pod) => ownersOf("ReplicaSet")(pod).flatMap((key) => ownersOf("Deployment")(sets.get(key) ?? pod)) },
    ],
    reconcile: async (key) => {
      let created: string | undefined;
      for (;;) {
        const deployment = deployments.get(key);
        if (deployment === undefined || isTerminating(deployment)) return "rest";
        const family = familyOf(deployment, sets.index("owner", deployment.metadata.uid));
        const status = rolloutStatus(family, created, plane.clock.now());
        if (!jsonEqual(status, deployment.status ?? {})) {
          await writeStatus(kube, Deployments, deployment, status);
          continue;
        }
        const step = nextStep(family, hasOldPods(family));
        const leftMs = deadlineInMs(deployment, status.conditions ?? [], plane.clock.now());
        // A second later, because times have whole seconds.
        if (step === undefined) return until(leftMs === undefined ? undefined : plane.clock.now() + leftMs + 1000, plane.clock.now());
        created = await carryOut(deployment, step);
      }
    },
  };
};

const newReplicaSet = (deployment: Deployment, { replicas, annotations }: Step & { readonly do: "create" }): NewObject<ReplicaSet> => {
  const { namespace = "", name } = deployment.metadata;
  const { template, selector } = deployment.spec;
  const hash = templateHash(template);
  const labels = { ...template.metadata?.labels, [hashLabel]: hash };
  return {
    apiVersion: "apps/v1",
    kind: "ReplicaSet",
    metadata: {
      ...{ namespace, name: `${name}-${hash}`, labels, annotations: { ...annotations } },
      ownerReferences: [controllerReference(deployment)],
    },
    spec: {
      replicas,
      selector: { ...selector, matchLabels: { ...selector.matchLabels, [hashLabel]: hash } },
      template: { ...template, metadata: { ...template.metadata, labels } },
    },
  };
};
