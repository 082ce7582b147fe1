// An object with all that surrounds it, from the caches: no call to the API server. The one place that knows which caches a context needs.
import type { Reference } from "#api/fields.ts";
import { apiVersionOf, controllerOf, type KubeObject, type ObjectReference, type ResourceType } from "#api/object.ts";
import {
  CachedAutoscalers,
  CachedBudgets,
  CachedCronJobs,
  CachedDaemonSets,
  CachedDeployments,
  CachedIngresses,
  CachedJobs,
  type CachedPod,
  CachedPods,
  CachedNodes,
  CachedQuotas,
  CachedReplicaSets,
  CachedServices,
  CachedStatefulSets,
} from "#cluster/cached-kinds.ts";
import { type CachedWorkload, type Surroundings, workloadsOf } from "#cluster/neighbours.ts";
import { byOwner, watchWorkloads, type Workloads } from "#cluster/owned-pods.ts";
import { cachedTargets } from "#cluster/owners.ts";
import type { Caches, View } from "#kube/caches.ts";
import type { Store } from "#kube/store.ts";

export interface ClusterAround {
  /** `not looked for`: of a kind that the caches do not hold. */
  find(reference: ObjectReference): KubeObject | "absent" | "not looked for";
  /** An object as the caches would hold it. */
  kept(object: KubeObject): KubeObject;
  around(target: ObjectReference, object: KubeObject | undefined): Surroundings;
  readonly workloads: Workloads;
  /** Caches whose content may be out of date, with the reason. */
  troubles(): readonly string[];
}

const byNode = "nodeName";
const podIndexes = { [byNode]: ({ spec }: CachedPod): readonly string[] => (spec.nodeName === undefined ? [] : [spec.nodeName]) };

/** Workloads whose pods are looked at for an object that has none of its own. */
const maxRelated = 5;
const maxDepth = 3;
const workloadTypes: readonly View[] = [
  CachedDeployments,
  CachedStatefulSets,
  CachedDaemonSets,
  CachedCronJobs,
  CachedReplicaSets,
  CachedJobs,
  CachedPods,
];

/** Asks for the caches at once, so that they are complete before the first look. */
export const watchSurroundings = (caches: Caches): ClusterAround => {
  const workloads = watchWorkloads(caches);
  const stores = new Map<string, { readonly type: ResourceType; readonly store: Store }>(
    cachedTargets.map((type) => [type.kind, { type, store: caches.of(type) }]),
  );
  const names = new Set(cachedTargets.map(({ group, plural }) => (group === "" ? plural : `${plural}.${group}`)));
  const pods = caches.of(CachedPods, {}, podIndexes);
  const jobs = caches.of(CachedJobs);
  const services = caches.of(CachedServices);
  const ingresses = caches.of(CachedIngresses);
  const autoscalers = caches.of(CachedAutoscalers);
  const budgets = caches.of(CachedBudgets);
  const quotas = caches.of(CachedQuotas);
  const nodes = caches.of(CachedNodes);
  const roots: readonly Store<CachedWorkload>[] = workloadTypes.map((type) => caches.of(type) as Store<CachedWorkload>);

  /** Those that something else controls have no template here: what controls them has. */
  const workloadsIn = (namespace: string): readonly CachedWorkload[] =>
    roots.flatMap((store) => store.list(namespace).filter(({ template }) => template !== undefined));

  const rootOf = (pod: CachedPod): CachedWorkload => {
    let root: KubeObject = pod;
    for (let depth = 0; depth < maxDepth; depth += 1) {
      const owner = controllerOf(root);
      const known = owner === undefined ? undefined : stores.get(owner.kind);
      if (owner === undefined || known === undefined || apiVersionOf(known.type) !== owner.apiVersion) break;
      const { namespace } = pod.metadata;
      const above = known.store.get(namespace === undefined ? { name: owner.name } : { namespace, name: owner.name });
      // The controller of a static pod is its node, which is not a workload.
      if (above === undefined || above.kind === "Node") break;
      root = above;
    }
    return root;
  };

  const workloadsOn = (node: string): readonly CachedWorkload[] => [...new Set(pods.index(byNode, node).map(rootOf))];

  return {
    workloads,
    find: ({ apiVersion, kind, namespace, name }) => {
      const known = stores.get(kind);
      if (known === undefined || apiVersionOf(known.type) !== apiVersion) return "not looked for";
      return known.store.get(namespace === undefined ? { name } : { namespace, name }) ?? "absent";
    },
    kept: (object) =>
      cachedTargets
        .find(({ kind, ...type }) => kind === object.kind && apiVersionOf(type) === object.apiVersion)
        ?.keep(object, (text) => text) ?? object,
    around: (target, object) => {
      const namespace = target.namespace ?? (target.kind === "Namespace" ? target.name : undefined);
      const base = {
        services: namespace === undefined ? [] : services.list(namespace),
        ingresses: namespace === undefined ? [] : ingresses.list(namespace),
        autoscalers: namespace === undefined ? [] : autoscalers.list(namespace),
        budgets: namespace === undefined ? [] : budgets.list(namespace),
        quotas: namespace === undefined ? [] : quotas.list(namespace),
        nodes: nodes.list(),
        workloads: target.kind === "Node" ? workloadsOn(target.name) : namespace === undefined ? [] : workloadsIn(namespace),
        jobs: object?.kind === "CronJob" ? newestFirst(jobs.index(byOwner, object.metadata.uid)) : [],
        pods: [],
      };
      const own = object === undefined ? [] : workloads.podsOf(object);
      const related = workloadsOf(target, object, base).slice(0, maxRelated);
      return { ...base, pods: own.length > 0 ? own : related.flatMap((workload) => workloads.podsOf(workload)) };
    },
    troubles: () =>
      caches
        .health()
        .filter(({ name, trouble }) => names.has(name) && trouble !== undefined)
        .map(({ name, trouble = "" }) => `${name} may be out of date: ${trouble}`),
  };
};

const newestFirst = <T extends KubeObject>(objects: readonly T[]): T[] =>
  objects.toSorted((a, b) => (a.metadata.creationTimestamp < b.metadata.creationTimestamp ? 1 : -1));

/** Whether two objects are near each other: of one namespace, or one of them a neighbour of the other. */
export const isNear = (a: Reference, b: Reference, neighbours: readonly Reference[]): boolean =>
  (a.namespace !== undefined && a.namespace === b.namespace) ||
  neighbours.some(({ kind, namespace, name }) => kind === b.kind && namespace === b.namespace && name === b.name);
