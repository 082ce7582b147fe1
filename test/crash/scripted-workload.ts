// A Deployment whose controllers are played by the test: a release that crashes, and what Kubernetes does once the old template is back.
import {
  type Container,
  type Deployment,
  Deployments,
  type Pod,
  Pods,
  type ReplicaSet,
  ReplicaSets,
  type PodTemplate,
} from "#api/kubernetes.ts";
import { ownedBy } from "#kube/ensure.ts";
import type { Kube } from "#kube/client.ts";
import { jsonEqual } from "#lib/canonical-json.ts";
import { crashingRelease } from "#scenarios/faults/fixture-faults.ts";

export interface ScriptedWorkload {
  readonly name: string;
  readonly podName: string;
  readonly goodTemplate: PodTemplate;
  /** To be called when the Deployment has changed: brings its status to what the template deserves. */
  follow(): Promise<void>;
}

const templateOf = (name: string, container: Container): PodTemplate => ({
  metadata: { labels: { app: name } },
  spec: { containers: [container] },
});

/** Two revisions: the first ran, the second exits with 1 at every start. Times are given, because the API server keeps none of a status. */
export const createScriptedWorkload = async (kube: Kube, namespace: string, name: string): Promise<ScriptedWorkload> => {
  const [goodTemplate, badTemplate] = [templateOf(name, crashingRelease[0]), templateOf(name, crashingRelease[1])];
  const deployment = await kube.create(Deployments, {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name, namespace, annotations: { "deployment.kubernetes.io/revision": "2" } },
    spec: { replicas: 1, selector: { matchLabels: { app: name } }, template: badTemplate },
  });
  const replicaSets = await Promise.all(
    [goodTemplate, badTemplate].map((template, index) =>
      kube.create(ReplicaSets, replicaSet(deployment, template, index + 1, index === 1 ? 1 : 0)),
    ),
  );
  const [good, bad] = replicaSets as [ReplicaSet, ReplicaSet];
  const crashing = await kube.create(Pods, pod(bad, "a"));
  await kube.mergePatch(Pods, { namespace, name: crashing.metadata.name }, { status: crashingStatus }, { subresource: "status" });
  await kube.mergePatch(
    Deployments,
    { namespace, name },
    { status: deploymentStatus(deployment.metadata.generation ?? 1, 0) },
    { subresource: "status" },
  );

  const follow = async (): Promise<void> => {
    const live = await kube.get(Deployments, { namespace, name });
    if (live === undefined || live.status?.observedGeneration === live.metadata.generation) return;
    if (!jsonEqual(live.spec.template.spec.containers[0]?.args, goodTemplate.spec.containers[0]?.args)) return;
    const running = await kube.create(Pods, pod(good, "b"));
    await kube.mergePatch(Pods, { namespace, name: running.metadata.name }, { status: runningStatus }, { subresource: "status" });
    await kube.mergePatch(
      ReplicaSets,
      { namespace, name: good.metadata.name },
      { metadata: { annotations: { "deployment.kubernetes.io/revision": "3" } }, spec: { replicas: 1 } },
    );
    await kube.mergePatch(ReplicaSets, { namespace, name: bad.metadata.name }, { spec: { replicas: 0 } });
    await kube.delete(Pods, { namespace, name: crashing.metadata.name }, { gracePeriodSeconds: 0 });
    const metadata = { annotations: { "deployment.kubernetes.io/revision": "3" } };
    await kube.mergePatch(Deployments, { namespace, name }, { metadata });
    const now = await kube.get(Deployments, { namespace, name });
    await kube.mergePatch(
      Deployments,
      { namespace, name },
      { status: deploymentStatus(now?.metadata.generation ?? 0, 1) },
      { subresource: "status" },
    );
  };
  return { name, podName: crashing.metadata.name, goodTemplate, follow };
};

const replicaSet = (deployment: Deployment, template: PodTemplate, revision: number, replicas: number) => ({
  apiVersion: "apps/v1",
  kind: "ReplicaSet",
  metadata: {
    name: `${deployment.metadata.name}-r${revision}`,
    namespace: deployment.metadata.namespace ?? "",
    labels: { app: deployment.metadata.name, "pod-template-hash": `r${revision}` },
    annotations: { "deployment.kubernetes.io/revision": String(revision), "deployment.kubernetes.io/desired-replicas": "1" },
    ownerReferences: [ownedBy(deployment)],
  },
  spec: {
    replicas,
    selector: { matchLabels: { app: deployment.metadata.name, "pod-template-hash": `r${revision}` } },
    template: { ...template, metadata: { labels: { app: deployment.metadata.name, "pod-template-hash": `r${revision}` } } },
  },
});

const pod = (owner: ReplicaSet, tail: string) => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: {
    name: `${owner.metadata.name}-${tail}`,
    namespace: owner.metadata.namespace ?? "",
    labels: owner.spec.template.metadata?.labels ?? {},
    ownerReferences: [ownedBy(owner)],
  },
  spec: { ...owner.spec.template.spec, automountServiceAccountToken: false },
});

const exited = {
  exitCode: 1,
  reason: "Error",
  message: "unknown option: --cache=redis",
  startedAt: "2026-01-01T00:00:00Z",
  finishedAt: "2026-01-01T00:00:01Z",
};
const container = { name: "web", image: "example.test/web:1", imageID: "" };
const crashingStatus: Pod["status"] = {
  phase: "Running",
  containerStatuses: [
    {
      ...container,
      ready: false,
      restartCount: 4,
      state: { waiting: { reason: "CrashLoopBackOff", message: "back-off 40s restarting failed container=web" } },
      lastState: { terminated: exited },
    },
  ],
  conditions: [
    { type: "Ready", status: "False" },
    { type: "ContainersReady", status: "False" },
  ],
};
const runningStatus: Pod["status"] = {
  phase: "Running",
  containerStatuses: [
    { ...container, ready: true, started: true, restartCount: 0, state: { running: { startedAt: "2026-01-01T00:05:00Z" } } },
  ],
  conditions: [
    { type: "Ready", status: "True" },
    { type: "ContainersReady", status: "True" },
  ],
};
const deploymentStatus = (observedGeneration: number, ready: number): Deployment["status"] => ({
  observedGeneration,
  replicas: 1,
  updatedReplicas: 1,
  readyReplicas: ready,
  availableReplicas: ready,
  unavailableReplicas: 1 - ready,
  conditions: [
    {
      type: "Available",
      status: ready === 1 ? "True" : "False",
      reason: ready === 1 ? "MinimumReplicasAvailable" : "MinimumReplicasUnavailable",
    },
  ],
});
