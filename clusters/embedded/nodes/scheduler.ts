// Gives every pod without a node one, or says in the scheduler's words why there is none (pkg/scheduler). Looks at waiting pods only, again
// whenever something that might help has changed. No preemption: nothing here is evicted for another.
import { conditionOf, conditionsOf } from "#embedded/conditions.ts";
import type { Change } from "#embedded/object-store.ts";
import { type Stored, at, isRecord, listOf, recordOf, textOf, withValue } from "#embedded/json.ts";
import { keyIn } from "#embedded/object-store.ts";
import type { EventRecorder } from "#embedded/event-recorder.ts";
import type { NodeView, NodeViews } from "#embedded/nodes/node-view.ts";
import { nodeNameOf } from "#embedded/nodes/pod-requests.ts";
import { type Misfit, type VolumeNeed, candidateOf, misfitOf, priorityOf } from "#embedded/nodes/scheduling-filters.ts";
import { bind } from "#embedded/subresources.ts";
import { isFinished } from "#embedded/pod-state.ts";
import { podsOf } from "#embedded/resources.ts";
import { type SystemClient, refusalOf } from "#embedded/system-client.ts";
import type { ServerContext } from "#embedded/server-context.ts";

export interface Scheduler {
  note(change: Change): void;
  /** Tries what is new or may have become possible. */
  run(): void;
}

const schedulerName = "default-scheduler";

export const createScheduler = (world: ServerContext, views: NodeViews, client: SystemClient, events: EventRecorder): Scheduler => {
  const waiting = new Map<string, Stored>();
  const due = new Set<string>();

  const isForUs = (pod: Stored): boolean =>
    nodeNameOf(pod) === "" &&
    pod.metadata.deletionTimestamp === undefined &&
    !isFinished(pod) &&
    at(pod, "spec", "schedulerName") === schedulerName &&
    listOf(at(pod, "spec", "schedulingGates")).length === 0;

  const report = (pod: Stored, type: "Normal" | "Warning", reason: string, message: string): void =>
    events.record({ about: pod, type, reason, message, action: type === "Normal" ? "Binding" : "Scheduling" });

  const place = (pod: Stored): void => {
    const nodes = views.all();
    const claims = claimsOf(world, pod);
    if ("problem" in claims) return refuse(pod, `0/${nodes.length} nodes are available: ${claims.problem}. not found`);
    const candidate = candidateOf(pod, claims.needs);
    const misfits = new Map<string, Misfit>();
    const fitting = nodes.filter((view) => {
      const misfit = misfitOf(candidate, view, nodes);
      if (misfit !== undefined) misfits.set(view.name, misfit);
      return misfit === undefined;
    });
    const best = fitting.toSorted((a, b) => burden(pod, a) - burden(pod, b) || (a.name < b.name ? -1 : 1))[0];
    if (best === undefined)
      return refuse(pod, nodes.length === 0 ? "no nodes available to schedule pods" : unschedulableMessage([...misfits.values()]));
    bind(world, pod, best.name);
    report(pod, "Normal", "Scheduled", `Successfully assigned ${pod.metadata.namespace ?? ""}/${pod.metadata.name} to ${best.name}`);
  };

  const refuse = (pod: Stored, message: string): void => {
    report(pod, "Warning", "FailedScheduling", message);
    const old = recordOf(pod["status"]);
    const before = conditionOf(conditionsOf(pod), "PodScheduled");
    if (at(before, "message") === message) return;
    const condition = {
      type: "PodScheduled",
      status: "False",
      ...(pod.metadata.generation === undefined ? {} : { observedGeneration: pod.metadata.generation }),
      reason: "Unschedulable",
      message,
      lastTransitionTime: at(before, "lastTransitionTime") ?? world.timestamp(),
    };
    refusalOf(() => client.setStatus(pod, withValue(old, ["conditions"], [condition])));
  };

  return {
    note: ({ storageKey, type, object, previous }) => {
      if (storageKey === "/pods") {
        const key = keyIn(object.metadata.namespace, object.metadata.name);
        if (type !== "DELETED" && isForUs(object)) {
          waiting.set(key, object);
          // Our own word about it is no reason to look again.
          if (previous === undefined || nodeNameOf(previous) !== "" || previous["spec"] === undefined || !isSameSpec(previous, object))
            due.add(key);
        } else {
          const wasWaiting = waiting.delete(key);
          if (!wasWaiting && (type === "DELETED" || isFinished(object))) for (const each of waiting.keys()) due.add(each);
        }
      } else if (storageKey === "/nodes" ? isNodeNews(object, previous) : helpful.has(storageKey))
        for (const key of waiting.keys()) due.add(key);
    },
    run: () => {
      if (due.size === 0) return;
      const pods = [...due].flatMap((key) => waiting.get(key) ?? []);
      due.clear();
      for (const pod of pods.toSorted((a, b) => priorityOf(b) - priorityOf(a))) {
        const now = world.find(podsOf, pod.metadata.namespace, pod.metadata.name);
        if (now !== undefined && isForUs(now)) place(now);
      }
    },
  };
};

const helpful = new Set(["/persistentvolumeclaims", "/persistentvolumes", "storage.k8s.io/storageclasses"]);

const isSameSpec = (a: Stored, b: Stored): boolean =>
  a.metadata.generation === b.metadata.generation && a.metadata.labels === b.metadata.labels;

/** Heartbeats are none. */
const isNodeNews = (node: Stored, previous: Stored | undefined): boolean => {
  if (previous === undefined || node.metadata.deletionTimestamp !== undefined) return true;
  const parts = (each: Stored): string => JSON.stringify([each["spec"], each.metadata.labels, at(each, "status", "allocatable")]);
  return parts(node) !== parts(previous);
};

/** Fewest of its own kind first, then the least asked for. */
const burden = (pod: Stored, view: NodeView): number => {
  const owner = pod.metadata.ownerReferences?.[0]?.uid;
  const kin =
    owner === undefined ? 0 : [...view.pods.values()].filter((placed) => placed.pod.metadata.ownerReferences?.[0]?.uid === owner).length;
  const share = (name: string): number => Number(view.requested[name] ?? 0n) / Math.max(1, Number(view.allocatable[name] ?? 1n));
  return kin * 10 + share("cpu") + share("memory") + view.pods.size / 1000;
};

const noClaims = "no new claims to deallocate, preemption:";

/** FitError.Error, and what preemption adds to it. */
export const unschedulableMessage = (misfits: readonly Misfit[]): string => {
  const histogram = (reasons: readonly string[]): string => {
    const counts = new Map<string, number>();
    for (const reason of reasons) counts.set(reason, (counts.get(reason) ?? 0) + 1);
    return [...counts]
      .map(([reason, count]) => `${count} ${reason}`)
      .toSorted()
      .join(", ");
  };
  const total = `0/${misfits.length} nodes are available:`;
  const hopes = misfits.map(({ isResolvable }) =>
    isResolvable ? "No preemption victims found for incoming pod" : "Preemption is not helpful for scheduling",
  );
  return `${total} ${histogram(misfits.flatMap(({ reasons }) => reasons))}. ${noClaims} ${total} ${histogram(hopes)}.`;
};

/** What the pod's claims demand of a node, or what is wrong with them (VolumeBinding's PreFilter). */
const claimsOf = (world: ServerContext, pod: Stored): { readonly needs: readonly VolumeNeed[] } | { readonly problem: string } => {
  const needs: VolumeNeed[] = [];
  for (const volume of listOf(at(pod, "spec", "volumes"))) {
    const reference = at(volume, "persistentVolumeClaim");
    if (!isRecord(reference)) continue;
    const name = textOf(reference["claimName"]);
    const claim = world.find({ group: "", plural: "persistentvolumeclaims" }, pod.metadata.namespace, name);
    if (claim === undefined) return { problem: `persistentvolumeclaim ${JSON.stringify(name)} not found` };
    if (claim.metadata.deletionTimestamp !== undefined)
      return { problem: `persistentvolumeclaim ${JSON.stringify(name)} is being deleted` };
    const bound = textOf(at(claim, "spec", "volumeName"));
    if (bound === "" || at(claim, "status", "phase") !== "Bound") return { problem: "pod has unbound immediate PersistentVolumeClaims" };
    const persistent = world.find({ group: "", plural: "persistentvolumes" }, undefined, bound);
    needs.push({ nodeAffinity: at(persistent, "spec", "nodeAffinity") });
  }
  return { needs };
};
