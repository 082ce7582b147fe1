// A pod that requests more CPU or memory than any node has free.
import { Nodes, type PodSpec } from "#api/kubernetes.ts";
import { schedulerQuote } from "#diagnosis/checks/scheduling.ts";
import { objectQuote } from "#diagnosis/quotes.ts";
import { rollbackWithout } from "#diagnosis/remedies.ts";
import { cause } from "#diagnosis/rule.ts";
import { unscheduledPods } from "#diagnosis/scheduling.ts";
import type { View } from "#diagnosis/view.ts";
import { parseQuantity } from "#lib/quantity.ts";

/** In thousandths of the unit. Init containers run before the others, so that the larger of both counts, as the scheduler counts. */
const requestOf = ({ containers, initContainers = [] }: PodSpec, resource: string): bigint => {
  const of = (container: PodSpec["containers"][number]): bigint =>
    parseQuantity(container.resources?.requests?.[resource] ?? container.resources?.limits?.[resource] ?? "") ?? 0n;
  const sum = containers.reduce((total, each) => total + of(each), 0n);
  return initContainers.map(of).reduce((most, each) => (each > most ? each : most), sum);
};

const requestText = ({ containers }: PodSpec, resource: string): string =>
  containers.flatMap(({ resources }) => resources?.requests?.[resource] ?? resources?.limits?.[resource] ?? []).join(" + ") || "0";

export const capacityInsufficient = cause({
  code: "CapacityInsufficient",
  title: "A pod that requests more than any node has free",
  reads: "Pods that are not scheduled, the scheduler's message, the requests of the pod, and the allocatable resources of nodes.",
  means: "The request fits no node: it is too large, or the cluster is full.",
  needs: ["objects.Pod", "objects.Node"],
  signs: ["Pod PodScheduled=False", "event FailedScheduling"],
  of: (view: View) =>
    unscheduledPods(view).flatMap((waiting) =>
      (["cpu", "memory"] as const).map((resource) => {
        const { pod, counts, wanted, blocker } = waiting;
        const nodes = wanted ?? view.all(Nodes);
        const requested = requestOf(pod.spec, resource);
        const largest = nodes
          .map((node) => parseQuantity(node.status?.allocatable?.[resource] ?? "") ?? 0n)
          .reduce((most, each) => (each > most ? each : most), 0n);
        const other = resource === "cpu" ? "memory" : "cpu";
        const [few, fewOther] = [counts[resource] ?? 0, counts[other] ?? 0];
        return {
          ...{ ...waiting, resource, nodes, requested, largest, few, fewOther },
          isBlocker: blocker === resource || (blocker === other && few >= fewOther),
          amount: requestText(pod.spec, resource),
          note: largest > 0n && requested > largest ? "; it is larger than an empty node" : "",
        };
      }),
    ),
  when: [
    { is: "the scheduler counts nodes with insufficient resources", holds: ({ few }) => few > 0 },
    { is: "the resource keeps the pod out of most nodes", holds: ({ isBlocker }) => isBlocker },
  ],
  supports: [
    { is: "the pod requests the resource", holds: ({ requested }) => requested > 0n },
    {
      is: "the request is larger than an empty node",
      holds: ({ requested, largest }) => (largest > 0n && requested > largest) || "unknown",
    },
    {
      is: "no other resource keeps it out of as many",
      holds: ({ blocker, resource, few, fewOther }) => blocker === resource && fewOther < few,
    },
  ],
  detail: ({ resource }) => ({ resource }),
  says: "Pods of {workload} request {amount} of {resource}, and no node has as much free{note}.",
  chain: "{amount} of {resource} is requested → {few} nodes have less free → {pod} is not scheduled",
  quotes: (waiting) => [
    objectQuote(waiting.workload, `requests.${waiting.resource}: ${waiting.amount}`),
    schedulerQuote(waiting),
    ...waiting.nodes
      .slice(0, 3)
      .map((node) => objectQuote(node, `allocatable ${waiting.resource}: ${node.status?.allocatable?.[waiting.resource] ?? "?"}`)),
  ],
  repairs: ({ workload, resource, requested }, view) =>
    rollbackWithout(view, workload, ({ spec }) => requestOf(spec, resource) >= requested),
  remedy: "`rollback_deployment` to a revision that requested less. Otherwise, lower the request or add a node.",
  otherwise: "lower the request, or add a node with enough {resource}",
});
