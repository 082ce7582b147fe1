// Topology spread constraints that forbid (DoNotSchedule): pkg/scheduler/framework/plugins/podtopologyspread. Pure.
import { type Stored, at, listOf, numberOf, recordOf, textOf } from "#embedded/json.ts";
import type { NodeView } from "#embedded/nodes/node-view.ts";
import { matchesSelector } from "#embedded/selectors.ts";

export interface SpreadReason {
  readonly text: string;
  readonly isMissingLabel: boolean;
}

const words = "node(s) didn't match pod topology spread constraints";

export const spreadReason = (pod: Stored, view: NodeView, all: readonly NodeView[]): SpreadReason | undefined => {
  for (const constraint of listOf(at(pod, "spec", "topologySpreadConstraints"))) {
    if (at(constraint, "whenUnsatisfiable") !== "DoNotSchedule") continue;
    const key = textOf(at(constraint, "topologyKey"));
    const domainOf = (each: NodeView): string | undefined => each.node.metadata.labels?.[key];
    const own = domainOf(view);
    if (own === undefined) return { text: `${words} (missing required label)`, isMissingLabel: true };
    const selector = at(constraint, "labelSelector");
    const counts = new Map<string, number>();
    for (const each of all) {
      const domain = domainOf(each);
      if (domain === undefined || !isEligible(pod, each)) continue;
      const matching = [...each.pods.values()].filter(
        ({ pod: other }) =>
          other.metadata.namespace === pod.metadata.namespace &&
          other.metadata.deletionTimestamp === undefined &&
          matchesSelector(selector, recordOf(other.metadata.labels)),
      ).length;
      counts.set(domain, (counts.get(domain) ?? 0) + matching);
    }
    const self = matchesSelector(selector, recordOf(pod.metadata.labels)) ? 1 : 0;
    const fewest = counts.size < (numberOf(at(constraint, "minDomains")) ?? 1) ? 0 : Math.min(...counts.values());
    if ((counts.get(own) ?? 0) + self - fewest > (numberOf(at(constraint, "maxSkew")) ?? 1)) return { text: words, isMissingLabel: false };
  }
  return undefined;
};

/** By default only nodes that the pod's own selector allows count; taints do not. */
const isEligible = (pod: Stored, { node }: NodeView): boolean =>
  Object.entries(recordOf(at(pod, "spec", "nodeSelector"))).every(([key, value]) => node.metadata.labels?.[key] === value);
