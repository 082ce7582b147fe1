// Cleans up a moment after a write: dependents of deleted owners, the contents of namespaces that are being deleted. Also gives each namespace its
// default account and counts the pods of disruption budgets, as controllers of kube-controller-manager do. Makes no workload.
import { deleteObject } from "#embedded/deletion.ts";
import { budgetStatus } from "#embedded/disruption-budgets.ts";
import { type Stored, recordOf, withValue } from "#embedded/json.ts";
import type { StoredChange } from "#embedded/object-store.ts";
import { jsonEqual } from "#lib/canonical-json.ts";
import { type Place, createObject, updateObject } from "#embedded/objects.ts";
import { type Resource, builtIn, findKind, storageKeyOf } from "#embedded/resources.ts";
import { type ServerContext, type Writer, systemWriter } from "#embedded/server-context.ts";
import { ApiError } from "#embedded/status.ts";

const writerOf = (account: string): Writer => systemWriter(`system:serviceaccount:kube-system:${account}`, "kube-controller-manager");
const collector = writerOf("generic-garbage-collector");
const accountController = writerOf("service-account-controller");
const accounts = builtIn("v1", "ServiceAccount");

/** Most writes change what nothing depends on. */
export const mayLeaveGarbage = ({ type, object, previous }: StoredChange): boolean =>
  type !== "MODIFIED" ||
  watched.has(object.kind) ||
  object.metadata.deletionTimestamp !== undefined ||
  !jsonEqual(object.metadata.ownerReferences ?? [], previous?.metadata.ownerReferences ?? []);
const watched = new Set(["Namespace", "Pod", "PodDisruptionBudget", "ServiceAccount"]);

interface Owned {
  readonly resource: Resource;
  readonly object: Stored;
}

/** The returned function looks at every object once. */
export const createGarbageCollector = (server: ServerContext): (() => void) => {
  let writes = 0;
  const attempt = (work: () => unknown): void => {
    try {
      work();
      writes += 1;
    } catch (error) {
      // Gone or changed meanwhile: the next look sees it.
      if (!(error instanceof ApiError)) throw error;
    }
  };
  const placeOf = ({ object: { metadata } }: Owned): Place => ({ namespace: metadata.namespace, name: metadata.name });
  const remove = (owned: Owned): void =>
    attempt(() => deleteObject(server, owned.resource, placeOf(owned), { preconditions: { uid: owned.object.metadata.uid } }, collector));
  const edit = (owned: Owned, path: readonly string[], value: unknown, subresource: string): void =>
    attempt(() =>
      updateObject(server, owned.resource, placeOf(owned), { subresource, change: (old) => withValue(old, path, value) }, collector),
    );

  /** An owner in another namespace counts as absent; an owner of a kind that the server does not serve as present. */
  const collectOrphans = (all: readonly Owned[]): void => {
    const byUid = new Map(all.map(({ object }) => [object.metadata.uid, object]));
    for (const owned of all) {
      const { ownerReferences = [], namespace, deletionTimestamp } = owned.object.metadata;
      if (ownerReferences.length === 0 || deletionTimestamp !== undefined) continue;
      const hasOwner = ownerReferences.some(({ uid, apiVersion, kind }) => {
        const owner = byUid.get(uid);
        if (owner === undefined) return findKind(server.resources(), apiVersion, kind) === undefined;
        return owner.metadata.namespace === undefined || owner.metadata.namespace === namespace;
      });
      if (!hasOwner) remove(owned);
    }
  };

  const namespacesIn = (all: readonly Owned[]): readonly Owned[] => all.filter(({ object }) => object.kind === "Namespace");

  const endNamespaces = (all: readonly Owned[]): void => {
    for (const namespace of namespacesIn(all)) {
      const { name, deletionTimestamp } = namespace.object.metadata;
      if (deletionTimestamp === undefined) continue;
      const content = all.filter(({ object }) => object.metadata.namespace === name);
      for (const owned of content) if (owned.object.metadata.deletionTimestamp === undefined) remove(owned);
      const isEmpty = content.every(({ resource, object }) => server.find(resource, name, object.metadata.name) === undefined);
      if (isEmpty) edit(namespace, ["spec"], {}, "finalize");
    }
  };

  const addAccounts = (all: readonly Owned[]): void => {
    for (const { object } of namespacesIn(all)) {
      const { name, deletionTimestamp } = object.metadata;
      if (deletionTimestamp !== undefined || server.find(accounts, name, "default") !== undefined) continue;
      attempt(() => createObject(server, accounts, name, { metadata: { name: "default" } }, accountController));
    }
  };

  const countBudgets = (all: readonly Owned[]): void => {
    for (const owned of all) {
      if (owned.object.kind !== "PodDisruptionBudget") continue;
      const old = recordOf(owned.object["status"]);
      const status = budgetStatus(owned.object, server.store.list("/pods"));
      if (Object.entries(status).some(([key, value]) => old[key] !== value)) edit(owned, ["status"], { ...old, ...status }, "status");
    }
  };

  const everything = (): Owned[] =>
    server
      .resources()
      .filter(({ storage }) => storage !== "virtual")
      .flatMap((resource) => server.store.list(storageKeyOf(resource)).map((object) => ({ resource, object })));

  return () => {
    let all = everything();
    for (const step of [collectOrphans, endNamespaces, addAccounts, countBudgets]) {
      const before = writes;
      step(all);
      if (writes > before) all = everything();
    }
  };
};
