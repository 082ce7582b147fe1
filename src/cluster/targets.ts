// The objects an alert may be about, as the caches know them: each with its health, and whose health a change may have altered. Never calls the API server.
import {
  apiVersionOf,
  type Key,
  type KubeObject,
  type Need,
  type ObjectReference,
  type ResourceType,
  watchNeeds,
  controllerOf,
} from "#api/object.ts";
import { CachedClaims, CachedNodes } from "#cluster/cached-kinds.ts";
import { cachedWorkloads } from "#cluster/owners.ts";
import { watchWorkloads } from "#cluster/owned-pods.ts";
import { type Health, workloadHealth } from "#cluster/workload-health.ts";
import type { Caches, View } from "#kube/caches.ts";
import type { Store } from "#kube/store.ts";

/** Kinds that have a health of their own. */
const types: readonly View[] = [...cachedWorkloads, CachedNodes, CachedClaims];

export const needs: readonly Need[] = watchNeeds(types);

export interface Targets {
  health(reference: ObjectReference): Health;
  /** The objects, as `targetKey` writes them, whose health may change when this one does: itself and those that control it. */
  concernedBy(object: KubeObject): readonly string[];
  /** To watch: their changes are what `concernedBy` is asked about. */
  readonly stores: readonly Store[];
}

/** The API version is left out: one object may be named by several. */
export const targetKey = (reference: Pick<ObjectReference, "kind" | "namespace" | "name">): string =>
  `${reference.kind}/${reference.namespace ?? ""}/${reference.name}`;

/** Pod → ReplicaSet → Deployment, Pod → Job → CronJob. */
const maxOwners = 3;

export const watchTargets = (caches: Caches): Targets => {
  const workloads = watchWorkloads(caches);
  const stores = new Map<string, { readonly type: ResourceType; readonly store: Store }>(
    types.map((type) => [type.kind, { type, store: caches.of(type) }]),
  );
  const storeOf = ({ kind, apiVersion }: ObjectReference): Store | undefined => {
    const known = stores.get(kind);
    return known === undefined || apiVersionOf(known.type) !== apiVersion ? undefined : known.store;
  };
  return {
    health: (reference) => {
      const store = storeOf(reference);
      // What was not looked for is not missing.
      if (store === undefined) return { state: "Unknown", reasons: [`A ${reference.kind} reports no health.`], restarts: 0 };
      const { namespace, name } = reference;
      const found = store.get(namespace === undefined ? { name } : { namespace, name });
      return workloadHealth(reference, found, found === undefined ? [] : workloads.podsOf(found));
    },
    concernedBy: (changed) => {
      const keys = [targetKey({ kind: changed.kind, ...changed.metadata })];
      let last: KubeObject | undefined = changed;
      for (let depth = 0; depth < maxOwners; depth += 1) {
        const owner: { kind: string; name: string } | undefined = last && controllerOf(last);
        if (owner === undefined) break;
        const key: Key = {
          ...(changed.metadata.namespace === undefined ? {} : { namespace: changed.metadata.namespace }),
          name: owner.name,
        };
        keys.push(targetKey({ kind: owner.kind, ...key }));
        last = stores.get(owner.kind)?.store.get(key);
      }
      return keys;
    },
    stores: [...stores.values()].map(({ store }) => store),
  };
};
