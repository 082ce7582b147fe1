// GET …/pods/{name}/log: which container's which life, and what of it, in the words of the registry (pkg/registry/core/pod/strategy.go) and of
// the kubelet (kubelet_pods.go). Reads only.
import { type Stored, at, isRecord, listOf, textOf } from "#embedded/json.ts";
import type { Remains } from "#embedded/nodes/container-run.ts";
import type { PodWorker } from "#embedded/nodes/pod-worker.ts";
import { badRequest } from "#embedded/status.ts";

export const podLog = (pod: Stored, worker: PodWorker | undefined, query: URLSearchParams, nowMs: number): string => {
  const names = (field: string): string[] => listOf(at(pod, "spec", field)).map((item) => textOf(at(item, "name")));
  const [main, inits] = [names("containers"), names("initContainers")];
  const name = query.get("container") ?? (main.length === 1 && inits.length === 0 ? main[0] : undefined) ?? "";
  const podName = pod.metadata.name;
  if (name === "") {
    throw badRequest(`a container name must be specified for pod ${podName}, choose one of: [${[...inits, ...main].join(" ")}]`);
  }
  if (![...main, ...inits].includes(name)) throw badRequest(`container ${name} is not valid for pod ${podName}`);
  const run = runOf(pod, worker, name, query.get("previous") === "true");
  return run === undefined ? "" : printed(run, query, nowMs);
};

const runOf = (pod: Stored, worker: PodWorker | undefined, name: string, isPrevious: boolean): Remains | undefined => {
  const statuses = [...listOf(at(pod, "status", "containerStatuses")), ...listOf(at(pod, "status", "initContainerStatuses"))];
  const status = statuses.find((item) => at(item, "name") === name);
  const [state, last] = [at(status, "state"), at(status, "lastState", "terminated")];
  const place = `container ${JSON.stringify(name)} in pod ${JSON.stringify(pod.metadata.name)}`;
  if (isPrevious && !isRecord(last)) throw badRequest(`previous terminated ${place} not found`);
  if (!isPrevious && !isRecord(last) && !isRecord(at(state, "running")) && !isRecord(at(state, "terminated"))) {
    if (status === undefined) return undefined;
    const reason = textOf(at(state, "waiting", "reason"));
    throw badRequest(`${place} is waiting to start: ${waitingWords[reason] ?? reason}`);
  }
  const id = textOf(
    at(isPrevious ? last : (at(state, "terminated") ?? (isRecord(at(state, "running")) ? status : last)), "containerID"),
  ).replace("containerd://", "");
  const unit = worker?.units.find((each) => each.name === name);
  return [unit?.run, unit?.ended?.run, unit?.endedBefore?.run].find((run) => run?.id === id);
};

const waitingWords: Readonly<Record<string, string>> = {
  ErrImagePull: "image can't be pulled",
  ImagePullBackOff: "trying and failing to pull image",
};

const printed = (run: Remains, query: URLSearchParams, nowMs: number): string => {
  const seconds = query.get("sinceSeconds");
  const sinceMs = seconds !== null ? nowMs - Number(seconds) * 1000 : Date.parse(query.get("sinceTime") ?? "") || 0;
  const lines = run.log.lines().filter(({ atMs }) => atMs >= sinceMs);
  const tail = query.get("tailLines");
  const kept = tail === null ? lines : Number(tail) === 0 ? [] : lines.slice(-Number(tail));
  const isStamped = query.get("timestamps") === "true";
  const text = kept
    .map((line) => `${isStamped ? `${new Date(line.atMs).toISOString().replace("Z", "000000Z")} ` : ""}${line.text}\n`)
    .join("");
  const limit = query.get("limitBytes");
  return limit === null ? text : Buffer.from(text).subarray(0, Number(limit)).toString("utf8");
};
