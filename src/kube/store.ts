// What we know of one kind of object, by name and by index. Frozen, without managedFields; never goes back behind our own last write.
import type { Key, KubeObject } from "#api/object.ts";
import type { Seen } from "#kube/client.ts";

export type Change<T extends KubeObject> =
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
  /** The answer to our own write: seen at once, and what is older is not believed any more. */
  noteWrite(object: T): void;
  /** Called after the store has changed. Returns how to stop listening. */
  onChange(listener: (change: Change<T>) => void): () => void;
}

/** The side that the list-watch writes to. */
export interface WritableStore<T extends KubeObject> extends Store<T> {
  see(seen: Seen<T>): void;
}
export type Indexes<T extends KubeObject> = Readonly<
  Record<string, (object: T) => readonly string[]>
>;
