// From the object an alert names to the object that would be repaired: its root owner. Reads the caches only; never loses an alert for want of an owner.
import type { Reported, Reference } from "#api/fields.ts";
import { DaemonSets, Deployments, Jobs, namedTypes, ReplicaSets, StatefulSets } from "#api/kubernetes.ts";
import {
  apiVersionOf,
  type Key,
  keyText,
  type KubeObject,
  type Need,
  type OwnerReference,
  referenceText,
  type ResourceType,
  watchNeeds,
  controllerOf,
} from "#api/object.ts";
import {
  CachedAutoscalers,
  CachedBudgets,
  CachedClaims,
  CachedCronJobs,
  CachedDaemonSets,
  CachedDeployments,
  CachedIngresses,
  CachedJobs,
  CachedNamespaces,
  CachedNodes,
  CachedPods,
  CachedQuotas,
  CachedReplicaSets,
  CachedServices,
  CachedStatefulSets,
} from "#cluster/cached-kinds.ts";
import type { Caches, View } from "#kube/caches.ts";
import type { Store } from "#kube/store.ts";
import type { Clock } from "#lib/clock.ts";

export interface Resolved {
  readonly target: Reference;
  /** From the reported object to the target, both included. */
  readonly chain: readonly Reference[];
  /** Why the target is the reported object: it was not found, or it is of a kind that is not looked for. */
  readonly unresolved?: string;
}

export interface OwnerResolver {
  resolve(reported: Reported): Resolved;
  /** Before that an answer may stop short of the root. */
  readonly synced: boolean;
}

/** The kinds whose owners are followed. An owner of another kind ends the chain: Kintsugi could neither judge nor repair it. */
export const cachedWorkloads: readonly View[] = [
  CachedPods,
  CachedReplicaSets,
  CachedDeployments,
  CachedStatefulSets,
  CachedDaemonSets,
  CachedJobs,
  CachedCronJobs,
];

/** The kinds whose objects are known to exist or not: the targets of alerts, and what is around them. */
export const cachedTargets: readonly View[] = [
  ...cachedWorkloads,
  CachedServices,
  CachedIngresses,
  CachedClaims,
  CachedAutoscalers,
  CachedBudgets,
  CachedQuotas,
  CachedNodes,
  CachedNamespaces,
];

export const needs: readonly Need[] = watchNeeds(cachedTargets);

const workloadKinds: ReadonlySet<string> = new Set(cachedWorkloads.map(({ kind }) => kind));
const maxDepth = 8;
const maxRemembered = 5_000;
/** An alert about a pod may come long after the pod: `for:` and the group's interval are rarely longer than this. */
const rememberMs = 3_600_000;

/** Guarantees: always an answer; at worst the reported object itself. Caveats: an owner that is not cached yet is believed by its name. */
export const createOwnerResolver = (caches: Caches, clock: Pick<Clock, "now">): OwnerResolver => {
  const stores = new Map<string, { readonly type: ResourceType; readonly store: Store }>(
    cachedTargets.map((type) => [type.kind, { type, store: caches.of(type) }]),
  );
  const find = (kind: string, key: Key): KubeObject | undefined => stores.get(kind)?.store.get(key);
  const gone = rememberOwners(caches.of(CachedPods), clock);

  const ownerOf = ({ apiVersion, kind, namespace, name }: Reference): Owner | undefined => {
    const known = stores.get(kind);
    if (known === undefined || apiVersionOf(known.type) !== apiVersion) return undefined;
    const key = { ...inNamespace(namespace), name };
    const object = known.store.get(key);
    if (object !== undefined) return controllerOf(object);
    return kind === "Pod" ? (gone(key) ?? ownerByPodName(key, find)) : kind === "ReplicaSet" ? deploymentByName(key, find) : undefined;
  };

  const unresolvedReason = (reference: Reference): string | undefined => {
    const known = stores.get(reference.kind);
    if (known === undefined || apiVersionOf(known.type) !== reference.apiVersion)
      return `${referenceText(reference)} is used as reported: Kintsugi does not look up objects of kind ${reference.kind}`;
    if (known.store.get({ ...inNamespace(reference.namespace), name: reference.name }) !== undefined) return undefined;
    return `${referenceText(reference)} is used as reported: it was not found, and its owner is unknown`;
  };

  return {
    resolve: (reported) => {
      const first = referenceTo(reported);
      const chain: Reference[] = [first];
      const seen = new Set([`${reported.kind} ${reported.name}`]);
      for (let last: Reference | undefined = first; last !== undefined && chain.length < maxDepth;) {
        const owner = ownerOf(last);
        const known = owner === undefined ? undefined : stores.get(owner.kind);
        if (owner === undefined || known === undefined || apiVersionOf(known.type) !== owner.apiVersion) break;
        if (!workloadKinds.has(owner.kind)) break;
        if (seen.has(`${owner.kind} ${owner.name}`)) break;
        seen.add(`${owner.kind} ${owner.name}`);
        // An owner lives in its dependent's namespace: the API server allows no other for these kinds.
        last = { apiVersion: owner.apiVersion, kind: owner.kind, ...inNamespace(last.namespace), name: owner.name };
        chain.push(last);
      }
      const unresolved = chain.length > 1 ? undefined : unresolvedReason(first);
      return { target: chain.at(-1) ?? first, chain, ...(unresolved === undefined ? {} : { unresolved }) };
    },
    get synced() {
      return [...stores.values()].every(({ store }) => store.synced);
    },
  };
};

type Owner = Pick<OwnerReference, "apiVersion" | "kind" | "name">;

const inNamespace = (namespace: string | undefined): { namespace?: string } => (namespace === undefined ? {} : { namespace });

const referenceTo = (reported: Reported): Reference => {
  const { apiVersion, kind } = reported;
  const type = namedTypes.find((each) => each.kind === kind && (apiVersion === undefined || apiVersionOf(each) === apiVersion));
  return {
    apiVersion: type === undefined ? (apiVersion ?? "v1") : apiVersionOf(type),
    kind,
    // A namespace on a Node's alert is the exporter's.
    ...(type !== undefined && !type.namespaced ? {} : inNamespace(reported.namespace)),
    name: reported.name,
  };
};

/** Who owned the pods that are gone: bounded in number and in time, the oldest forgotten first. */
const rememberOwners = (pods: Store, clock: Pick<Clock, "now">): ((key: Key) => Owner | undefined) => {
  const owners = new Map<string, { readonly owner: Owner; readonly at: number }>();
  pods.onChange((change) => {
    const owner = change.kind === "deleted" ? controllerOf(change.object) : undefined;
    if (owner === undefined) return;
    const id = keyText(change.object.metadata);
    owners.delete(id);
    owners.set(id, { owner: { apiVersion: owner.apiVersion, kind: owner.kind, name: owner.name }, at: clock.now() });
    const oldest = owners.size > maxRemembered ? owners.keys().next().value : undefined;
    if (oldest !== undefined) owners.delete(oldest);
  });
  return (key) => {
    const known = owners.get(keyText(key));
    return known === undefined || clock.now() - known.at > rememberMs ? undefined : known.owner;
  };
};

type Find = (kind: string, key: Key) => KubeObject | undefined;

/** The alphabet of generated suffixes leaves out vowels and what looks like them; names of people's own rarely fit it. */
const podSuffix = /^(.+)-[bcdfghjklmnpqrstvwxz2456789]{5}$/;
const templateHash = /^(.+)-[bcdfghjklmnpqrstvwxz2456789]{1,10}$/;
const ordinal = /^(.+)-\d+$/;

/** A pod that we never saw, or forgot: its name says whose it was, if that owner exists (or its Deployment still does). */
const ownerByPodName = (pod: Key, find: Find): Owner | undefined => {
  const stem = podSuffix.exec(pod.name)?.[1];
  if (stem !== undefined) {
    const replicaSet = existing(ReplicaSets, stem, pod, find);
    if (replicaSet !== undefined) return replicaSet;
    const deployment = deploymentByName({ ...pod, name: stem }, find);
    if (deployment !== undefined) return deployment;
    const other = existing(DaemonSets, stem, pod, find) ?? existing(Jobs, stem, pod, find);
    if (other !== undefined) return other;
  }
  const set = ordinal.exec(pod.name)?.[1];
  return set === undefined ? undefined : existing(StatefulSets, set, pod, find);
};

const deploymentByName = (replicaSet: Key, find: Find): Owner | undefined => {
  const name = templateHash.exec(replicaSet.name)?.[1];
  return name === undefined ? undefined : existing(Deployments, name, replicaSet, find);
};

const existing = (type: ResourceType, name: string, beside: Key, find: Find): Owner | undefined =>
  find(type.kind, { ...beside, name }) === undefined ? undefined : { apiVersion: apiVersionOf(type), kind: type.kind, name };
