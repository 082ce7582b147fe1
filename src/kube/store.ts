// What we know of one kind of object, by name and by index. Frozen; never goes back behind our own last write.
import type { Key, KubeObject } from "#api/object.ts";
import type { Seen } from "#kube/client.ts";

export type StoreChange<T extends KubeObject> =
  | { readonly kind: "applied"; readonly object: T; readonly previous?: T }
  | { readonly kind: "deleted"; readonly object: T };

/** Methods, not properties, so that a store of one kind is a store of any: readers only narrow. */
export interface Store<T extends KubeObject = KubeObject> {
  get(key: Key): T | undefined;
  list(namespace?: string): readonly T[];
  /** Objects that the index of this name puts under `value`. Throws for an index that was not declared. */
  index(name: string, value: string): readonly T[];
  /** The first list has been read. */
  readonly synced: boolean;
  whenSynced(): Promise<void>;
  /** The answer to our own write: seen at once, and what is older is not believed any more. */
  noteWrite(object: KubeObject): void;
  /** The server has said that this very object is not there any more. */
  noteGone(object: KubeObject): void;
  /** Called after the store has changed. Returns how to stop listening. */
  onChange(listener: (change: StoreChange<T>) => void): () => void;
}

export type Indexes<T extends KubeObject> = Readonly<Record<string, (object: T) => readonly string[]>>;

export interface StoreOptions<T extends KubeObject> {
  /** What is kept of the answer to our own write; what the list-watch brings is reduced already. Default: the whole object. */
  readonly keep?: (object: KubeObject) => T;
  /** A listener or an index function threw: the store goes on. */
  readonly onBug: (error: unknown) => void;
}

/** The side that the list-watch writes to. */
export interface OwnedStore<T extends KubeObject> extends Store<T> {
  see(seen: Seen<T>): void;
  /** Adds indexes that are not there yet, also over what is known already. */
  addIndexes(indexes: Indexes<T>): void;
}

/** Deletions remembered, so that the late answer to our own write does not bring an object back. */
const maxTombstones = 1000;

export const createStore = <T extends KubeObject>(options: StoreOptions<T>): OwnedStore<T> => {
  const objects = new Map<string, T>();
  const namespaces = createGroups<T>();
  const indexes = new Map<string, { readonly valuesOf: (object: T) => readonly string[]; readonly groups: Groups<T> }>();
  const listeners = new Set<(change: StoreChange<T>) => void>();
  /** Our own writes that the watch has not caught up with, by version. */
  const written = new Map<string, string>();
  const tombstones = new Map<string, string>();
  const waiting: (() => void)[] = [];
  const keep = options.keep ?? ((object: KubeObject): T => object as T);
  let synced = false;
  let all: readonly T[] | undefined;

  const guarded = <R>(run: () => R, otherwise: R): R => {
    try {
      return run();
    } catch (error) {
      options.onBug(error);
      return otherwise;
    }
  };
  const valuesOf = (index: { valuesOf: (object: T) => readonly string[] }, object: T): readonly string[] =>
    guarded(() => index.valuesOf(object), []);

  const put = (id: string, object: T): StoreChange<T>[] => {
    const previous = objects.get(id);
    const changes: StoreChange<T>[] = [];
    if (previous !== undefined) {
      unlink(id, previous);
      // Another object of the same name: a caller that waits for the old one must learn that it is gone.
      if (previous.metadata.uid !== object.metadata.uid) changes.push({ kind: "deleted", object: previous });
    }
    objects.set(id, object);
    all = undefined;
    namespaces.add(object.metadata.namespace ?? "", id, object);
    for (const index of indexes.values()) for (const value of valuesOf(index, object)) index.groups.add(value, id, object);
    const successor = previous?.metadata.uid === object.metadata.uid ? { previous } : {};
    return [...changes, { kind: "applied", object, ...successor }];
  };
  const unlink = (id: string, object: T): void => {
    namespaces.remove(object.metadata.namespace ?? "", id);
    for (const index of indexes.values()) for (const value of valuesOf(index, object)) index.groups.remove(value, id);
  };
  const drop = (id: string, object: T, resourceVersion: string): StoreChange<T>[] => {
    unlink(id, object);
    objects.delete(id);
    all = undefined;
    written.delete(id);
    tombstones.delete(id);
    tombstones.set(id, resourceVersion);
    const oldest = tombstones.size > maxTombstones ? tombstones.keys().next().value : undefined;
    if (oldest !== undefined) tombstones.delete(oldest);
    return [{ kind: "deleted", object }];
  };
  const notify = (changes: readonly StoreChange<T>[]): void => {
    for (const change of changes) for (const listener of listeners) guarded(() => listener(change), undefined);
  };
  /** True where our own write is newer than what the watch says here. */
  const overtaken = (id: string, resourceVersion: string): boolean => {
    const own = written.get(id);
    if (own === undefined) return false;
    if (isOlder(resourceVersion, own)) return true;
    written.delete(id);
    return false;
  };

  const see = (seen: Seen<T>): StoreChange<T>[] => {
    if (seen.kind === "synced") {
      const changes: StoreChange<T>[] = [];
      const present = new Set<string>();
      for (const item of seen.items) {
        const id = idOf(item);
        present.add(id);
        const known = objects.get(id);
        const same = known !== undefined && isSame(known, item);
        if (!overtaken(id, item.metadata.resourceVersion) && !same) changes.push(...put(id, freeze(item)));
      }
      for (const [id, object] of objects) {
        if (!present.has(id) && !overtaken(id, seen.resourceVersion)) changes.push(...drop(id, object, seen.resourceVersion));
      }
      synced = true;
      return changes;
    }
    const id = idOf(seen.object);
    if (overtaken(id, seen.object.metadata.resourceVersion)) return [];
    const known = objects.get(id);
    if (seen.kind === "applied") return known !== undefined && isSame(known, seen.object) ? [] : put(id, freeze(seen.object));
    return known === undefined ? [] : drop(id, known, seen.object.metadata.resourceVersion);
  };

  return {
    get: (key) => objects.get(keyId(key)),
    list: (namespace) => {
      if (namespace !== undefined) return namespaces.get(namespace);
      all ??= Object.freeze([...objects.values()]);
      return all;
    },
    index: (name, value) => {
      const index = indexes.get(name);
      if (index === undefined) throw new TypeError(`unknown index "${name}"`);
      return index.groups.get(value);
    },
    get synced() {
      return synced;
    },
    whenSynced: () => (synced ? Promise.resolve() : new Promise((resolve) => waiting.push(resolve))),
    noteWrite: (object) => {
      // Its last finalizer is gone, and so is the object, or it soon will be: the watch knows.
      if (object.metadata.deletionTimestamp !== undefined && !object.metadata.finalizers?.length) return;
      const id = idOf(object);
      const version = object.metadata.resourceVersion;
      const known = objects.get(id)?.metadata.resourceVersion ?? tombstones.get(id);
      if (known !== undefined && !isOlder(known, version)) return;
      written.set(id, version);
      notify(put(id, freeze(keep(object))));
    },
    noteGone: (object) => {
      const id = idOf(object);
      const known = objects.get(id);
      if (known?.metadata.uid === object.metadata.uid) notify(drop(id, known, known.metadata.resourceVersion));
    },
    onChange: (listener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    see: (seen) => {
      const changes = see(seen);
      for (const resolve of waiting.splice(0, synced ? waiting.length : 0)) resolve();
      notify(changes);
    },
    addIndexes: (more) => {
      for (const [name, of] of Object.entries(more)) {
        if (indexes.has(name)) continue;
        const index = { valuesOf: of, groups: createGroups<T>() };
        indexes.set(name, index);
        for (const [id, object] of objects) for (const value of valuesOf(index, object)) index.groups.add(value, id, object);
      }
    },
  };
};

interface Groups<T> {
  add(group: string, id: string, object: T): void;
  remove(group: string, id: string): void;
  get(group: string): readonly T[];
}

const nothing: readonly never[] = Object.freeze([]);

const createGroups = <T>(): Groups<T> => {
  const groups = new Map<string, { readonly members: Map<string, T>; list: readonly T[] | undefined }>();
  return {
    add: (name, id, object) => {
      const group = groups.get(name) ?? { members: new Map<string, T>(), list: undefined };
      groups.set(name, group);
      group.members.set(id, object);
      group.list = undefined;
    },
    remove: (name, id) => {
      const group = groups.get(name);
      if (group === undefined) return;
      group.members.delete(id);
      group.list = undefined;
      if (group.members.size === 0) groups.delete(name);
    },
    get: (name) => {
      const group = groups.get(name);
      if (group === undefined) return nothing;
      group.list ??= Object.freeze([...group.members.values()]);
      return group.list;
    },
  };
};

const keyId = (key: Key): string => `${key.namespace ?? ""}/${key.name}`;
const idOf = (object: KubeObject): string => keyId(object.metadata);

/** The echo of our own write, an event that comes twice, an object that a new list shows again. */
const isSame = (a: KubeObject, b: KubeObject): boolean =>
  a.metadata.uid === b.metadata.uid && a.metadata.resourceVersion === b.metadata.resourceVersion;

/** The one place that compares versions. Where they are not numbers, nothing is older than anything. */
const isOlder = (a: string, b: string): boolean => {
  if (!/^\d+$/.test(a) || !/^\d+$/.test(b)) return false;
  return a.length === b.length ? a < b : a.length < b.length;
};

const freeze = <V>(value: V): V => {
  if (typeof value === "object" && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const item of Object.values(value)) freeze(item);
  }
  return value;
};
