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

const shortages = ["cpu", "memory", "extended"] as const;

const refusalOf = (resource: string): (typeof shortages)[number] => (resource === "cpu" || resource === "memory" ? resource : "extended");

/** Resources of devices, scratch space and huge pages that the scheduler finds short, by their names. */
const extendedIn = (message: string): readonly string[] =>
  [...message.matchAll(/\d Insufficient ([\w./-]{1,320}[\w])/g)]
    .map(([, name = ""]) => name)
    .filter((name) => refusalOf(name) === "extended");

const noteOn = (requested: bigint, largest: bigint, nodes: number): string => {
  if (nodes > 0 && largest === 0n) return "; no node that fits offers it";
  return largest > 0n && requested > largest ? "; it is larger than an empty node" : "";
};

export const capacityInsufficient = cause({
  code: "CapacityInsufficient",
  title: "A pod that requests more than any node has free",
  reads: "Pods that are not scheduled, the scheduler's message, the requests of the pod, and the allocatable resources of nodes.",
  means: "The request fits no node: it is too large, or the cluster is full.",
  needs: ["objects.Pod", "objects.Node"],
  signs: ["Pod PodScheduled=False", "event FailedScheduling"],
  of: (view: View) =>
    unscheduledPods(view).flatMap((waiting) =>
      [...new Set(["cpu", "memory", ...extendedIn(waiting.message)])].map((resource) => {
        const { pod, counts, wanted, blocker } = waiting;
        const nodes = wanted ?? view.all(Nodes);
        const requested = requestOf(pod.spec, resource);
        const largest = nodes
          .map((node) => parseQuantity(node.status?.allocatable?.[resource] ?? "") ?? 0n)
          .reduce((most, each) => (each > most ? each : most), 0n);
        const refusal = refusalOf(resource);
        const few = counts[refusal] ?? 0;
        const fewOther = Math.max(...shortages.filter((each) => each !== refusal).map((each) => counts[each] ?? 0));
        return {
          ...{ ...waiting, resource, nodes, requested, largest, few, fewOther },
          isAlone: blocker === refusal && fewOther < few,
          isBlocker: blocker === refusal || (shortages.some((each) => each === blocker) && few >= fewOther),
          amount: requestText(pod.spec, resource),
          note: noteOn(requested, largest, nodes.length),
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
      holds: ({ isAlone }) => isAlone,
    },
  ],
  detail: ({ resource }) => ({ resource }),
  says: "Pods of {workload} request {amount} of {resource}, and no node has that much free{note}.",
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
