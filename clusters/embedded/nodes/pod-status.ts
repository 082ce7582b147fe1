// A pod's status as the kubelet writes it (pkg/kubelet/kubelet_pods.go, status/generate.go), from what it knows of the containers. Pure.
import type { ContainerStateDetail, Pod } from "#api/kubernetes.ts";
import type { Container, Ended } from "#embedded/nodes/container.ts";
import { isRestarted } from "#embedded/nodes/container-stages.ts";
import { conditionOf } from "#embedded/controllers/status.ts";
import { sha256 } from "#lib/canonical-json.ts";
import { toTimestamp } from "#lib/clock.ts";

export interface PodFacts {
  readonly nowMs: number;
  readonly startedAtMs: number;
  readonly hostIp: string;
  readonly podIp: string;
}

/** Digest and all, as a registry would resolve the image. */
const imageIdOf = (image: string): string =>
  image.includes("@sha256:") ? image : `${image.replace(/:[^:/]*$/, "")}@sha256:${sha256(image)}`;

const terminated = ({ code, reason, message, life, atMs }: Ended): ContainerStateDetail => ({
  terminated: {
    ...{ exitCode: code, reason, ...(message === "" ? {} : { message }) },
    ...{ startedAt: toTimestamp(life.startedAtMs), finishedAt: toTimestamp(atMs), containerID: `containerd://${life.id}` },
  },
});

const detailOf = ({ state, past }: Container): ContainerStateDetail => {
  if (state.is === "running") return { running: { startedAt: toTimestamp(state.life.startedAtMs) } };
  if (state.is === "ended") return past === undefined ? {} : terminated(past);
  const { reason, message } = state.is === "pulling" ? state.shown : state;
  return { waiting: { reason, ...(message === undefined ? {} : { message }) } };
};

const containerStatus = (container: Container): object => {
  const { spec, state, past, before, restarts } = container;
  const image = spec.image ?? "";
  const life = state.is === "running" ? state.life : past?.life;
  // The last end is what the state shows, unless it shows something newer.
  const last = state.is === "ended" ? before : past;
  const requests = spec.resources?.requests;
  return {
    name: spec.name,
    state: detailOf(container),
    lastState: last === undefined ? {} : terminated(last),
    ready: state.is === "running" && state.isReady,
    restartCount: restarts,
    image,
    imageID: life === undefined ? "" : imageIdOf(image),
    ...(life === undefined ? {} : { containerID: `containerd://${life.id}`, resources: spec.resources ?? {} }),
    ...(life === undefined || requests === undefined ? {} : { allocatedResources: requests }),
    started: state.is === "running",
  };
};

type Phase = "Pending" | "Running" | "Succeeded" | "Failed";

/** getPhase. */
const phaseOf = ({ metadata, spec }: Pod, containers: readonly Container[]): Phase => {
  const isStopped = metadata.deletionTimestamp !== undefined && containers.every(({ state }) => state.is !== "running");
  const isOver = ({ state, past }: Container): boolean => state.is === "ended" && (isStopped || !isRestarted(spec, past?.code));
  if (isStopped || containers.every(isOver))
    return containers.every(({ state, past }) => state.is === "ended" && past?.code === 0) ? "Succeeded" : "Failed";
  return containers.some(({ state, past }) => state.is !== "running" && past === undefined) ? "Pending" : "Running";
};

type Reading = readonly [type: string, status: "True" | "False", reason?: string | undefined, message?: string | undefined];

export const podStatus = (pod: Pod, containers: readonly Container[], facts: PodFacts): NonNullable<Pod["status"]> => {
  const phase = phaseOf(pod, containers);
  const unready = containers.filter(({ state }) => state.is !== "running" || !state.isReady).map(({ spec }) => spec.name);
  const hasSandbox = containers.some(({ state }) => state.is !== "waiting" || state.reason !== "ContainerCreating");
  const isOver = phase === "Succeeded" || phase === "Failed";
  const isReady = unready.length === 0 && !isOver;
  const [reason, message] = isOver
    ? [phase === "Succeeded" ? "PodCompleted" : "PodFailed"]
    : isReady
      ? []
      : ["ContainersNotReady", `containers with unready status: [${unready.join(" ")}]`];
  const readings: readonly Reading[] = [
    ["PodReadyToStartContainers", hasSandbox && !isOver ? "True" : "False"],
    ["Initialized", "True", phase === "Succeeded" ? "PodCompleted" : undefined],
    ["Ready", isReady ? "True" : "False", reason, message],
    ["ContainersReady", isReady ? "True" : "False", reason, message],
    ["PodScheduled", "True"],
  ];
  const own = new Set(readings.map(([type]) => type));
  const others = (pod.status?.conditions ?? []).filter(({ type }) => !own.has(type));
  return {
    ...pod.status,
    ...generationOf(pod),
    phase,
    conditions: [...readings.map((reading) => conditionFrom(pod, reading, facts.nowMs)), ...others],
    hostIP: facts.hostIp,
    hostIPs: [{ ip: facts.hostIp }],
    ...(hasSandbox ? { podIP: facts.podIp, podIPs: [{ ip: facts.podIp }] } : {}),
    startTime: pod.status?.startTime ?? toTimestamp(facts.startedAtMs),
    containerStatuses: containers.map(containerStatus),
  } as NonNullable<Pod["status"]>;
};

const generationOf = ({ metadata }: Pod): object => (metadata.generation === undefined ? {} : { observedGeneration: metadata.generation });

const conditionFrom = (pod: Pod, [type, status, reason, message]: Reading, nowMs: number) => {
  const before = conditionOf(pod.status?.conditions, type);
  return {
    ...{ type, status, ...generationOf(pod) },
    ...(reason === undefined ? {} : { reason }),
    ...(message === undefined ? {} : { message }),
    lastTransitionTime: before?.status === status ? (before.lastTransitionTime ?? "") : toTimestamp(nowMs),
  };
};
