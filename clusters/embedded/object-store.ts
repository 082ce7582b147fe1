// What etcd and the watch cache are to a real server: one revision for all objects, every change in order, old revisions until they are
// compacted. Knows no kinds and no rules.
import { type Stored, deepFreeze } from "#embedded/json.ts";

export interface Change {
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
  changesAfter(revision: number, storageKey: string): readonly Change[];
  onChange(listener: (change: Change) => void): () => void;
  /** Forgets how the present came about: older lists and watches answer 410. */
  compact(): void;
}

/** Enough for a watcher that was away for a while; a real server keeps five minutes. */
const keptChanges = 20_000;

export const keyIn = (namespace: string | undefined, name: string): string => `${namespace ?? ""}/${name}`;

export const createObjectStore = (): ObjectStore => {
  // A real cluster's first revisions are long gone when anybody looks.
  let revision = 1;
  let compacted = 0;
  let changes: Change[] = [];
  const objects = new Map<string, Map<string, Stored>>();
  /** Collections in order, as long as they have not changed: they are listed far more often than written. */
  const sorted = new Map<string, readonly Stored[]>();
  const listeners = new Set<(change: Change) => void>();

  const collection = (storageKey: string): Map<string, Stored> => {
    let found = objects.get(storageKey);
    if (found === undefined) objects.set(storageKey, (found = new Map()));
    return found;
  };
  const record = (change: Change): void => {
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
      const key = keyIn(change.object.metadata.namespace, change.object.metadata.name);
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
      const key = keyIn(object.metadata.namespace, object.metadata.name);
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
      const key = keyIn(object.metadata.namespace, object.metadata.name);
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
  };
};

const byKey = (a: Stored, b: Stored): number => {
  const left = keyIn(a.metadata.namespace, a.metadata.name);
  const right = keyIn(b.metadata.namespace, b.metadata.name);
  return left < right ? -1 : left > right ? 1 : 0;
};
