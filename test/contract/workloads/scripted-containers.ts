// A container of a workload case, described twice: as a script for real nodes, and as a behaviour for embedded ones. The behaviour travels in the
// container's environment, which no script reads.
import type { Behave, Behaviour } from "#embedded/nodes/behaviour.ts";
import { type Body, ok } from "#test/contract/cluster.ts";
import { core, type Part } from "#test/contract/samples.ts";
import { workloadImage } from "#test/contract/workloads/programs.ts";
import { untilObject, type WorkloadCluster } from "#test/contract/workloads/workload-cluster.ts";

const variable = "DOES";

export const scripted = (script: string, behaviour: Behaviour, extra: Part = {}): Part => {
  const { env = [], ...rest } = extra as { env?: readonly Part[] };
  const does = { name: variable, value: JSON.stringify(behaviour).replaceAll("$(", "$$(") };
  return { name: "web", image: workloadImage, command: ["sh", "-c", script], env: [does, ...env], ...rest };
};

/** For the embedded nodes. In what it prints, `${NAME}` is of the environment and `@{/path}` the content of a file. */
export const behaveAsScripted: Behave = ({ env, files }) => {
  const text = env[variable];
  if (text === undefined) return undefined;
  const { log = [], ...rest } = JSON.parse(text) as Behaviour;
  const filled = (line: string): string =>
    line
      .replaceAll(/\$\{(\w+)\}/g, (_, name: string) => env[name] ?? "")
      .replaceAll(/@\{([^}]+)\}/g, (_, path: string) => files[path] ?? "");
  return { ...rest, log: log.map((line) => (typeof line === "string" ? filled(line) : { ...line, text: filled(line.text) })) };
};

/** Runs until it is stopped, and ends at once then. */
export const runs = (extra: Part = {}): Part => scripted("trap 'exit 0' TERM; sleep 3600 & wait", { onTerm: { code: 0 } }, extra);

export const podOf = (container: Part | readonly Part[], spec: Part = {}, metadata: Part = {}): Part => ({
  metadata: { name: "a", ...metadata },
  spec: { terminationGracePeriodSeconds: 1, containers: Array.isArray(container) ? container : [container], ...spec },
});

export const createPod = (cluster: WorkloadCluster, namespace: string, pod: Part): Promise<Body> =>
  ok(cluster.create(core(namespace, "pods"), pod));

export const untilPod = (cluster: WorkloadCluster, namespace: string, fits: (pod: Body) => boolean, name = "a"): Promise<Body> =>
  untilObject(cluster, core(namespace, "pods"), name, fits);

export interface Terminated {
  readonly exitCode: number;
  readonly reason: string;
  readonly message?: string;
  readonly startedAt: string;
  readonly finishedAt: string;
}
export interface ContainerStatus {
  readonly name: string;
  readonly ready: boolean;
  readonly started: boolean;
  readonly restartCount: number;
  readonly containerID?: string;
  readonly state: State;
  readonly lastState: State;
}
export interface State {
  readonly waiting?: { readonly reason: string; readonly message?: string };
  readonly running?: { readonly startedAt: string };
  readonly terminated?: Terminated;
}

export const containerOf = (pod: Body, name = "web", list = "containerStatuses"): ContainerStatus | undefined =>
  ((pod.status[list] ?? []) as readonly ContainerStatus[]).find((status) => status.name === name);

export const isWaiting =
  (reason: string, name = "web") =>
  (pod: Body): boolean =>
    containerOf(pod, name)?.state.waiting?.reason === reason;

export const isRunning = (pod: Body): boolean => containerOf(pod)?.state.running !== undefined;

export const hasPhase =
  (phase: string) =>
  (pod: Body): boolean =>
    pod.status["phase"] === phase;

export const hasRestarted =
  (times: number) =>
  (pod: Body): boolean =>
    (containerOf(pod)?.restartCount ?? 0) >= times;
