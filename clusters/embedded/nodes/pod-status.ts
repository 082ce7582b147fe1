// A pod's status as the kubelet writes it (pkg/kubelet/kubelet_pods.go, status/generate.go), out of what it knows of the containers. Pure.
import { sha256 } from "#lib/canonical-json.ts";
import { toTimestamp } from "#lib/clock.ts";
import { conditionOf, conditionsOf } from "#embedded/conditions.ts";
import { type JsonRecord, type Stored, at, listOf, recordOf, textOf } from "#embedded/json.ts";
import { type PastRun, type Unit, isInitialized, shouldRun } from "#embedded/nodes/unit.ts";

export interface PodFacts {
  readonly nowMs: number;
  readonly startedAtMs: number;
  readonly hostIp: string;
  readonly podIp: string | undefined;
  /** All that ran has been stopped for good. */
  readonly isFinished: boolean;
  /** The end that somebody decreed: eviction, a deadline. */
  readonly verdict?: { readonly reason: string; readonly message: string } | undefined;
}

export const imageIdOf = (image: string): string => {
  const name = image.includes("@") ? image.slice(0, image.indexOf("@")) : image.replace(/:[^:/]*$/, "");
  return image.includes("@sha256:") ? image : `${name}@sha256:${sha256(image)}`;
};

const terminated = (past: PastRun): JsonRecord => ({
  terminated: {
    exitCode: past.code,
    reason: past.reason,
    ...(past.message === "" ? {} : { message: past.message }),
    startedAt: toTimestamp(past.run.startedAtMs),
    finishedAt: toTimestamp(past.finishedAtMs),
    containerID: `containerd://${past.run.id}`,
  },
});

const containerStatus = (unit: Unit, spec: JsonRecord): JsonRecord => {
  const image = textOf(unit.spec["image"]);
  const newest = unit.run ?? unit.ended?.run;
  const isHeldBack = unit.run === undefined && unit.obstacle !== undefined && shouldRun(unit, spec);
  const state =
    unit.run !== undefined
      ? { running: { startedAt: toTimestamp(unit.run.startedAtMs) } }
      : isHeldBack
        ? { waiting: { reason: unit.obstacle?.reason, message: unit.obstacle?.message } }
        : unit.ended !== undefined
          ? terminated(unit.ended)
          : { waiting: { reason: hasInits(spec) ? "PodInitializing" : "ContainerCreating" } };
  const requests = at(unit.spec, "resources", "requests");
  // The last end is what the state shows, unless it shows something newer.
  const before = unit.run !== undefined || isHeldBack ? unit.ended : unit.endedBefore;
  return {
    name: unit.name,
    state,
    lastState: before === undefined ? {} : terminated(before),
    ready: unit.role === "init" ? unit.run === undefined && unit.ended?.code === 0 : unit.run !== undefined && unit.isReady,
    restartCount: unit.restarts,
    image,
    imageID: newest === undefined ? "" : imageIdOf(image),
    ...(newest === undefined ? {} : { containerID: `containerd://${newest.id}`, resources: unit.spec["resources"] ?? {} }),
    ...(newest === undefined || requests === undefined ? {} : { allocatedResources: requests }),
    started: unit.run !== undefined && unit.isStarted,
  };
};

const hasInits = (spec: JsonRecord): boolean => listOf(spec["initContainers"]).length > 0;

/** getPhase. */
const phaseOf = (units: readonly Unit[], spec: JsonRecord, facts: PodFacts): string => {
  if (facts.verdict !== undefined) return "Failed";
  const inits = units.filter(({ role }) => role === "init");
  const main = units.filter(({ role }) => role === "main");
  const policy = textOf(spec["restartPolicy"]);
  if (policy === "Never" && inits.some(({ run, ended }) => run === undefined && ended !== undefined && ended.code !== 0)) return "Failed";
  const isEnded = ({ run, ended }: Unit): boolean => run === undefined && ended !== undefined;
  const succeeded = main.filter((unit) => isEnded(unit) && unit.ended?.code === 0).length;
  const stopped = main.filter(isEnded).length;
  if (facts.isFinished) return main.length > 0 && succeeded === main.length ? "Succeeded" : "Failed";
  if (inits.some(({ run, ended }) => run !== undefined || ended?.code !== 0)) return "Pending";
  if (units.some(({ role, run }) => role === "sidecar" && run === undefined) && stopped === 0 && main.every(({ run }) => run === undefined))
    return "Pending";
  if (main.some(({ run, ended }) => run === undefined && ended === undefined)) return "Pending";
  if (main.some(({ run }) => run !== undefined) || policy === "Always") return "Running";
  if (succeeded === stopped) return "Succeeded";
  return policy === "Never" ? "Failed" : "Running";
};

export const podStatus = (pod: Stored, units: readonly Unit[], facts: PodFacts): JsonRecord => {
  const spec = recordOf(pod["spec"]);
  const old = recordOf(pod["status"]);
  const phase = phaseOf(units, spec, facts);
  const inits = units.filter(({ role }) => role !== "main");
  const main = units.filter(({ role }) => role === "main");
  const isDone = phase === "Succeeded" || phase === "Failed";
  const uninitialized = inits.filter((unit) => !isInitialized(unit));
  const unready = units.filter(({ role, run, isReady }) => role !== "init" && !(run !== undefined && isReady));
  const initialized =
    uninitialized.length === 0 || phase === "Succeeded"
      ? (["True", phase === "Succeeded" ? "PodCompleted" : "", ""] as const)
      : ([
          "False",
          "ContainersNotInitialized",
          `containers with incomplete status: [${uninitialized.map(({ name }) => name).join(" ")}]`,
        ] as const);
  const containersReady =
    phase === "Succeeded"
      ? (["False", "PodCompleted", ""] as const)
      : phase === "Failed"
        ? (["False", "PodFailed", ""] as const)
        : unready.length === 0
          ? (["True", "", ""] as const)
          : (["False", "ContainersNotReady", `containers with unready status: [${unready.map(({ name }) => name).join(" ")}]`] as const);
  const hasSandbox = facts.podIp !== undefined && !facts.isFinished && !isDone;
  const own = [
    condition(facts, pod, "PodReadyToStartContainers", [hasSandbox ? "True" : "False", "", ""]),
    condition(facts, pod, "Initialized", initialized),
    condition(facts, pod, "Ready", containersReady),
    condition(facts, pod, "ContainersReady", containersReady),
    condition(facts, pod, "PodScheduled", ["True", "", ""]),
  ];
  const names = new Set(own.map(({ type }) => type));
  const others = listOf(old["conditions"]).filter((item) => !names.has(at(item, "type")));
  const statusesOf = (list: readonly Unit[]): JsonRecord[] => list.map((unit) => containerStatus(unit, spec));
  return {
    ...(pod.metadata.generation === undefined ? {} : { observedGeneration: pod.metadata.generation }),
    phase,
    conditions: [...own, ...others],
    ...(facts.verdict === undefined ? {} : { ...facts.verdict }),
    hostIP: facts.hostIp,
    hostIPs: [{ ip: facts.hostIp }],
    ...(facts.podIp === undefined ? {} : { podIP: facts.podIp, podIPs: [{ ip: facts.podIp }] }),
    startTime: textOf(old["startTime"]) || toTimestamp(facts.startedAtMs),
    ...(inits.length === 0 ? {} : { initContainerStatuses: statusesOf(inits) }),
    containerStatuses: statusesOf(main),
    qosClass: old["qosClass"],
  };
};

type Reading = readonly [status: string, reason: string, message: string];

const condition = ({ nowMs }: PodFacts, pod: Stored, type: string, [status, reason, message]: Reading): JsonRecord => {
  const before = conditionOf(conditionsOf(pod), type);
  return {
    type,
    status,
    ...(pod.metadata.generation === undefined ? {} : { observedGeneration: pod.metadata.generation }),
    ...(reason === "" ? {} : { reason }),
    ...(message === "" ? {} : { message }),
    lastTransitionTime: at(before, "status") === status ? at(before, "lastTransitionTime") : toTimestamp(nowMs),
  };
};
