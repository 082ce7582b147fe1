// Which containers do not run, how, and since when. Pure; the alert is not looked at.
import type { View, Workload } from "#diagnosis/view.ts";
import { podStates } from "#diagnosis/workload-states.ts";
import type { ContainerState, PodState, RunState } from "#evidence/pods.ts";
import { fromTimestamp } from "#lib/clock.ts";

export interface Failure {
  readonly pod: PodState;
  readonly container: ContainerState;
  readonly mode: "crashes" | "cannotStart" | "cannotPull";
  /** In Kubernetes' words: Error, OOMKilled, ImagePullBackOff … */
  readonly reason: string;
  /** How its last run ended. */
  readonly ended?: RunState;
  readonly ranMs?: number;
}

const pullReasons: ReadonlySet<string> = new Set([
  "ErrImagePull",
  "ImagePullBackOff",
  "InvalidImageName",
  "ErrImageNeverPull",
  "ImageInspectError",
  "RegistryUnavailable",
  "SignatureValidationFailed",
]);
const startReasons: ReadonlySet<string> = new Set([
  "CreateContainerConfigError",
  "CreateContainerError",
  "RunContainerError",
  "PreCreateHookError",
  "PostStartHookError",
]);
/** How a run ends that has never begun: the program is missing, its directory is, it may not be executed. */
const neverRanReasons: ReadonlySet<string> = new Set(["StartError", "ContainerCannotRun"]);

/** A container that runs now but ended within this time is not well yet. */
export const recentMs = 10 * 60_000;

export const failuresOf = (view: View, workload: Workload): readonly Failure[] => view.once(findFailures, workload);

const findFailures = (view: View, workload: Workload): readonly Failure[] =>
  podStates(view, workload)
    .filter((pod) => !pod.isDeleting)
    .flatMap((pod) => pod.containers.map((container) => failureOf(pod, container, view.now)).filter((failure) => failure !== undefined));

const failureOf = (pod: PodState, container: ContainerState, now: number): Failure | undefined => {
  const { state, last } = container;
  const reason = state.reason ?? "";
  if (state.kind === "waiting") {
    if (pullReasons.has(reason)) return { pod, container, mode: "cannotPull", reason };
    if (startReasons.has(reason)) return { pod, container, mode: "cannotStart", reason, ...endOf(last) };
    if (reason === "CrashLoopBackOff" && last !== undefined) return crash(pod, container, last);
    return undefined;
  }
  if (state.kind === "terminated") {
    const isTrouble = state.exitCode !== 0 || (container.role === "main" && container.restarts > 0);
    return isTrouble ? crash(pod, container, state) : undefined;
  }
  const ended = at(last?.finishedAt);
  if (last?.kind === "terminated" && container.role === "main" && ended !== undefined && now - ended <= recentMs)
    return crash(pod, container, last);
  return undefined;
};

const crash = (pod: PodState, container: ContainerState, ended: RunState): Failure => ({
  pod,
  container,
  mode: neverRanReasons.has(ended.reason ?? "") ? "cannotStart" : "crashes",
  reason: ended.reason ?? "Error",
  ...endOf(ended),
});

const endOf = (ended: RunState | undefined): Pick<Failure, "ended" | "ranMs"> => {
  if (ended?.kind !== "terminated") return {};
  const [from, to] = [at(ended.startedAt), at(ended.finishedAt)];
  return { ended, ...(from === undefined || to === undefined ? {} : { ranMs: Math.max(0, to - from) }) };
};

const at = fromTimestamp;

/** Events that say that a container does not run. */
const failureEvents: ReadonlySet<string> = new Set(["BackOff", "Failed", "InspectFailed", "ErrImageNeverPull"]);

/**
 * The earliest sign that these containers fail, epoch milliseconds: their last ends, and the events of all pods that `makers` made, gone ones
 * included. What came before the earliest sign is not known: restarts leave no other trace.
 */
export const firstFailureAt = (
  view: View,
  workload: Workload,
  failures: readonly Failure[],
  makers: readonly string[],
): number | undefined => {
  const ends = failures.flatMap(({ container, ended }) => [at(ended?.finishedAt), at(container.last?.finishedAt)]);
  const events = view
    .eventsAround(workload)
    .filter((event) => event.type === "Warning" && failureEvents.has(event.reason))
    .filter((event) => makers.some((maker) => event.object.includes(`/${maker}-`)))
    .map((event) => at(event.firstAt));
  // A container that never ran has failed since its pod was made.
  const births = failures.filter(({ mode, ended }) => mode !== "crashes" && ended === undefined).map(({ pod }) => at(pod.createdAt));
  const times = [...ends, ...events, ...births].filter((time) => time !== undefined);
  return times.length === 0 ? undefined : Math.min(...times);
};

/** The longest pause between two restarts is 5 minutes; a run of its own takes some time. */
const restartPaceMs = 6.5 * 60_000;

/** Whether so many restarts fill the time from `from` to `to`, so that it has crashed all the while. */
export const restartsFill = (failures: readonly Failure[], from: number, to: number): boolean =>
  failures.some(({ container }) => container.restarts > 3 && container.restarts * restartPaceMs >= to - from);

/** A program that ends this soon has hardly begun its work. */
const soonMs = 60_000;

export const endsSoon = ({ ranMs }: Failure): boolean | "unknown" => (ranMs === undefined ? "unknown" : ranMs <= soonMs);

/** Whether every pod of the failing revisions fails. */
export const allFail = (view: View, workload: Workload, failures: readonly Failure[]): boolean => {
  const failing = new Set(failures.map(({ pod }) => pod.name));
  const owners = new Set(failures.map(({ pod }) => pod.owner));
  return podStates(view, workload).every(({ name, owner, isDeleting }) => isDeleting || !owners.has(owner) || failing.has(name));
};

/** A pod that has been ready for so long has completed its start. */
const steadyMs = 60_000;

/** Pods that run well: ready for a while, never restarted. */
export const steadyPods = (view: View, workload: Workload): readonly PodState[] =>
  podStates(view, workload).filter((pod) => {
    const since = at(pod.readySince);
    return (
      !pod.isDeleting &&
      pod.isReady &&
      since !== undefined &&
      view.now - since >= steadyMs &&
      pod.containers.every(({ restarts }) => restarts === 0)
    );
  });
