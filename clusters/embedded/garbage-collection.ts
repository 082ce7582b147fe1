// What happens by itself a moment after a write: dependents of the deleted go (garbage collector), ending namespaces are emptied, new ones
// get an account, budgets count their pods. As kube-controller-manager does it; no workload is made here.
import { isTrue } from "#embedded/conditions.ts";
import { type Stored, at, recordOf, shareOf, withValue } from "#embedded/json.ts";
import { type Place, createObject, deleteObject, updateObject } from "#embedded/objects.ts";
import { type Resource, builtIn, findKind, storageKeyOf } from "#embedded/resources.ts";
import { matchesSelector } from "#embedded/selectors.ts";
import { refusalOf, systemWriter } from "#embedded/system-client.ts";
import type { ServerContext, Writer } from "#embedded/server-context.ts";

const writer = (account: string): Writer => systemWriter(`system:serviceaccount:kube-system:${account}`, "kube-controller-manager");
const accounts = builtIn("v1", "ServiceAccount");

interface Owned {
  readonly resource: Resource;
  readonly object: Stored;
}

/** One that looks at everything once. */
export const createGarbageCollector = (server: ServerContext): (() => void) => {
  const collector = writer("generic-garbage-collector");
  let writes = 0;
  const attempt = (work: () => unknown): void => {
    if (refusalOf(work) === undefined) writes += 1;
  };
  const placeOf = ({ object: { metadata } }: Owned): Place => ({ namespace: metadata.namespace, name: metadata.name });
  const remove = (owned: Owned, propagationPolicy: string): void =>
    attempt(() => {
      const options = { propagationPolicy, preconditions: { uid: owned.object.metadata.uid } };
      deleteObject(server, owned.resource, placeOf(owned), options, collector);
    });
  const edit = (owned: Owned, path: readonly string[], value: unknown, subresource?: string): void =>
    attempt(() =>
      updateObject(server, owned.resource, placeOf(owned), { subresource, change: (old) => withValue(old, path, value) }, collector),
    );

  const collect = (all: readonly Owned[]): void => {
    const byUid = new Map(all.map((owned) => [owned.object.metadata.uid, owned]));
    const dependents = new Map<string, Owned[]>();
    for (const owned of all)
      for (const { uid } of owned.object.metadata.ownerReferences ?? []) dependents.set(uid, [...(dependents.get(uid) ?? []), owned]);

    for (const owned of all) {
      const owners = owned.object.metadata.ownerReferences ?? [];
      if (owners.length > 0 && owned.object.metadata.deletionTimestamp === undefined) {
        const living = owners.filter((owner) => isThere(server, byUid, owner.uid, owner, owned.object.metadata.namespace));
        const waiting = living.filter(({ uid }) => isDyingForeground(byUid.get(uid)?.object));
        if (living.length === 0) remove(owned, "Background");
        else if (waiting.length === living.length && waiting.length > 0)
          remove(owned, (dependents.get(owned.object.metadata.uid)?.length ?? 0) > 0 ? "Foreground" : "Background");
        else if (living.length < owners.length) edit(owned, ["metadata", "ownerReferences"], living);
      }
      finishDeletion(owned, dependents.get(owned.object.metadata.uid) ?? []);
    }
  };

  const finishDeletion = (owned: Owned, mine: readonly Owned[]): void => {
    const { metadata } = owned.object;
    const finalizers = metadata.finalizers ?? [];
    if (metadata.deletionTimestamp === undefined) return;
    const without = (name: string): readonly string[] => finalizers.filter((item) => item !== name);
    if (finalizers.includes("orphan")) {
      for (const dependent of mine) {
        const rest = (dependent.object.metadata.ownerReferences ?? []).filter(({ uid }) => uid !== metadata.uid);
        edit(dependent, ["metadata", "ownerReferences"], rest);
      }
      edit(owned, ["metadata", "finalizers"], without("orphan"));
    } else if (finalizers.includes("foregroundDeletion")) {
      const blocking = mine.filter(({ object }) =>
        (object.metadata.ownerReferences ?? []).some((owner) => owner.uid === metadata.uid && owner.blockOwnerDeletion === true),
      );
      if (blocking.length === 0) edit(owned, ["metadata", "finalizers"], without("foregroundDeletion"));
    }
  };

  const endNamespaces = (all: readonly Owned[]): void => {
    for (const { resource, object } of all) {
      if (resource.group !== "" || resource.plural !== "namespaces" || object.metadata.deletionTimestamp === undefined) continue;
      const content = all.filter((owned) => owned.object.metadata.namespace === object.metadata.name);
      for (const owned of content) if (owned.object.metadata.deletionTimestamp === undefined) remove(owned, "Background");
      const left = content.filter((owned) => server.find(owned.resource, object.metadata.name, owned.object.metadata.name) !== undefined);
      if (left.length === 0) edit({ resource, object }, ["spec"], {}, "finalize");
    }
  };

  const addAccounts = (all: readonly Owned[]): void => {
    for (const { resource, object } of all) {
      if (resource.group !== "" || resource.plural !== "namespaces" || object.metadata.deletionTimestamp !== undefined) continue;
      const namespace = object.metadata.name;
      if (server.find(accounts, namespace, "default") !== undefined) continue;
      attempt(() => createObject(server, accounts, namespace, { metadata: { name: "default" } }, writer("service-account-controller")));
    }
  };

  const countBudgets = (all: readonly Owned[]): void => {
    for (const owned of all) {
      if (owned.resource.plural !== "poddisruptionbudgets") continue;
      const status = budgetStatus(owned.object, all);
      const old = recordOf(owned.object["status"]);
      const isSame = Object.entries(status).every(([key, value]) => old[key] === value);
      if (!isSame) edit(owned, ["status"], { ...old, ...status }, "status");
    }
  };

  return () => {
    const look = (): Owned[] => {
      const seen = new Set<string>();
      return server.resources().flatMap((resource) => {
        const key = storageKeyOf(resource);
        if (resource.storage === "virtual" || seen.has(key)) return [];
        seen.add(key);
        return server.store.list(key).map((object) => ({ resource, object }));
      });
    };
    let all = look();
    // What a step has written the next one must see; most of the time there is nothing of it.
    const step = (work: (all: readonly Owned[]) => void): void => {
      const before = writes;
      work(all);
      if (writes > before) all = look();
    };
    for (const work of [collect, endNamespaces, addAccounts, countBudgets]) step(work);
  };
};

const isDyingForeground = (object: Stored | undefined): boolean =>
  object?.metadata.deletionTimestamp !== undefined && (object.metadata.finalizers ?? []).includes("foregroundDeletion");

/** By uid, and where the reference itself says it should be: an owner in another namespace is none. */
const isThere = (
  server: ServerContext,
  byUid: ReadonlyMap<string, Owned>,
  uid: string,
  owner: { readonly apiVersion: string; readonly kind: string },
  namespace: string | undefined,
): boolean => {
  const found = byUid.get(uid);
  if (found !== undefined) return found.object.metadata.namespace === undefined || found.object.metadata.namespace === namespace;
  // A kind that the server does not serve may yet come: the collector leaves such objects alone.
  return findKind(server.resources(), owner.apiVersion, owner.kind) === undefined;
};

const budgetStatus = (budget: Stored, all: readonly Owned[]): Record<string, number> => {
  const pods = all.filter(
    ({ resource, object }) =>
      resource.group === "" &&
      resource.plural === "pods" &&
      object.metadata.namespace === budget.metadata.namespace &&
      matchesSelector(at(budget, "spec", "selector"), recordOf(object.metadata.labels)),
  );
  const healthy = pods.filter(({ object }) => object.metadata.deletionTimestamp === undefined && isTrue(object, "Ready")).length;
  const expected = pods.length;
  const most = at(budget, "spec", "maxUnavailable");
  const desired =
    most === undefined ? shareOf(at(budget, "spec", "minAvailable"), expected) : Math.max(0, expected - shareOf(most, expected));
  return {
    observedGeneration: budget.metadata.generation ?? 1,
    expectedPods: expected,
    currentHealthy: healthy,
    desiredHealthy: desired,
    disruptionsAllowed: expected > 0 ? Math.max(0, healthy - desired) : 0,
  };
};
