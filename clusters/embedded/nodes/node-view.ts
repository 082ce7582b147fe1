// Nodes and what stands on them, kept up with the store change by change, so that a decision needs no look at all pods. Writes nothing.
import type { Change } from "#embedded/object-store.ts";
import { type Stored, at } from "#embedded/json.ts";
import { isFinished } from "#embedded/pod-state.ts";
import { type Amounts, allocatableOf, nodeNameOf, plus, requestsOf } from "#embedded/nodes/pod-requests.ts";

export interface PlacedPod {
  readonly pod: Stored;
  readonly requests: Amounts;
}

export interface NodeView {
  readonly name: string;
  readonly node: Stored;
  readonly pods: ReadonlyMap<string, PlacedPod>;
  /** Those that forbid others to stand near them. */
  readonly guarded: ReadonlyMap<string, PlacedPod>;
  readonly requested: Amounts;
  readonly allocatable: Amounts;
}

export interface NodeViews {
  note(change: Change): void;
  all(): readonly NodeView[];
}

interface Mutable {
  node: Stored | undefined;
  readonly pods: Map<string, PlacedPod>;
  readonly guarded: Map<string, PlacedPod>;
  requested: Amounts;
  allocatable: Amounts;
}

export const createNodeViews = (): NodeViews => {
  const byName = new Map<string, Mutable>();
  const viewOf = (name: string): Mutable => {
    let view = byName.get(name);
    if (view === undefined)
      byName.set(name, (view = { node: undefined, pods: new Map(), guarded: new Map(), requested: {}, allocatable: {} }));
    return view;
  };
  const negative = (amounts: Amounts): Amounts => Object.fromEntries(Object.entries(amounts).map(([name, amount]) => [name, -amount]));

  const place = ({ type, object: pod }: Change): void => {
    const nodeName = nodeNameOf(pod);
    if (nodeName === "") return;
    const view = viewOf(nodeName);
    const { uid } = pod.metadata;
    const before = view.pods.get(uid);
    if (type === "DELETED" || isFinished(pod)) {
      if (before === undefined) return;
      view.pods.delete(uid);
      view.guarded.delete(uid);
      view.requested = plus(view.requested, negative(before.requests));
    } else if (before === undefined) {
      const requests = requestsOf(pod);
      view.pods.set(uid, { pod, requests });
      if (at(pod, "spec", "affinity", "podAntiAffinity") !== undefined) view.guarded.set(uid, { pod, requests });
      view.requested = plus(view.requested, requests);
    } else view.pods.set(uid, { pod, requests: before.requests });
  };

  return {
    note: (change) => {
      if (change.storageKey === "/pods") place(change);
      else if (change.storageKey === "/nodes") {
        const view = viewOf(change.object.metadata.name);
        view.node = change.type === "DELETED" ? undefined : change.object;
        view.allocatable = allocatableOf(change.object);
      }
    },
    all: () => [...byName].flatMap(([name, { node, ...rest }]) => (node === undefined ? [] : [{ name, node, ...rest }])),
  };
};
