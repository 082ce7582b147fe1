// A Deployment and what Kubernetes makes of it, scripted: which release runs and which fails. Follows every change of it until it is stopped.
import {
  type Container,
  type Deployment,
  Deployments,
  type Pod,
  Pods,
  type PodTemplate,
  type ReplicaSet,
  ReplicaSets,
} from "#api/kubernetes.ts";
import type { Kube } from "#kube/client.ts";
import { ownedBy } from "#kube/ensure.ts";
import { isConflict, isNotFound } from "#kube/errors.ts";
import { jsonEqual } from "#lib/canonical-json.ts";
import { type Clock, toTimestamp } from "#lib/clock.ts";
import { containerOf, type FixtureFault, withSecret } from "#scenarios/faults/fixture-faults.ts";
import { podStatus } from "#sim/pod-status.ts";

export interface FixtureOptions {
  readonly namespace: string;
  readonly name: string;
  readonly fault: FixtureFault;
  /** In every container, as the value of an environment variable, and in the last words of one that crashes. */
  readonly secretValue?: string;
}

export interface Fixture {
  readonly name: string;
  readonly namespace: string;
  /** The pod that fails, for the alert. */
  readonly podName: string;
  follow(signal: AbortSignal): Promise<void>;
}

/** One ReplicaSet for each release; the last one is out. */
export const openFixture = async (kube: Kube, clock: Clock, options: FixtureOptions): Promise<Fixture> => {
  const { namespace, name, fault, secretValue } = options;
  const key = { namespace, name };
  const releases = fault.releases.map((container) => templateOf(name, withSecret(container, secretValue)));
  const current = releases.at(-1);
  if (current === undefined) throw new Error("a fixture has at least one release");
  let revision = releases.length;
  const deployment = await kube.create(Deployments, {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { ...key, annotations: { "deployment.kubernetes.io/revision": String(revision) } },
    spec: { replicas: 1, selector: { matchLabels: { app: name } }, template: current },
  });
  const sets: ReplicaSet[] = [];
  const addSet = async (template: PodTemplate, replicas: number): Promise<ReplicaSet> => {
    const set = await kube.create(ReplicaSets, replicaSet(deployment, template, sets.length + 1, replicas));
    sets.push(set);
    return set;
  };
  for (const release of releases) await addSet(release, release === current ? 1 : 0);
  let made = 0;

  const addPod = async (set: ReplicaSet): Promise<Pod> => {
    made += 1;
    const pod = await kube.create(Pods, podOf(set, suffix(made)));
    const container = containerOf(set.spec.template);
    const status = podStatus(fault.runs(container), container, toTimestamp(clock.now()), secretValue);
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
    const wanted = live.spec.replicas ?? 1;
    const set = sets.find((each) => isSameRelease(each.spec.template, live.spec.template)) ?? (await addSet(live.spec.template, wanted));
    const pods = await kube.list(Pods, { namespace, labelSelector: `app=${name}` });
    const hash = set.metadata.labels?.[hashLabel];
    const old = pods.filter((pod) => pod.metadata.labels?.[hashLabel] !== hash);
    const present = pods.filter((pod) => pod.metadata.labels?.[hashLabel] === hash && pod.metadata.deletionTimestamp === undefined);
    for (let index = present.length; index < wanted; index += 1) await addPod(set);
    for (const pod of [...old, ...present.slice(wanted)])
      await kube.delete(Pods, { namespace, name: pod.metadata.name }, { gracePeriodSeconds: 0 });
    const liveSet = await kube.get(ReplicaSets, { namespace, name: set.metadata.name });
    if (liveSet?.metadata.annotations?.[revisionAnnotation] !== String(revision)) {
      revision += 1;
      const metadata = { annotations: { [revisionAnnotation]: String(revision) } };
      for (const each of sets)
        await kube.mergePatch(
          ReplicaSets,
          { namespace, name: each.metadata.name },
          { spec: { replicas: each === set ? wanted : 0 }, ...(each === set ? { metadata } : {}) },
        );
      await kube.mergePatch(Deployments, key, { metadata });
    }
    await writeStatus();
  };

  const first = await addPod(sets[sets.length - 1] as ReplicaSet);
  await writeStatus();
  return {
    name,
    namespace,
    podName: first.metadata.name,
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

const revisionAnnotation = "deployment.kubernetes.io/revision";
const hashLabel = "pod-template-hash";

const templateOf = (name: string, container: Container): PodTemplate => ({
  metadata: { labels: { app: name } },
  spec: { containers: [container] },
});

/** The label is the ReplicaSet's own. */
const isSameRelease = (a: PodTemplate, b: PodTemplate): boolean => {
  const essence = ({ metadata, spec }: PodTemplate) => ({ annotations: metadata?.annotations ?? {}, containers: spec.containers });
  return jsonEqual(essence(a) as never, essence(b) as never);
};

/** As Kubernetes forms names: an alert that is late names a pod that is gone, and its owner is read from the name. */
const templateHash = (number: number): string =>
  ["7d8f9b5c4", "6c9d8b7f5"][number - 1] ?? `5b7c8d9${hashDigits[number % 10]}${hashDigits[Math.floor(number / 10) % 10]}`;
const hashDigits = "bcdf456789";
const suffix = (number: number): string =>
  `x2x${String(number)
    .padStart(2, "4")
    .replaceAll(/[013]/g, (digit) => ({ "0": "b", "1": "c", "3": "d" })[digit] ?? "")}`;

const replicaSet = (deployment: Deployment, template: PodTemplate, number: number, replicas: number) => {
  const labels = { app: deployment.metadata.name, [hashLabel]: templateHash(number) };
  return {
    apiVersion: "apps/v1",
    kind: "ReplicaSet",
    metadata: {
      name: `${deployment.metadata.name}-${templateHash(number)}`,
      namespace: deployment.metadata.namespace ?? "",
      labels,
      annotations: { [revisionAnnotation]: String(number), "deployment.kubernetes.io/desired-replicas": "1" },
      ownerReferences: [ownedBy(deployment)],
    },
    spec: { replicas, selector: { matchLabels: labels }, template: { ...template, metadata: { ...template.metadata, labels } } },
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
