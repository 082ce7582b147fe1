// Reads the context of one target: the object live, since the caches keep no template, its neighbors from the caches. Never writes.
import type { RemediationProcessing } from "#api/kinds/remediation-processing.ts";
import { referenceText } from "#api/object.ts";
import { CachedAutoscalers, CachedBudgets, CachedNamespaces, CachedNodes, CachedQuotas, CachedServices } from "#cluster/cached-kinds.ts";
import { watchWorkloads } from "#cluster/owned-pods.ts";
import { createOwnerResolver } from "#cluster/owners.ts";
import { readObject } from "#cluster/read-for-action.ts";
import type { RoleDeps } from "#runtime/role-deps.ts";
import { contextOf } from "#controllers/remediation-processing/context.ts";
import type { ProcessingObservation } from "#controllers/remediation-processing/decide.ts";

export type Observe = (processing: RemediationProcessing, signal: AbortSignal) => Promise<ProcessingObservation>;

/** Asks for the caches at once, so that they are complete before the first look. */
export const createObserve = ({ kube, caches, clock, namespace: ownNamespace, settings }: RoleDeps): Observe => {
  const workloads = watchWorkloads(caches);
  const owners = createOwnerResolver(caches, clock);
  const services = caches.of(CachedServices);
  const autoscalers = caches.of(CachedAutoscalers);
  const budgets = caches.of(CachedBudgets);
  const quotas = caches.of(CachedQuotas);
  const nodes = caches.of(CachedNodes);
  const namespaces = caches.of(CachedNamespaces);

  return async (processing, signal) => {
    const { target, reported } = processing.spec;
    const object = await readObject(kube, target, signal);
    const namespace = target.namespace === undefined ? undefined : namespaces.get({ name: target.namespace });
    // A cluster-scoped object is opted in and placed by its own labels, everything else by its namespace's.
    const labelled =
      target.namespace !== undefined ? namespace : target.kind === "Namespace" ? namespaces.get({ name: target.name }) : object;
    const around = {
      services: services.list(target.namespace),
      autoscalers: autoscalers.list(target.namespace),
      budgets: budgets.list(target.namespace),
      quotas: quotas.list(target.namespace),
      nodes: nodes.list(),
      pods: object === undefined ? [] : workloads.podsOf(object),
    };
    const nothingAround = { ...around, services: [], autoscalers: [], budgets: [], quotas: [] };
    const facts = { processing, labels: labelled?.metadata.labels, ownNamespace, settings: settings() };
    const missing = [
      ...(object === undefined ? [`${referenceText(target)} was not found`] : []),
      ...(labelled === undefined && target.namespace !== undefined ? [`Namespace ${target.namespace} was not found`] : []),
    ];
    try {
      const context = contextOf({
        target,
        object,
        ownerChain: owners.resolve(reported).chain,
        replicaSets: object?.kind === "Deployment" ? workloads.replicaSetsOf(object) : [],
        // Selectors are of their namespace: a cluster-scoped target has none of these around it.
        around: target.namespace === undefined ? nothingAround : around,
      });
      return { ...facts, missing, context };
    } catch (error) {
      // An object of an unknown shape: failing with a reason beats retrying until the request times out.
      return { ...facts, missing, unreadable: error instanceof Error ? error.message : String(error) };
    }
  };
};
