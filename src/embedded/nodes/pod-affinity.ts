// Required affinity and anti-affinity between pods: pkg/scheduler/framework/plugins/interpodaffinity. Pure.
import { type JsonRecord, type Stored, at, listOf, recordOf, textOf } from "#embedded/json.ts";
import type { NodeView } from "#embedded/nodes/node-view.ts";
import { matchesSelector } from "#embedded/selectors.ts";

interface Seeker {
  readonly pod: Stored;
  readonly namespaceLabels: (namespace: string) => JsonRecord;
}

const termsOf = (pod: Stored, kind: "podAffinity" | "podAntiAffinity"): readonly unknown[] =>
  listOf(at(pod, "spec", "affinity", kind, "requiredDuringSchedulingIgnoredDuringExecution"));

const domainOf = (view: NodeView, term: unknown): string | undefined => {
  const value = recordOf(view.node.metadata.labels)[textOf(at(term, "topologyKey"))];
  return value === undefined ? undefined : textOf(value);
};

/** Whether the term of `owner` speaks of `other`. */
const concerns = (term: unknown, owner: Stored, other: Stored, namespaceLabels: Seeker["namespaceLabels"]): boolean => {
  const { namespace = "" } = other.metadata;
  const names = listOf(at(term, "namespaces"));
  const selector = at(term, "namespaceSelector");
  const isNamed = names.length === 0 && selector === undefined ? namespace === owner.metadata.namespace : names.includes(namespace);
  if (!isNamed && !(selector !== undefined && matchesSelector(selector, namespaceLabels(namespace)))) return false;
  return matchesSelector(at(term, "labelSelector"), recordOf(other.metadata.labels));
};

export const affinityReason = ({ pod, namespaceLabels }: Seeker, view: NodeView, all: readonly NodeView[]): string | undefined => {
  const hasNeighbour = (term: unknown, fits: (other: Stored) => boolean): boolean => {
    const domain = domainOf(view, term);
    if (domain === undefined) return false;
    return all.some((each) => domainOf(each, term) === domain && [...each.pods.values()].some((placed) => fits(placed.pod)));
  };
  const wanted = termsOf(pod, "podAffinity");
  const isMissing = wanted.some((term) => {
    if (hasNeighbour(term, (other) => concerns(term, pod, other, namespaceLabels))) return false;
    if (domainOf(view, term) === undefined) return true;
    // The first of a group that wants to be with itself may begin anywhere.
    const isFirst = !all.some((each) => [...each.pods.values()].some((placed) => concerns(term, pod, placed.pod, namespaceLabels)));
    return !(isFirst && concerns(term, pod, pod, namespaceLabels));
  });
  if (isMissing) return "node(s) didn't match pod affinity rules";
  if (termsOf(pod, "podAntiAffinity").some((term) => hasNeighbour(term, (other) => concerns(term, pod, other, namespaceLabels))))
    return "node(s) didn't match pod anti-affinity rules";
  const isUnwelcome = all.some((each) =>
    [...each.guarded.values()].some(({ pod: other }) =>
      termsOf(other, "podAntiAffinity").some((term) => {
        const domain = domainOf(each, term);
        return domain !== undefined && domain === domainOf(view, term) && concerns(term, other, pod, namespaceLabels);
      }),
    ),
  );
  return isUnwelcome ? "node(s) didn't satisfy existing pods anti-affinity rules" : undefined;
};
