// The kubelets of all nodes as one controller of pods: takes each container from stage to stage when it is due, writes the pod's status, and
// ends and removes pods that are deleted. The stages decide; this carries them out.
import { Pods, type Pod } from "#api/kubernetes.ts";
import { keyOf, keyText } from "#api/object.ts";
import type { ControlPlane, Identity } from "#embedded/controllers/control-plane.ts";
import { aboutOf, isFinished } from "#embedded/controllers/owned-pods.ts";
import { writeStatus } from "#embedded/controllers/status.ts";
import type { Behave, Pull } from "#embedded/nodes/behaviour.ts";
import { type Container, type ContainerState, linesOf, type PrintedLine } from "#embedded/nodes/container.ts";
import { newContainer, nextStage, relistMs, type ContainerEvent, type Surroundings } from "#embedded/nodes/container-stages.ts";
import { fullImageName } from "#embedded/nodes/image-pull.ts";
import { launcher } from "#embedded/nodes/launch.ts";
import { kubeletOf, type NodeMachine } from "#embedded/nodes/node-objects.ts";
import { podStatus } from "#embedded/nodes/pod-status.ts";
import { type Controller, until } from "#kube/controller.ts";

export interface KubeletOptions {
  readonly nodes: readonly NodeMachine[];
  readonly behave: Behave;
  readonly pull: Pull;
  readonly maxBackOffMs: number;
}

export interface Kubelet {
  readonly controller: Controller;
  /** What the life with this id has printed. */
  logOf(pod: Pod, lifeId: string): readonly PrintedLine[];
}

/** A pod on its node. */
interface Hosted {
  readonly uid: string;
  readonly node: NodeMachine;
  readonly ip: string;
  readonly startedAtMs: number;
  containers: readonly Container[];
}

export const createKubelet = (plane: ControlPlane, options: KubeletOptions): Kubelet => {
  const { clock, random } = plane;
  const pods = plane.storeOf(Pods);
  const hosted = new Map<string, Hosted>();
  const identities = new Map(options.nodes.map(({ name }) => [name, plane.actAs(kubeletOf(name))]));
  const nodes = new Map(options.nodes.map((node) => [node.name, node]));
  const { launch, missingVolume } = launcher(plane, options.behave);

  const hostedOf = (pod: Pod): Hosted | undefined => {
    const known = hosted.get(keyText(keyOf(pod)));
    if (known?.uid === pod.metadata.uid) return known;
    const node = nodes.get(pod.spec.nodeName ?? "");
    if (node === undefined) return undefined;
    const startedAtMs = clock.now();
    const containers = pod.spec.containers.map((spec) => newContainer(spec, startedAtMs));
    const fresh = { uid: pod.metadata.uid, node, ip: node.nextPodIp(), startedAtMs, containers };
    hosted.set(keyText(keyOf(pod)), fresh);
    return fresh;
  };

  const surroundingsOf = (pod: Pod, host: Hosted, identity: Identity): Surroundings => ({
    nowMs: clock.now(),
    random,
    spec: pod.spec,
    podText: `${pod.metadata.name}_${pod.metadata.namespace ?? ""}(${pod.metadata.uid})`,
    maxBackOffMs: options.maxBackOffMs,
    hasImage: (image) => host.node.images.has(fullImageName(image)),
    pull: (image) => options.pull({ image, namespace: pod.metadata.namespace ?? "" }) ?? {},
    missingVolume: () => missingVolume(pod),
    launch: (container) => launch(pod, container, { node: host.node, podIp: host.ip }, identity.kube),
  });

  /** Takes the container through every stage that is due. Returns when the next one will be. */
  const advance = (pod: Pod, host: Hosted, index: number, identity: Identity): number | undefined => {
    for (;;) {
      const container = host.containers[index] as Container;
      const stage = nextStage(container, surroundingsOf(pod, host, identity));
      if (stage === undefined || stage.dueAtMs > clock.now()) return earliest(stage?.dueAtMs, pollAtMs(container.state, clock.now()));
      if (container.state.is === "pulling" && !container.state.isMissing) host.node.images.add(fullImageName(container.spec.image ?? ""));
      const { container: next, events } = stage.apply();
      host.containers = host.containers.with(index, next);
      for (const event of events) report(pod, identity, event);
    }
  };

  const report = (pod: Pod, { events }: Identity, event: ContainerEvent): void => events.record({ about: aboutOf(pod), ...event });

  const stop = (pod: Pod, host: Hosted, identity: Identity): void => {
    const { deletionGracePeriodSeconds = 30 } = pod.metadata as { deletionGracePeriodSeconds?: number };
    host.containers = host.containers.map((container) => {
      const { spec, state } = container;
      if (state.is !== "running" || state.stop !== undefined) return container;
      report(pod, identity, { type: "Normal", reason: "Killing", message: `Stopping container ${spec.name}` });
      return { ...container, state: { ...state, stop: { atMs: clock.now(), graceMs: deletionGracePeriodSeconds * 1000 } } };
    });
  };

  const reconcile: Controller["reconcile"] = async (key) => {
    const pod = pods.get(key);
    const before = hosted.get(keyText(key));
    if (before !== undefined && before.uid !== pod?.metadata.uid) {
      hosted.delete(keyText(key));
      for (const { state } of before.containers) kill(state);
    }
    const isDeleted = pod?.metadata.deletionTimestamp !== undefined;
    if (pod === undefined || (isFinished(pod) && !isDeleted)) return "rest";
    const host = hostedOf(pod);
    const identity = identities.get(pod.spec.nodeName ?? "");
    if (host === undefined || identity === undefined) return "rest";
    if (isDeleted) stop(pod, host, identity);
    const isAlive = ({ state }: Container): boolean => !isDeleted || state.is === "running";
    const dueAtMs = host.containers.map((container, index) => (isAlive(container) ? advance(pod, host, index, identity) : undefined));
    for (const { state, past } of host.containers)
      if (state.is === "ended") past?.life.program?.abort.abort(new Error("the container has ended"));
    const { node, ip: podIp, startedAtMs, containers } = host;
    const status = podStatus(pod, containers, { nowMs: clock.now(), startedAtMs, hostIp: node.ip, podIp });
    await writeStatus(identity.kube, Pods, pod, status);
    if (isDeleted && !containers.some(({ state }) => state.is === "running")) {
      await identity.kube.delete(Pods, key, { uid: pod.metadata.uid, gracePeriodSeconds: 0 });
      return "rest";
    }
    return until(earliest(...dueAtMs), clock.now());
  };

  return {
    controller: {
      name: "kubelet",
      concurrency: 100,
      watches: [{ store: pods, keysOf: (pod: Pod) => (pod.spec.nodeName === undefined ? [] : [keyOf(pod)]) }],
      reconcile,
    },
    logOf: (pod, lifeId) => {
      for (const { state, past, before } of hosted.get(keyText(keyOf(pod)))?.containers ?? []) {
        if (state.is === "running" && state.life.id === lifeId) return linesOf(state.life, clock.now());
        for (const ended of [past, before]) if (ended?.life.id === lifeId) return linesOf(ended.life, ended.atMs);
      }
      return [];
    },
  };
};

const earliest = (...times: readonly (number | undefined)[]): number | undefined => {
  const known = times.filter((time) => time !== undefined);
  return known.length === 0 ? undefined : Math.min(...known);
};

/** A program of this process ends without a word to the kubelet, which therefore looks. */
const pollAtMs = (state: ContainerState, nowMs: number): number | undefined =>
  state.is === "running" && state.life.program !== undefined ? nowMs + relistMs : undefined;

const kill = (state: ContainerState): void => {
  if (state.is === "running") state.life.program?.abort.abort(new Error("the container was killed"));
};
