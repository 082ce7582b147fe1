// What etcd and the watch cache are to a real server: one revision for all objects, every change in order, old revisions until they are
// compacted. Knows no kinds and no rules.
import { type Stored, deepFreeze } from "#embedded/json.ts";

export interface StoredChange {
  readonly revision: number;
  readonly storageKey: string;
  readonly type: "ADDED" | "MODIFIED" | "DELETED";
  /** After the change; for a deletion the last state, with the revision of the deletion. */
  readonly object: Stored;
  readonly previous?: Stored;
}

export interface ObjectStore {
  readonly revision: number;
  /** Changes up to and including this one are forgotten. */
  readonly compacted: number;
  get(storageKey: string, namespace: string | undefined, name: string): Stored | undefined;
  /** In order of namespace and name, as etcd has its keys; at an older revision where one is given. */
  list(storageKey: string, revision?: number): readonly Stored[];
  /** Gives the object its resourceVersion and stores it. */
  put(storageKey: string, object: Stored): Stored;
  remove(storageKey: string, object: Stored): Stored;
  changesAfter(revision: number, storageKey: string): readonly StoredChange[];
  onChange(listener: (change: StoredChange) => void): () => void;
  /** Forgets how the present came about: older lists and watches answer 410. */
  compact(): void;
  /** The present, for any number of stores that begin with it. */
  snapshot(): StoreSnapshot;
}

/** Plain data. Objects are frozen, so that stores share them. */
export interface StoreSnapshot {
  readonly revision: number;
  readonly objects: readonly (readonly [storageKey: string, objects: readonly Stored[]])[];
}

/** Enough for a watcher that was away for a while; a real server keeps five minutes. */
const keptChanges = 20_000;

export const keyIn = (namespace: string | undefined, name: string): string => `${namespace ?? ""}/${name}`;
export const keyOf = ({ metadata }: Stored): string => keyIn(metadata.namespace, metadata.name);

// The first revisions of a real cluster are compacted long before a client connects.
const empty: StoreSnapshot = { revision: 1, objects: [] };

/** History is not part of a snapshot: lists and watches older than it answer 410. */
export const createObjectStore = (from: StoreSnapshot = empty): ObjectStore => {
  let revision = from.revision;
  let compacted = from === empty ? 0 : from.revision;
  let changes: StoredChange[] = [];
  const objects = new Map(from.objects.map(([storageKey, each]) => [storageKey, new Map(each.map((object) => [keyOf(object), object]))]));
  /** Collections in order, as long as they have not changed: they are listed far more often than written. */
  const sorted = new Map<string, readonly Stored[]>();
  const listeners = new Set<(change: StoredChange) => void>();

  const collection = (storageKey: string): Map<string, Stored> => {
    let found = objects.get(storageKey);
    if (found === undefined) objects.set(storageKey, (found = new Map()));
    return found;
  };
  const record = (change: StoredChange): void => {
    sorted.delete(change.storageKey);
    changes.push(change);
    if (changes.length > keptChanges * 2) {
      changes = changes.slice(-keptChanges);
      compacted = (changes[0]?.revision ?? revision) - 1;
    }
    for (const listener of [...listeners]) listener(change);
  };
  const versioned = (object: Stored): Stored => {
    revision += 1;
    return deepFreeze({ ...object, metadata: { ...object.metadata, resourceVersion: String(revision) } });
  };
  const stateAt = (storageKey: string, past: number): Iterable<Stored> => {
    const state = new Map(collection(storageKey));
    for (const change of changes.toReversed()) {
      if (change.revision <= past) break;
      if (change.storageKey !== storageKey) continue;
      const key = keyOf(change.object);
      if (change.previous === undefined) state.delete(key);
      else state.set(key, change.previous);
    }
    return state.values();
  };

  return {
    get revision() {
      return revision;
    },
    get compacted() {
      return compacted;
    },
    get: (storageKey, namespace, name) => objects.get(storageKey)?.get(keyIn(namespace, name)),
    list: (storageKey, past) => {
      if (past !== undefined && past < revision) return [...stateAt(storageKey, past)].toSorted(byKey);
      let all = sorted.get(storageKey);
      if (all === undefined) sorted.set(storageKey, (all = Object.freeze([...collection(storageKey).values()].toSorted(byKey))));
      return all;
    },
    put: (storageKey, object) => {
      const all = collection(storageKey);
      const key = keyOf(object);
      const previous = all.get(key);
      const stored = versioned(object);
      all.set(key, stored);
      record({
        revision,
        storageKey,
        type: previous === undefined ? "ADDED" : "MODIFIED",
        object: stored,
        ...(previous === undefined ? {} : { previous }),
      });
      return stored;
    },
    remove: (storageKey, object) => {
      const key = keyOf(object);
      const previous = collection(storageKey).get(key) ?? object;
      collection(storageKey).delete(key);
      const last = versioned(object);
      record({ revision, storageKey, type: "DELETED", object: last, previous });
      return last;
    },
    changesAfter: (after, storageKey) => changes.filter((change) => change.revision > after && change.storageKey === storageKey),
    onChange: (listener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    compact: () => {
      compacted = revision;
      changes = [];
    },
    snapshot: () => ({
      revision,
      objects: [...objects].flatMap(([storageKey, all]) => (all.size === 0 ? [] : [[storageKey, [...all.values()]] as const])),
    }),
  };
};

const byKey = (a: Stored, b: Stored): number => {
  const [left, right] = [keyOf(a), keyOf(b)];
  return left < right ? -1 : left > right ? 1 : 0;
};
