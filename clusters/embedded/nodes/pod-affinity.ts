// Required affinity and anti-affinity between pods: pkg/scheduler/framework/plugins/interpodaffinity. Pure.
import { type Stored, at, listOf, recordOf, textOf } from "#embedded/json.ts";
import type { NodeView } from "#embedded/nodes/node-view.ts";
import { matchesSelector } from "#embedded/selectors.ts";

const termsOf = (pod: Stored, kind: "podAffinity" | "podAntiAffinity"): readonly unknown[] =>
  listOf(at(pod, "spec", "affinity", kind, "requiredDuringSchedulingIgnoredDuringExecution"));

const domainOf = (view: NodeView, term: unknown): string | undefined => {
  const value = recordOf(view.node.metadata.labels)[textOf(at(term, "topologyKey"))];
  return value === undefined ? undefined : textOf(value);
};

/** Whether the term of `owner` speaks of `other`. */
const concerns = (term: unknown, owner: Stored, other: Stored): boolean => {
  const { namespace = "" } = other.metadata;
  const names = listOf(at(term, "namespaces"));
  const isNamed = names.length === 0 ? namespace === owner.metadata.namespace : names.includes(namespace);
  return isNamed && matchesSelector(at(term, "labelSelector"), recordOf(other.metadata.labels));
};

export const affinityReason = (pod: Stored, view: NodeView, all: readonly NodeView[]): string | undefined => {
  const hasNeighbour = (term: unknown, fits: (other: Stored) => boolean): boolean => {
    const domain = domainOf(view, term);
    if (domain === undefined) return false;
    return all.some((each) => domainOf(each, term) === domain && [...each.pods.values()].some((placed) => fits(placed.pod)));
  };
  const wanted = termsOf(pod, "podAffinity");
  const isMissing = wanted.some((term) => {
    if (hasNeighbour(term, (other) => concerns(term, pod, other))) return false;
    if (domainOf(view, term) === undefined) return true;
    // The first of a group that wants to be with itself may begin anywhere.
    const isFirst = !all.some((each) => [...each.pods.values()].some((placed) => concerns(term, pod, placed.pod)));
    return !(isFirst && concerns(term, pod, pod));
  });
  if (isMissing) return "node(s) didn't match pod affinity rules";
  if (termsOf(pod, "podAntiAffinity").some((term) => hasNeighbour(term, (other) => concerns(term, pod, other))))
    return "node(s) didn't match pod anti-affinity rules";
  const isUnwelcome = all.some((each) =>
    [...each.guarded.values()].some(({ pod: other }) =>
      termsOf(other, "podAntiAffinity").some((term) => {
        const domain = domainOf(each, term);
        return domain !== undefined && domain === domainOf(view, term) && concerns(term, other, pod);
      }),
    ),
  );
  return isUnwelcome ? "node(s) didn't satisfy existing pods anti-affinity rules" : undefined;
};
