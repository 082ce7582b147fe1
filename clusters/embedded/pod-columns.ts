// What `kubectl get pods` says of a pod in a word: printPod of pkg/printers/internalversion. Pure.
import { isTrue } from "#embedded/conditions.ts";
import { type Stored, at, isRecord, listOf, numberOf, textOf } from "#embedded/json.ts";

const mainOf = (pod: Stored): readonly unknown[] => listOf(at(pod, "status", "containerStatuses"));
const initsOf = (pod: Stored): readonly unknown[] => listOf(at(pod, "status", "initContainerStatuses"));

/** An init container that stays. */
const isSidecar = (pod: Stored, status: unknown): boolean =>
  listOf(at(pod, "spec", "initContainers")).some(
    (spec) => at(spec, "name") === at(status, "name") && at(spec, "restartPolicy") === "Always",
  );

const counted = (pod: Stored): readonly unknown[] => [...mainOf(pod), ...initsOf(pod).filter((status) => isSidecar(pod, status))];

export const podReady = (pod: Stored): string => {
  const sidecars = listOf(at(pod, "spec", "initContainers")).filter((spec) => at(spec, "restartPolicy") === "Always");
  const ready = counted(pod).filter((status) => at(status, "ready") === true && isRecord(at(status, "state", "running")));
  return `${ready.length}/${listOf(at(pod, "spec", "containers")).length + sidecars.length}`;
};

const endOf = (state: unknown): string => {
  const ended = at(state, "terminated");
  if (!isRecord(ended)) return "";
  const signal = numberOf(ended["signal"]) ?? 0;
  return textOf(ended["reason"]) || (signal === 0 ? `ExitCode:${numberOf(ended["exitCode"]) ?? 0}` : `Signal:${signal}`);
};

/** What the first init container that is not done keeps everything else from. */
const initStatus = (pod: Stored): string | undefined => {
  const statuses = initsOf(pod);
  for (const [index, status] of statuses.entries()) {
    const state = at(status, "state");
    if (at(state, "terminated", "exitCode") === 0) continue;
    if (isSidecar(pod, status) && at(status, "started") === true) continue;
    const waiting = textOf(at(state, "waiting", "reason"));
    const word = endOf(state) || (waiting === "PodInitializing" ? "" : waiting);
    return `Init:${word === "" ? `${index}/${listOf(at(pod, "spec", "initContainers")).length}` : word}`;
  }
  return undefined;
};

export const podStatus = (pod: Stored): string => {
  const phase = textOf(at(pod, "status", "phase"));
  const isOver = phase === "Succeeded" || phase === "Failed";
  if (pod.metadata.deletionTimestamp !== undefined && !isOver)
    return textOf(at(pod, "status", "reason")) === "NodeLost" ? "Unknown" : "Terminating";
  const starting = initStatus(pod);
  if (starting !== undefined) return starting;
  let word = textOf(at(pod, "status", "reason")) || phase;
  let isRunning = false;
  // The first container has the last word.
  for (const status of mainOf(pod).toReversed()) {
    const own = textOf(at(status, "state", "waiting", "reason")) || endOf(at(status, "state"));
    if (own !== "") word = own;
    else if (at(status, "ready") === true && isRecord(at(status, "state", "running"))) isRunning = true;
  }
  return word === "Completed" && isRunning ? (isTrue(pod, "Ready") ? "Running" : "NotReady") : word;
};

/** With the time of the last one, where it is known. */
export const podRestarts = (pod: Stored, ago: (ms: number) => string): string => {
  const statuses = counted(pod);
  const count = statuses.reduce<number>((sum, status) => sum + (numberOf(at(status, "restartCount")) ?? 0), 0);
  const ends = statuses
    .map((status) => Date.parse(textOf(at(status, "lastState", "terminated", "finishedAt"))))
    .filter((ms) => !Number.isNaN(ms));
  return count > 0 && ends.length > 0 ? `${count} (${ago(Math.max(...ends))} ago)` : String(count);
};
