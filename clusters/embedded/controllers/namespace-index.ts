// The objects of one kind in one namespace at hand, so that a controller's look costs what its namespace holds and not what the cluster holds.
// Reads the store's changes, writes nothing.
import type { Stored } from "#embedded/json.ts";
import type { ObjectStore } from "#embedded/object-store.ts";

export interface NamespaceIndex {
  /** In the order in which they were made. */
  list(storageKey: string, namespace: string | undefined): readonly Stored[];
}

export const createNamespaceIndex = (store: ObjectStore): NamespaceIndex => {
  const kinds = new Map<string, Map<string, Map<string, Stored>>>();
  const place = (storageKey: string, namespace: string | undefined): Map<string, Stored> => {
    let namespaces = kinds.get(storageKey);
    if (namespaces === undefined) kinds.set(storageKey, (namespaces = new Map()));
    let objects = namespaces.get(namespace ?? "");
    if (objects === undefined) namespaces.set(namespace ?? "", (objects = new Map()));
    return objects;
  };
  store.onChange(({ storageKey, type, object }) => {
    const objects = place(storageKey, object.metadata.namespace);
    if (type === "DELETED") objects.delete(object.metadata.name);
    else objects.set(object.metadata.name, object);
  });
  return {
    list: (storageKey, namespace) => [
      ...(kinds
        .get(storageKey)
        ?.get(namespace ?? "")
        ?.values() ?? []),
    ],
  };
};
