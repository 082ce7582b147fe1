// Reads the context of one target, from the caches alone where they hold its kind: what they do not show is asked for once, before it counts as gone. Never writes.
import { isTerminal, phaseOf } from "#api/define-kind.ts";
import type { Reference } from "#api/fields.ts";
import type { RemediationProcessing, Sibling } from "#api/kinds/remediation-processing.ts";
import { RemediationRequest, requestTransitions } from "#api/kinds/remediation-request.ts";
import { type KubeObject, referenceText } from "#api/object.ts";
import { CachedNamespaces } from "#cluster/cached-kinds.ts";
import { createOwnerResolver } from "#cluster/owners.ts";
import { readObject, typeOf } from "#cluster/read-for-action.ts";
import { isNear, watchSurroundings } from "#cluster/surroundings.ts";
import type { Store } from "#kube/store.ts";
import type { RoleDeps } from "#runtime/role-deps.ts";
import { contextOf, type ContextParts } from "#controllers/remediation-processing/context.ts";
import type { ProcessingObservation } from "#controllers/remediation-processing/decide.ts";

export type ObserveDeps = Pick<RoleDeps, "kube" | "caches" | "clock" | "namespace" | "settings">;
export type Observe = (processing: RemediationProcessing, signal: AbortSignal) => Promise<ProcessingObservation>;

/** Asks for the caches at once, so that they are complete before the first look. */
export const createObserve = ({ kube, caches, clock, namespace: ownNamespace, settings }: ObserveDeps): Observe => {
  const cluster = watchSurroundings(caches);
  const owners = createOwnerResolver(caches, clock);
  const namespaces = caches.of(CachedNamespaces);
  const requests = caches.of(RemediationRequest, { namespace: ownNamespace });

  /** The caches are lists of their own: before it counts as gone, the server is asked. */
  const find = async (target: Reference, signal: AbortSignal): Promise<ContextParts["object"]> => {
    const known = cluster.find(target);
    if (typeof known !== "string") return known;
    if (typeOf(target) === undefined) return "not looked for";
    const live = await readObject(kube, target, signal);
    return live === undefined ? "absent" : cluster.kept(live);
  };

  return async (processing, signal) => {
    const { target, reported, request } = processing.spec;
    const found = await find(target, signal);
    const object = typeof found === "string" ? undefined : found;
    const namespace = target.namespace === undefined ? undefined : namespaces.get({ name: target.namespace });
    // A cluster-scoped object is opted in and placed by its own labels, everything else by its namespace's.
    const labelled =
      target.namespace !== undefined ? namespace : target.kind === "Namespace" ? namespaces.get({ name: target.name }) : object;
    const facts = { processing, labels: labelled?.metadata.labels, ownNamespace, settings: settings() };
    const missing = [
      ...missingTarget(target, found),
      ...(labelled === undefined && target.namespace !== undefined ? [`Namespace ${target.namespace} was not found`] : []),
      ...cluster.troubles(),
    ];
    try {
      const around = cluster.around(target, object);
      const parts = { target, object: found, around, ownerChain: owners.resolve(reported).chain };
      const replicaSets = object?.kind === "Deployment" ? cluster.workloads.replicaSetsOf(object) : [];
      const context = contextOf({ ...parts, replicaSets });
      const near = context.neighbours.map((neighbour) => neighbour.object);
      return { ...facts, missing, context: withSiblings(context, siblingsOf(requests, { request, target, near })) };
    } catch (error) {
      // An object of an unknown shape: failing with a reason beats retrying until the request times out.
      return { ...facts, missing, unreadable: error instanceof Error ? error.message : String(error) };
    }
  };
};

const missingTarget = (target: Reference, found: KubeObject | string): string[] => {
  if (found === "absent") return [`${referenceText(target)} was not found`];
  return found === "not looked for" ? [`${referenceText(target)} was not looked for: objects of kind ${target.kind} are not read`] : [];
};

/** In a storm every request would repeat all others, in its context and in each analysis. */
const maxSiblings = 5;

const withSiblings = <C extends object>(context: C, siblings: readonly Sibling[]): C & { siblings?: Sibling[] } =>
  siblings.length === 0 ? context : { ...context, siblings: [...siblings] };

/** Oldest first: what began earlier is more likely the cause. */
const siblingsOf = (
  requests: Store<RemediationRequest>,
  { request, target, near }: { readonly request: string; readonly target: Reference; readonly near: readonly Reference[] },
): Sibling[] =>
  requests
    .list()
    .filter(({ metadata, spec }) => metadata.name !== request && isNear(target, spec.target, near))
    .filter((each) => !isTerminal(requestTransitions, phaseOf(each)))
    .toSorted((a, b) => (a.spec.alert.startsAt < b.spec.alert.startsAt ? -1 : 1))
    .slice(0, maxSiblings)
    .map(({ metadata, spec: { alert, target: object } }) => ({
      request: metadata.name,
      alert: alert.name,
      object,
      startsAt: alert.startsAt,
    }));
