// What the failing containers of one object say last: read when a repair has failed, before its undo replaces the pods. Bounded and redacted;
// what cannot be read is left out, and nothing is thrown.
import type { Reference } from "#api/fields.ts";
import { Pods, ReplicaSets, type Pod } from "#api/kubernetes.ts";
import { controllerOf, type KubeObject, type Need } from "#api/object.ts";
import { completeTarget, uidsAbove } from "#evidence/around-target.ts";
import { createBudget } from "#evidence/budget.ts";
import type { PodLog } from "#evidence/evidence.ts";
import { type ClusterReader, createGather, type Gather } from "#evidence/gather.ts";
import { logsToRead } from "#evidence/logs.ts";
import { podState } from "#evidence/pods.ts";
import { readLogs } from "#evidence/read-logs.ts";
import type { Clock } from "#lib/clock.ts";

const limits = { calls: 14, bytes: 2_000_000, ms: 5_000 };
const extent = { callTimeoutMs: 3_000, pageSize: 100, answerBytes: 4_000_000, maxObjects: 200 };
const logsAtMost = 2;

/** Besides the right to read the object itself. */
export const needs: readonly Need[] = [
  { group: "", resource: Pods.plural, verbs: ["list"], scope: "cluster" },
  { group: "apps", resource: ReplicaSets.plural, verbs: ["list"], scope: "cluster" },
  { group: "", resource: "pods/log", verbs: ["get"], scope: "cluster" },
];

/** Of the newest pods first. */
export const failingLogs = async (
  reader: ClusterReader,
  clock: Clock,
  target: Reference,
  signal: AbortSignal,
): Promise<readonly PodLog[]> => {
  const { namespace } = target;
  if (namespace === undefined) return [];
  const budget = createBudget(clock, limits, signal);
  try {
    const gather = createGather(reader, { ...extent, budget });
    await completeTarget(gather, target);
    const wanted = logsToRead(podsOf(gather, target).map(podState)).slice(0, logsAtMost);
    const toRead = { wanted: wanted.map((log) => ({ ...log, namespace })), nowMs: clock.now(), earlier: 0 };
    return await readLogs(reader, gather, budget, toRead);
  } finally {
    budget.stop();
  }
};

/** Oldest first. */
const podsOf = (gather: Gather, target: Reference): readonly Pod[] => {
  const own = uidsAbove(gather, target);
  const sets = gather.of(ReplicaSets).filter((set) => isOwnedBy(own, set));
  const makers = new Set([...own, ...sets.map(({ metadata }) => metadata.uid)]);
  return gather
    .of(Pods)
    .filter((pod) => makers.has(pod.metadata.uid) || isOwnedBy(makers, pod))
    .toSorted((a, b) => (a.metadata.creationTimestamp < b.metadata.creationTimestamp ? -1 : 1));
};

const isOwnedBy = (uids: ReadonlySet<string>, object: KubeObject): boolean => uids.has(controllerOf(object)?.uid ?? "");
