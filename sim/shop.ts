// A Deployment and what Kubernetes makes of it, scripted: which revision runs and which crashes. Follows every change of it until it is told to stop.
import { type Deployment, Deployments, type Pod, Pods, type PodTemplate, type ReplicaSet, ReplicaSets } from "#api/kubernetes.ts";
import type { Kube } from "#kube/client.ts";
import { ownedBy } from "#kube/ensure.ts";
import { isConflict, isNotFound } from "#kube/errors.ts";
import { jsonEqual } from "#lib/canonical-json.ts";
import { type Clock, toTimestamp } from "#lib/clock.ts";

export interface ShopOptions {
  readonly namespace: string;
  readonly name: string;
  /** What becomes of a pod of the template with these arguments. */
  readonly runs: (args: readonly string[]) => "runs" | "crashes";
}

export interface Shop {
  readonly name: string;
  readonly namespace: string;
  /** The pod that crashes, for the alert. */
  readonly podName: string;
  follow(signal: AbortSignal): Promise<void>;
}

export const goodArgs: readonly string[] = ["serve"];
export const badArgs: readonly string[] = ["serve", "--cache=redis"];

const templateOf = (name: string, args: readonly string[]): PodTemplate => ({
  metadata: { labels: { app: name } },
  spec: { containers: [{ name: "web", image: "example.test/web:1", args: [...args] }] },
});

/** Two revisions: the first ran, the second is out and exits with 1 at every start. */
export const openShop = async (kube: Kube, clock: Clock, options: ShopOptions): Promise<Shop> => {
  const { namespace, name } = options;
  const key = { namespace, name };
  const deployment = await kube.create(Deployments, {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { ...key, annotations: { "deployment.kubernetes.io/revision": "2" } },
    spec: { replicas: 1, selector: { matchLabels: { app: name } }, template: templateOf(name, badArgs) },
  });
  const good = await kube.create(ReplicaSets, replicaSet(deployment, goodArgs, 1, 0));
  const bad = await kube.create(ReplicaSets, replicaSet(deployment, badArgs, 2, 1));
  const sets = [good, bad];
  let made = 0;
  let revision = 2;

  const addPod = async (set: ReplicaSet): Promise<Pod> => {
    made += 1;
    const pod = await kube.create(Pods, podOf(set, suffix(made)));
    const status = options.runs(argsOf(set.spec.template)) === "runs" ? runningStatus(clock) : crashingStatus(clock);
    return kube.mergePatch(Pods, { namespace, name: pod.metadata.name }, { status }, { subresource: "status" });
  };
  const writeStatus = async (): Promise<void> => {
    const live = await kube.get(Deployments, key);
    if (live === undefined) return;
    const wanted = live.spec.replicas ?? 1;
    const pods = (await kube.list(Pods, { namespace, labelSelector: `app=${name}` })).filter(
      (pod) => pod.metadata.deletionTimestamp === undefined,
    );
    const ready = pods.filter((pod) => pod.status?.conditions?.some(({ type, status }) => type === "Ready" && status === "True")).length;
    const status = deploymentStatus(live, wanted, ready);
    if (!jsonEqual(without(live.status), status as never)) await kube.mergePatch(Deployments, key, { status }, { subresource: "status" });
  };
  const reconcile = async (): Promise<void> => {
    const live = await kube.get(Deployments, key);
    if (live === undefined) return;
    const current = sets.find((set) => jsonEqual(argsOf(set.spec.template) as never, argsOf(live.spec.template) as never));
    if (current === undefined) return;
    const wanted = live.spec.replicas ?? 1;
    const pods = await kube.list(Pods, { namespace, labelSelector: `app=${name}` });
    const hash = current.metadata.labels?.["pod-template-hash"];
    const old = pods.filter((pod) => pod.metadata.labels?.["pod-template-hash"] !== hash);
    const present = pods.filter(
      (pod) => pod.metadata.labels?.["pod-template-hash"] === hash && pod.metadata.deletionTimestamp === undefined,
    );
    for (let index = present.length; index < wanted; index += 1) await addPod(current);
    for (const pod of [...old, ...present.slice(wanted)])
      await kube.delete(Pods, { namespace, name: pod.metadata.name }, { gracePeriodSeconds: 0 });
    const liveSet = await kube.get(ReplicaSets, { namespace, name: current.metadata.name });
    if (liveSet?.metadata.annotations?.["deployment.kubernetes.io/revision"] !== String(revision)) {
      revision += 1;
      const metadata = { annotations: { "deployment.kubernetes.io/revision": String(revision) } };
      for (const set of sets)
        await kube.mergePatch(
          ReplicaSets,
          { namespace, name: set.metadata.name },
          { spec: { replicas: set === current ? wanted : 0 }, ...(set === current ? { metadata } : {}) },
        );
      await kube.mergePatch(Deployments, key, { metadata });
    }
    await writeStatus();
  };

  const crashing = await addPod(bad);
  await writeStatus();
  return {
    name,
    namespace,
    podName: crashing.metadata.name,
    follow: async (signal) => {
      let last: Promise<void> = Promise.resolve();
      const again = (): void => {
        last = last.then(reconcile).catch((error: unknown) => {
          if (!isNotFound(error) && !isConflict(error)) throw error;
        });
      };
      const watch = async (type: typeof Deployments | typeof Pods): Promise<void> => {
        for await (const seen of kube.listWatch(type as typeof Pods, { namespace }, signal)) {
          // Of pods only that one has gone: whatever is written of them is written here.
          if (type === Deployments || seen.kind === "deleted") again();
        }
      };
      await Promise.all([watch(Deployments), watch(Pods)]);
      await last;
    },
  };
};

/** As Kubernetes forms names: an alert that is late names a pod that is gone, and its owner is read from the name. */
const templateHashes: Readonly<Record<number, string>> = { 1: "7d8f9b5c4", 2: "6c9d8b7f5" };
const suffix = (number: number): string =>
  `x2x${String(number)
    .padStart(2, "4")
    .replaceAll(/[013]/g, (digit) => ({ "0": "b", "1": "c", "3": "d" })[digit] ?? "")}`;

const argsOf = (template: PodTemplate): readonly string[] => template.spec.containers[0]?.args ?? [];

const replicaSet = (deployment: Deployment, args: readonly string[], revision: number, replicas: number) => {
  const labels = { app: deployment.metadata.name, "pod-template-hash": templateHashes[revision] ?? "" };
  return {
    apiVersion: "apps/v1",
    kind: "ReplicaSet",
    metadata: {
      name: `${deployment.metadata.name}-${templateHashes[revision]}`,
      namespace: deployment.metadata.namespace ?? "",
      labels,
      annotations: { "deployment.kubernetes.io/revision": String(revision), "deployment.kubernetes.io/desired-replicas": "1" },
      ownerReferences: [ownedBy(deployment)],
    },
    spec: {
      replicas,
      selector: { matchLabels: labels },
      template: { ...templateOf(deployment.metadata.name, args), metadata: { labels } },
    },
  };
};

const podOf = (owner: ReplicaSet, tail: string) => ({
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

const container = { name: "web", image: "example.test/web:1", imageID: "" };
const readiness = (status: "True" | "False") => ["Ready", "ContainersReady"].map((type) => ({ type, status }));

const crashingStatus = (clock: Clock): Pod["status"] => {
  const at = toTimestamp(clock.now());
  const exited = { exitCode: 1, reason: "Error", message: "unknown option: --cache=redis", startedAt: at, finishedAt: at };
  return {
    phase: "Running",
    startTime: at,
    containerStatuses: [
      {
        ...container,
        ready: false,
        restartCount: 4,
        state: { waiting: { reason: "CrashLoopBackOff", message: "back-off 40s restarting failed container=web" } },
        lastState: { terminated: exited },
      },
    ],
    conditions: readiness("False"),
  };
};

const runningStatus = (clock: Clock): Pod["status"] => {
  const at = toTimestamp(clock.now());
  return {
    phase: "Running",
    startTime: at,
    containerStatuses: [{ ...container, ready: true, started: true, restartCount: 0, state: { running: { startedAt: at } } }],
    conditions: readiness("True"),
  };
};

/** Without what the server adds of its own. */
const without = (status: Deployment["status"]) => JSON.parse(JSON.stringify(status ?? {})) as never;

const deploymentStatus = (live: Deployment, wanted: number, ready: number): NonNullable<Deployment["status"]> => ({
  observedGeneration: live.metadata.generation ?? 1,
  replicas: wanted,
  updatedReplicas: wanted,
  readyReplicas: ready,
  availableReplicas: ready,
  unavailableReplicas: Math.max(0, wanted - ready),
  conditions: [
    {
      type: "Available",
      status: ready >= wanted ? "True" : "False",
      reason: ready >= wanted ? "MinimumReplicasAvailable" : "MinimumReplicasUnavailable",
    },
  ],
});
