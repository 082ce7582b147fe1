// GET …/pods/{name}/log: the log of one life of one container, in the words of the registry (pkg/registry/core/pod/strategy.go) and of the
// kubelet (kubelet_pods.go). Reads only.
import { type Stored, at, isRecord, listOf, textOf } from "#embedded/json.ts";
import type { PrintedLine } from "#embedded/nodes/container.ts";
import { badRequest } from "#embedded/status.ts";

/** `linesOf`: what the life with this id has printed. */
export const podLog = (pod: Stored, query: URLSearchParams, linesOf: (lifeId: string) => readonly PrintedLine[]): string => {
  const names = listOf(at(pod, "spec", "containers")).map((item) => textOf(at(item, "name")));
  const name = query.get("container") ?? (names.length === 1 ? names[0] : undefined) ?? "";
  const podName = pod.metadata.name;
  if (name === "") throw badRequest(`a container name must be specified for pod ${podName}, choose one of: [${names.join(" ")}]`);
  if (!names.includes(name)) throw badRequest(`container ${name} is not valid for pod ${podName}`);
  const lines = linesOf(lifeIn(pod, name, query.get("previous") === "true"));
  const [tail, since] = [query.get("tailLines"), query.get("sinceTime")];
  const newest = tail === null ? lines : lines.slice(lines.length - Math.min(lines.length, Number(tail)));
  const kept = since === null ? newest : newest.filter(({ atMs }) => atMs >= Date.parse(since));
  const isStamped = query.get("timestamps") === "true";
  const text = kept.map((line) => `${isStamped ? `${stampOf(line.atMs)} ` : ""}${line.text}\n`).join("");
  const limit = query.get("limitBytes");
  return limit === null ? text : Buffer.from(text).subarray(0, Number(limit)).toString("utf8");
};

/** RFC 3339 with nanoseconds, as the runtime writes it. */
const stampOf = (atMs: number): string => new Date(atMs).toISOString().replace("Z", "000000Z");

const lifeIn = (pod: Stored, name: string, isPrevious: boolean): string => {
  const status = listOf(at(pod, "status", "containerStatuses")).find((item) => at(item, "name") === name);
  const [state, last] = [at(status, "state"), at(status, "lastState", "terminated")];
  const container = `container ${JSON.stringify(name)} in pod ${JSON.stringify(pod.metadata.name)}`;
  if (isPrevious && !isRecord(last)) throw badRequest(`previous terminated ${container} not found`);
  const current = isRecord(at(state, "running")) ? status : at(state, "terminated");
  const shown = isPrevious ? last : (current ?? last);
  const reason = textOf(at(state, "waiting", "reason"));
  if (shown === undefined && reason !== "") throw badRequest(`${container} is waiting to start: ${waitingTexts[reason] ?? reason}`);
  return textOf(at(shown, "containerID")).replace("containerd://", "");
};

const waitingTexts: Readonly<Record<string, string>> = {
  ErrImagePull: "image can't be pulled",
  ImagePullBackOff: "trying and failing to pull image",
};
