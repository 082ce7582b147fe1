// Which logs a collection reads: of containers in trouble, workload by workload, then of workloads that run well: those that call them or are called
// by them before the others. Pure.
import { Pods, ReplicaSets, type Pod } from "#api/kubernetes.ts";
import { callersAndCalled } from "#evidence/callers-and-called.ts";
import type { Gather } from "#evidence/gather.ts";
import { logsToRead, type LogToRead } from "#evidence/logs.ts";
import { podState } from "#evidence/pods.ts";
import { controllerOf } from "#api/object.ts";

export interface PodLogToRead extends LogToRead {
  readonly namespace: string;
}

export interface LogChoice {
  readonly max: number;
  /** Of one workload. */
  readonly perWorkload: number;
  /** How many workloads without trouble are read as well because they call one in trouble, or are called by it: their pods complain and stay ready. */
  readonly near: number;
  /** And how many others without trouble. */
  readonly quiet: number;
  /** Their logs come first, in trouble or not. */
  readonly isOwn: (root: string, pod: Pod) => boolean;
}

export const chooseLogs = (gather: Gather, choice: LogChoice): readonly PodLogToRead[] => {
  const groups = new Map<string, Pod[]>();
  for (const pod of gather.of(Pods)) {
    const root = rootOf(gather, pod);
    const group = groups.get(root);
    if (group === undefined) groups.set(root, [pod]);
    else group.push(pod);
  }
  const own: PodLogToRead[] = [];
  const troubled: PodLogToRead[][] = [];
  const quiet: { readonly pod: Pod | undefined; readonly logs: readonly PodLogToRead[] }[] = [];
  const centre: Pod[] = [];
  for (const [root, all] of groups) {
    const pods = all.toSorted((a, b) => (a.metadata.creationTimestamp < b.metadata.creationTimestamp ? -1 : 1));
    const namespace = pods[0]?.metadata.namespace ?? "";
    const wanted = logsToRead(pods.map(podState)).map((log) => ({ ...log, namespace }));
    const isOwn = pods.some((pod) => choice.isOwn(root, pod));
    const read = wanted.length > 0 ? wanted : quietLogs(pods);
    if (isOwn || wanted.length > 0) centre.push(...pods.slice(-1));
    if (isOwn) own.push(...read.slice(0, 2 * choice.perWorkload));
    else if (wanted.length > 0) troubled.push(read.slice(0, choice.perWorkload));
    else quiet.push({ pod: pods.at(-1), logs: read.slice(0, choice.perWorkload) });
  }
  const isNear = callersAndCalled(gather, centre);
  const { near = [], others = [] } = Object.groupBy(quiet, ({ pod }) => (pod !== undefined && isNear(pod) ? "near" : "others"));
  const chosen = [...near.slice(0, choice.near), ...others.slice(0, choice.quiet)];
  return [...own, ...inTurns(troubled), ...chosen.flatMap(({ logs }) => logs)].slice(0, choice.max);
};

/** The first of each before the second of any: with forty failing workloads, a log of each is read. */
const inTurns = (lists: readonly (readonly PodLogToRead[])[]): readonly PodLogToRead[] => {
  const longest = Math.max(0, ...lists.map((list) => list.length));
  return Array.from({ length: longest }, (_, at) => lists.flatMap((list) => list.slice(at, at + 1))).flat();
};

const quietLogs = (pods: readonly Pod[]): readonly PodLogToRead[] => {
  const newest = pods.findLast((pod) => pod.status?.phase === "Running" && pod.metadata.deletionTimestamp === undefined);
  return (newest?.status?.containerStatuses ?? [])
    .filter(({ state }) => state?.running !== undefined)
    .map(({ name }) => ({
      namespace: newest?.metadata.namespace ?? "",
      pod: newest?.metadata.name ?? "",
      container: name,
      run: "current",
    }));
};

const rootOf = (gather: Gather, pod: Pod): string => {
  const owner = controllerOf(pod);
  if (owner === undefined) return pod.metadata.uid;
  const set = owner.kind === "ReplicaSet" ? gather.find(ReplicaSets, { ...namespaceOf(pod), name: owner.name }) : undefined;
  return (set && controllerOf(set)?.uid) ?? owner.uid;
};

const namespaceOf = (pod: Pod): { namespace?: string } =>
  pod.metadata.namespace === undefined ? {} : { namespace: pod.metadata.namespace };
