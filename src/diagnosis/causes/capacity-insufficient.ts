// A pod requests more cpu or memory than any node that it could run on has free.
import { Nodes, type PodSpec } from "#api/kubernetes.ts";
import { referenceText } from "#api/object.ts";
import { parseQuantity } from "#lib/quantity.ts";
import { assess, objectQuote } from "#diagnosis/assess.ts";
import type { Cause } from "#diagnosis/cause.ts";
import type { Assessment } from "#diagnosis/finding.ts";
import { remediesOr, rollbackWithout } from "#diagnosis/previous-revision.ts";
import { type Unscheduled, unscheduledPods } from "#diagnosis/scheduling.ts";
import { referenceTo, type View } from "#diagnosis/view.ts";

const code = "CapacityInsufficient";

export const capacityInsufficient: Cause = {
  code,
  title: "A pod that requests more than any node has free",
  reads: "Pods that are not scheduled, what the scheduler says, their requests and what the nodes have.",
  means: "The request fits on no node: it is too large, or the cluster is full.",
  remedy: "`rollback_deployment` to a revision that requested less. Otherwise, lower the request or add a node.",
  find: (view) => unscheduledPods(view).flatMap((waiting) => (["cpu", "memory"] as const).map((resource) => find(view, waiting, resource))),
};

const find = (view: View, { workload, pod, message, counts, blocker, wanted }: Unscheduled, resource: "cpu" | "memory"): Assessment => {
  const nodes = wanted ?? view.all(Nodes);
  const requested = requestOf(pod.spec, resource);
  const largest = nodes
    .map((node) => parseQuantity(node.status?.allocatable?.[resource] ?? "") ?? 0n)
    .reduce((most, each) => (each > most ? each : most), 0n);
  const other = resource === "cpu" ? "memory" : "cpu";
  return assess(
    code,
    {
      required: [
        { claim: `the scheduler says that nodes have insufficient ${resource}`, holds: (counts[resource] ?? 0) > 0 },
        {
          claim: `${resource} is what keeps it out of most nodes that it could run on`,
          holds: blocker === resource || (blocker === other && (counts[resource] ?? 0) >= (counts[other] ?? 0)),
        },
      ],
      supporting: [
        { claim: `the pod requests ${resource}`, holds: requested > 0n, weight: 1 },
        {
          claim: "it would not even fit on an empty node",
          holds: largest === 0n ? "unknown" : requested > largest ? true : "unknown",
          weight: 1,
        },
        {
          claim: "nothing else keeps it out of as many",
          holds: blocker === resource && (counts[other] ?? 0) < (counts[resource] ?? 0),
          weight: 1,
        },
      ],
    },
    () => ({
      object: workload.reference,
      detail: { resource },
      summary: `Pods of ${referenceText(workload.reference)} request ${textOf(pod.spec, resource)} of ${resource}, which no node has free${largest > 0n && requested > largest ? "; not even an empty one" : ""}.`,
      chain: [
        `${textOf(pod.spec, resource)} of ${resource} is requested`,
        `${counts[resource]} nodes have too little`,
        `Pod ${pod.metadata.name} is not scheduled`,
      ],
      quotes: [
        objectQuote(workload.reference, `requests.${resource}: ${textOf(pod.spec, resource)}`),
        objectQuote({ kind: "Pod", ...pod.metadata }, `PodScheduled False: ${message}`),
        ...nodes
          .slice(0, 3)
          .map((node) => objectQuote(referenceTo(node), `allocatable ${resource}: ${node.status?.allocatable?.[resource] ?? "?"}`)),
      ],
      explains: [workload.reference],
      facts: remediesOr(
        rollbackWithout(view, workload, ({ spec }) => requestOf(spec, resource) >= requested),
        `lower the request, or add a node with enough ${resource}`,
      ),
    }),
  );
};

/** In thousandths of the unit; init containers run before the others, so that the larger of both counts. */
const requestOf = ({ containers, initContainers = [] }: PodSpec, resource: string): bigint => {
  const of = (container: PodSpec["containers"][number]): bigint =>
    parseQuantity(container.resources?.requests?.[resource] ?? container.resources?.limits?.[resource] ?? "") ?? 0n;
  const sum = containers.reduce((total, each) => total + of(each), 0n);
  return initContainers.map(of).reduce((most, each) => (each > most ? each : most), sum);
};

const textOf = ({ containers }: PodSpec, resource: string): string =>
  containers
    .map(({ resources }) => resources?.requests?.[resource] ?? resources?.limits?.[resource])
    .filter((quantity) => quantity !== undefined)
    .join(" + ") || "some";
