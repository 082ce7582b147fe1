// A pod asks for a node that does not exist: its nodeSelector or its required node affinity matches none.
import { Nodes } from "#api/kubernetes.ts";
import { referenceText } from "#api/object.ts";
import { assess, objectQuote } from "#diagnosis/assess.ts";
import type { Cause } from "#diagnosis/cause.ts";
import type { Assessment } from "#diagnosis/finding.ts";
import { remediesOr, rollbackWithout } from "#diagnosis/previous-revision.ts";
import {
  isControlPlane,
  matchesAffinity,
  matchesSelector,
  nodeSelectorOf,
  nodeTermsOf,
  type Unscheduled,
  unscheduledPods,
} from "#diagnosis/scheduling.ts";
import type { View } from "#diagnosis/view.ts";

type Wish = "nodeSelector" | "nodeAffinity";

const codes = { nodeSelector: "NodeSelectorMatchesNothing", nodeAffinity: "NodeAffinityMatchesNothing" } as const;

const causeOf = (wish: Wish, title: string, words: string): Cause => ({
  code: codes[wish],
  title,
  reads: "Pods that are not scheduled, what the scheduler says, and the labels of the nodes.",
  means: `${words} asks for labels that no node has.`,
  remedy: "`rollback_deployment` to a revision that fits a node. Otherwise, label a node or correct the template.",
  find: (view) => unscheduledPods(view).map((waiting) => find(view, waiting, wish)),
});

const find = (view: View, { workload, pod, message, counts, wanted, blocker }: Unscheduled, wish: Wish): Assessment => {
  const nodes = view.all(Nodes);
  const selector = nodeSelectorOf(pod.spec);
  const hasSelector = Object.keys(selector).length > 0;
  const bySelector = nodes.filter((node) => matchesSelector(pod.spec, node));
  const byAffinity = nodes.filter((node) => matchesAffinity(pod.spec, node));
  // Where both are wishes and each is met by some node, it is the affinity that asks for more.
  const isSelectors = hasSelector && (bySelector.length === 0 || nodeTermsOf(pod.spec).length === 0);
  const text =
    wish === "nodeSelector"
      ? Object.entries(selector)
          .map(([key, value]) => `${key}=${value}`)
          .join(", ")
      : JSON.stringify(nodeTermsOf(pod.spec)).slice(0, 300);
  return assess(
    codes[wish],
    {
      required: [
        { claim: "nodes do not match the pod's node affinity or selector", holds: (counts.selector ?? 0) > 0 || wanted?.length === 0 },
        { claim: "no node meets what the pod asks for", holds: blocker === "selector" },
        { claim: `it is the ${wish} that no node meets`, holds: (wish === "nodeSelector") === isSelectors },
      ],
      supporting: [
        { claim: "the labels of all nodes are known", holds: view.knows(Nodes, undefined), weight: 1 },
        {
          claim: "none of them has these labels",
          // Nodes of the control plane are kept free: what they have does not count.
          holds: (wish === "nodeSelector" ? bySelector : byAffinity).every(isControlPlane),
          weight: 2,
        },
      ],
    },
    () => ({
      object: workload.reference,
      summary: `Pods of ${referenceText(workload.reference)} ask by ${wish} for ${text}, which none of ${nodes.length} nodes has.`,
      chain: [`${wish} ${text} matches no node`, `the scheduler finds no node for Pod ${pod.metadata.name}`],
      quotes: [
        objectQuote(workload.reference, `${wish}: ${text}`),
        objectQuote({ kind: "Pod", ...pod.metadata }, `PodScheduled False: ${message}`),
      ],
      explains: [workload.reference],
      facts: remediesOr(
        rollbackWithout(view, workload, ({ spec }) => !nodes.some((node) => matchesSelector(spec, node) && matchesAffinity(spec, node))),
        "label a node, or change the pod's nodeSelector or affinity",
      ),
    }),
  );
};

export const nodeSelectorMatchesNothing = causeOf("nodeSelector", "A nodeSelector that no node matches", "The template's nodeSelector");
export const nodeAffinityMatchesNothing = causeOf(
  "nodeAffinity",
  "A required node affinity that no node meets",
  "The template's required node affinity",
);
