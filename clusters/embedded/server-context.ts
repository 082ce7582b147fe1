// The parts of the server that all others use: the store, the clock, the kinds. Holds no rules of its own.
import { type Clock, type Random, toTimestamp } from "#lib/clock.ts";
import type { User } from "#embedded/identity.ts";
import { type JsonRecord, type Stored, at, listOf, recordOf, textOf } from "#embedded/json.ts";
import type { ObjectStore } from "#embedded/object-store.ts";
import { type Resource, builtInResources, storageKeyOf } from "#embedded/resources.ts";
import type { Schema } from "#embedded/schema.ts";
import { type KindStrategy, builtInStrategy, customStrategy } from "#embedded/kind-strategy.ts";

export interface ServerContext {
  readonly clock: Clock;
  readonly random: Random;
  readonly store: ObjectStore;
  /** Built in and custom, as they are now. */
  resources(): readonly Resource[];
  strategyOf(resource: Resource): KindStrategy;
  find(resource: Pick<Resource, "group" | "plural">, namespace: string | undefined, name: string): Stored | undefined;
  timestamp(): string;
}

/** The user of a write, and whether it is stored. */
export interface Writer {
  readonly user: User;
  readonly dryRun: boolean;
  /** Goes to the caller in a header. */
  readonly warn?: (message: string) => void;
  /** For managedFields. */
  readonly manager: string;
}

export const namespacesOf = { group: "", plural: "namespaces" } as const;
export const crdsOf = { group: "apiextensions.k8s.io", plural: "customresourcedefinitions" } as const;

export const createServerContext = (parts: Pick<ServerContext, "clock" | "random" | "store">): ServerContext => {
  const { clock, store } = parts;
  const builtIn = new Map<Resource, KindStrategy>();
  // By the definition itself: it is frozen, and another one after every change.
  const custom = new Map<Stored, readonly CustomKind[]>();
  const customKinds = (): CustomKind[] =>
    store.list(storageKeyOf(crdsOf)).flatMap((crd) => {
      let kinds = custom.get(crd);
      if (kinds === undefined) custom.set(crd, (kinds = kindsOf(crd)));
      return kinds;
    });
  return {
    ...parts,
    resources: () => [...builtInResources, ...customKinds().map(({ resource }) => resource)],
    strategyOf: (resource) => {
      if (resource.storage === "custom") {
        const kind = customKinds().find((each) => each.resource === resource);
        if (kind !== undefined) return kind.strategy;
      }
      let strategy = builtIn.get(resource);
      if (strategy === undefined) builtIn.set(resource, (strategy = builtInStrategy(resource)));
      return strategy;
    },
    find: (resource, namespace, name) => store.get(storageKeyOf(resource), namespace, name),
    timestamp: () => toTimestamp(clock.now()),
  };
};

export interface CustomKind {
  readonly resource: Resource;
  readonly strategy: KindStrategy;
}

export const definitionOf = (server: ServerContext, { storage, plural, group }: Resource): Stored | undefined =>
  storage === "custom" ? server.find(crdsOf, undefined, `${plural}.${group}`) : undefined;

export const versionOf = (crd: Stored, version: string): JsonRecord =>
  recordOf(listOf(at(crd, "spec", "versions")).find((item) => at(item, "name") === version));

const kindsOf = (crd: Stored): CustomKind[] =>
  listOf(at(crd, "spec", "versions"))
    .filter((version) => at(version, "served") === true)
    .map((version) => {
      const names = recordOf(at(crd, "spec", "names"));
      const subresources = at(version, "subresources", "status") === undefined ? [] : (["status"] as const);
      const resource: Resource = {
        group: textOf(at(crd, "spec", "group")),
        version: textOf(at(version, "name")),
        kind: textOf(names["kind"]),
        plural: textOf(names["plural"]),
        namespaced: at(crd, "spec", "scope") === "Namespaced",
        singular: textOf(names["singular"]),
        shortNames: listOf(names["shortNames"]).map(textOf),
        categories: listOf(names["categories"]).map(textOf),
        subresources,
        counts: true,
        storage: "custom",
      };
      const schema = recordOf(at(version, "schema", "openAPIV3Schema")) as Schema;
      return { resource, strategy: customStrategy(resource, schema) };
    });
