// What the node controller and the taint manager make of a machine that says nothing any more: Unknown after the grace, tainted, its pods not
// ready, and evicted when they tolerate it no longer (pkg/controller/nodelifecycle, tainteviction). Also the end of pods whose node is deleted.
import type { Clock } from "#lib/clock.ts";
import type { Change } from "#embedded/object-store.ts";
import { conditionsOf, isTrue, replaced } from "#embedded/conditions.ts";
import { type JsonRecord, type Stored, at, listOf, numberOf, recordOf, textOf, withValue } from "#embedded/json.ts";
import type { EventRecorder } from "#embedded/event-recorder.ts";
import type { NodeViews } from "#embedded/nodes/node-view.ts";
import { tolerates } from "#embedded/nodes/scheduling-filters.ts";
import { nodesOf, podsOf } from "#embedded/resources.ts";
import { type SystemClient, refusalOf } from "#embedded/system-client.ts";
import type { World } from "#embedded/world.ts";

export interface NodeLifecycle {
  note(change: Change): void;
  run(): void;
  /** The machine has just fallen silent, or speaks again. */
  silent(name: string): void;
  speaking(name: string): void;
}

export interface LifecycleDeps {
  readonly world: World;
  readonly clock: Clock;
  readonly views: NodeViews;
  readonly client: SystemClient;
  readonly nodeEvents: EventRecorder;
  readonly taintEvents: EventRecorder;
}

/** From a kubelet's silence to NotReady: --node-monitor-grace-period. */
const graceMs = 50_000;
const unreachable = "node.kubernetes.io/unreachable";

export const createNodeLifecycle = (deps: LifecycleDeps): NodeLifecycle => {
  const { world, clock, views, client } = deps;
  const waits = new Map<string, () => void>();
  const evictions = new Map<string, () => void>();
  const due = new Set<string>();

  const nodeOf = (name: string): Stored | undefined => world.find(nodesOf, undefined, name);

  const markUnknown = (name: string): void => {
    waits.delete(name);
    const node = nodeOf(name);
    if (node === undefined) return;
    const now = world.timestamp();
    const conditions = conditionsOf(node).map((item) => ({
      ...item,
      status: "Unknown",
      reason: "NodeStatusUnknown",
      message: "Kubelet stopped posting node status.",
      lastTransitionTime: now,
    }));
    refusalOf(() => client.setStatus(node, { ...recordOf(node["status"]), conditions }));
    deps.nodeEvents.record({ about: node, type: "Normal", reason: "NodeNotReady", message: `Node ${name} status is now: NodeNotReady` });
    for (const { pod } of podsOn(name)) markNotReady(pod);
    setTaints(name, (taints) => [
      ...taints.filter((taint) => taint["key"] !== unreachable),
      { key: unreachable, effect: "NoSchedule", timeAdded: now },
      { key: unreachable, effect: "NoExecute", timeAdded: now },
    ]);
  };

  const podsOn = (name: string): readonly { readonly pod: Stored }[] => [
    ...(views
      .all()
      .find((view) => view.name === name)
      ?.pods.values() ?? []),
  ];

  const markNotReady = (pod: Stored): void => {
    if (!isTrue(pod, "Ready")) return;
    const changed = conditionsOf(pod).map((item) =>
      item["type"] === "Ready" ? { ...item, status: "False", lastTransitionTime: world.timestamp() } : item,
    );
    refusalOf(() => client.setStatus(pod, { ...recordOf(pod["status"]), conditions: changed }));
    deps.nodeEvents.record({ about: pod, type: "Warning", reason: "NodeNotReady", message: "Node is not ready" });
  };

  const setTaints = (name: string, change: (taints: readonly JsonRecord[]) => readonly JsonRecord[]): void => {
    const node = nodeOf(name);
    if (node === undefined) return;
    const taints = change(listOf(at(node, "spec", "taints")).map(recordOf));
    refusalOf(() => client.update(node, (old) => withValue(old, ["spec", "taints"], taints.length === 0 ? undefined : taints)));
  };

  const evict = (pod: Stored): void => {
    evictions.delete(pod.metadata.uid);
    const now = world.find(podsOf, pod.metadata.namespace, pod.metadata.name);
    if (now === undefined || now.metadata.uid !== pod.metadata.uid || now.metadata.deletionTimestamp !== undefined) return;
    const { namespace = "", name } = now.metadata;
    deps.taintEvents.record({
      about: now,
      type: "Normal",
      reason: "TaintManagerEviction",
      message: `Marking for deletion Pod ${namespace}/${name}`,
    });
    const condition = {
      type: "DisruptionTarget",
      status: "True",
      reason: "DeletionByTaintManager",
      message: "Taint manager: deleting due to NoExecute taint",
      lastTransitionTime: world.timestamp(),
    };
    refusalOf(() => client.setStatus(now, { ...recordOf(now["status"]), conditions: replaced(conditionsOf(now), condition) }));
    refusalOf(() => client.remove(now));
  };

  /** Plans, or calls off, what the node's taints mean for one pod. */
  const judge = (pod: Stored, taints: readonly JsonRecord[]): void => {
    const { uid } = pod.metadata;
    const seconds = toleratedSeconds(pod, taints);
    if (seconds === undefined) {
      const cancel = evictions.get(uid);
      if (cancel === undefined) return;
      cancel();
      evictions.delete(uid);
      const message = `Cancelling deletion of Pod ${pod.metadata.namespace ?? ""}/${pod.metadata.name}`;
      deps.taintEvents.record({ about: pod, type: "Normal", reason: "TaintManagerEviction", message });
    } else if (!evictions.has(uid) && pod.metadata.deletionTimestamp === undefined)
      evictions.set(
        uid,
        clock.after(seconds * 1000, () => evict(pod)),
      );
  };

  return {
    note: ({ storageKey, type, object, previous }) => {
      if (storageKey === "/nodes") {
        if (type !== "MODIFIED" || JSON.stringify(at(object, "spec", "taints")) !== JSON.stringify(at(previous, "spec", "taints")))
          due.add(object.metadata.name);
      } else if (storageKey === "/pods") {
        if (type === "DELETED") {
          evictions.get(object.metadata.uid)?.();
          evictions.delete(object.metadata.uid);
        } else if (at(previous, "spec", "nodeName") !== at(object, "spec", "nodeName")) due.add(textOf(at(object, "spec", "nodeName")));
      }
    },
    run: () => {
      const names = [...due];
      due.clear();
      for (const name of names) {
        const node = nodeOf(name);
        if (node === undefined) removeOrphans(world, client, name);
        const taints = listOf(at(node, "spec", "taints"))
          .map(recordOf)
          .filter((taint) => taint["effect"] === "NoExecute");
        for (const { pod } of podsOn(name)) judge(pod, taints);
      }
    },
    silent: (name) => {
      if (!waits.has(name))
        waits.set(
          name,
          clock.after(graceMs, () => markUnknown(name)),
        );
    },
    speaking: (name) => {
      waits.get(name)?.();
      waits.delete(name);
      setTaints(name, (taints) => taints.filter((taint) => taint["key"] !== unreachable));
    },
  };
};

/** Pod garbage collection. */
const removeOrphans = (world: World, client: SystemClient, nodeName: string): void => {
  for (const pod of world.store.list("/pods"))
    if (at(pod, "spec", "nodeName") === nodeName) refusalOf(() => client.remove(pod, { gracePeriodSeconds: 0 }));
};

/** The least time that it tolerates any of the taints; undefined where it may stay for ever. */
const toleratedSeconds = (pod: Stored, taints: readonly JsonRecord[]): number | undefined => {
  const times = taints.map((taint) => {
    const toleration = tolerates(pod, taint);
    return toleration === undefined ? 0 : (numberOf(toleration["tolerationSeconds"]) ?? Number.POSITIVE_INFINITY);
  });
  const least = Math.min(...times);
  return least === Number.POSITIVE_INFINITY ? undefined : Math.max(0, least);
};
