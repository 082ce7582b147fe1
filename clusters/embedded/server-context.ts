// The parts of the server that all others use: the store, the clock, the kinds. Holds no rules of its own.
import { type Clock, type Random, toTimestamp } from "#lib/clock.ts";
import type { User } from "#embedded/identity.ts";
import { type Stored, at, listOf, recordOf, textOf } from "#embedded/json.ts";
import type { ObjectStore } from "#embedded/object-store.ts";
import { type Resource, builtInResources, storageKeyOf } from "#embedded/resources.ts";
import { type KindStrategy, createStrategy } from "#embedded/kind-strategy.ts";
import type { PrinterColumn } from "#embedded/tables.ts";

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

/** A component of the cluster itself. */
export const systemWriter = (username: string, manager: string): Writer => ({
  user: { username, groups: ["system:masters", "system:authenticated"] },
  dryRun: false,
  manager,
});

export const namespacesOf = { group: "", plural: "namespaces" } as const;
export const crdsOf = { group: "apiextensions.k8s.io", plural: "customresourcedefinitions" } as const;

export const createServerContext = (parts: Pick<ServerContext, "clock" | "random" | "store">): ServerContext => {
  const { clock, store } = parts;
  const strategies = new WeakMap<Resource, KindStrategy>();
  // By the definition itself: it is frozen, and another one after every change.
  const custom = new WeakMap<Stored, readonly Resource[]>();
  const kindsOf = (crd: Stored): readonly Resource[] => {
    const kinds = custom.get(crd) ?? customKinds(crd);
    custom.set(crd, kinds);
    return kinds;
  };
  let served: { readonly definitions?: readonly Stored[]; readonly resources: readonly Resource[] } = { resources: [] };
  return {
    ...parts,
    resources: () => {
      const definitions = store.list(storageKeyOf(crdsOf));
      if (served.definitions !== definitions) served = { definitions, resources: [...builtInResources, ...definitions.flatMap(kindsOf)] };
      return served.resources;
    },
    strategyOf: (resource) => {
      const strategy = strategies.get(resource) ?? createStrategy(resource);
      strategies.set(resource, strategy);
      return strategy;
    },
    find: (resource, namespace, name) => store.get(storageKeyOf(resource), namespace, name),
    timestamp: () => toTimestamp(clock.now()),
  };
};

const customKinds = (crd: Stored): readonly Resource[] =>
  listOf(at(crd, "spec", "versions")).flatMap((version): readonly Resource[] => {
    if (at(version, "served") !== true) return [];
    const names = recordOf(at(crd, "spec", "names"));
    const columns = at(version, "additionalPrinterColumns") as readonly PrinterColumn[] | undefined;
    return [
      {
        group: textOf(at(crd, "spec", "group")),
        version: textOf(at(version, "name")),
        kind: textOf(names["kind"]),
        plural: textOf(names["plural"]),
        namespaced: at(crd, "spec", "scope") === "Namespaced",
        singular: textOf(names["singular"]),
        shortNames: listOf(names["shortNames"]).map(textOf),
        categories: listOf(names["categories"]).map(textOf),
        subresources: at(version, "subresources", "status") === undefined ? [] : ["status"],
        counts: true,
        storage: "custom",
        schema: recordOf(at(version, "schema", "openAPIV3Schema")),
        ...(columns === undefined ? {} : { columns }),
      },
    ];
  });
