// Nodes that a pod could run on carry a taint that it does not tolerate.
import type { Node, PodSpec } from "#api/kubernetes.ts";
import { referenceText } from "#api/object.ts";
import { assess, objectQuote } from "#diagnosis/assess.ts";
import type { Cause } from "#diagnosis/cause.ts";
import { kubectl } from "#diagnosis/kubectl.ts";
import type { Assessment } from "#diagnosis/finding.ts";
import { remediesOr, rollbackWithout } from "#diagnosis/previous-revision.ts";
import { isControlPlane, type Unscheduled, unscheduledPods, untolerated } from "#diagnosis/scheduling.ts";
import { referenceTo, type View } from "#diagnosis/view.ts";

const code = "TaintNotTolerated";

export const taintNotTolerated: Cause = {
  code,
  title: "A taint that pods do not tolerate",
  reads: "Pods that are not scheduled, and the taints of the nodes that their own wishes leave.",
  means: "Every node that the pod asks for, or most where it asks for none, has a taint without a toleration in the template.",
  remedy: "`rollback_deployment` to a revision that tolerates the taint. Otherwise, remove the taint or add a toleration.",
  find: (view) => unscheduledPods(view).map((waiting) => find(view, waiting)),
};

const find = (view: View, { workload, pod, message, counts, blocker, wanted = [] }: Unscheduled): Assessment => {
  const tainted = wanted.filter((node) => untolerated(pod.spec, node).length > 0);
  const workers = tainted.filter((node) => !isControlPlane(node));
  const nodes = workers.length > 0 ? workers : tainted;
  const taints = [
    ...new Set(
      nodes.flatMap((node) =>
        untolerated(pod.spec, node).map(({ key, value, effect }) => `${key}${value === undefined ? "" : `=${value}`}:${effect}`),
      ),
    ),
  ];
  // The node controller taints nodes that are not well: then that is the cause.
  const isCondition = taints.length > 0 && taints.every((taint) => taint.startsWith("node.kubernetes.io/"));
  const changed = nodes.flatMap((node) => view.changesOf(referenceTo(node)).filter(({ field }) => field.startsWith("spec.taints")));
  return assess(
    code,
    {
      required: [
        { claim: "the scheduler says that taints are not tolerated", holds: (counts.taint ?? 0) > 0 },
        { claim: "the taints are what keeps it out of most nodes that it could run on", holds: blocker === "taint" },
        { claim: "a node with such a taint", holds: nodes.length > 0 },
      ],
      against: [{ claim: "the taints only say that the nodes are not well", holds: isCondition }],
      supporting: [
        {
          claim: "every node that it could run on is tainted",
          holds: tainted.length === wanted.length || workers.length === wanted.filter((node) => !isControlPlane(node)).length,
          weight: 2,
        },
        { claim: "a taint was set of late", holds: changed.length > 0 ? true : "unknown", weight: 1 },
      ],
    },
    () => ({
      object: workload.reference,
      summary: `Pods of ${referenceText(workload.reference)} do not tolerate ${taints.join(", ")} on ${nodes
        .map(({ metadata }) => metadata.name)
        .slice(0, 5)
        .join(", ")}, and fit nowhere else.`,
      chain: [
        `${nodes.length} nodes have ${taints.join(", ")}`,
        `the template of ${referenceText(workload.reference)} does not tolerate it`,
        `Pod ${pod.metadata.name} is not scheduled`,
      ],
      quotes: [
        ...nodes.slice(0, 3).map((node) => objectQuote(referenceTo(node), `taints: ${taints.join(", ")}`)),
        objectQuote({ kind: "Pod", ...pod.metadata }, `PodScheduled False: ${message}`),
      ],
      explains: [workload.reference],
      facts: remediesOr(
        rollbackWithout(view, workload, ({ spec }) => nodes.every((node) => untolerated(spec, node).length > 0)),
        `add a toleration to the template, or remove the taint if the node should be used: ${removal(pod.spec, nodes)}`,
      ),
    }),
  );
};

/** For the first taint of the first node: the others are removed alike. */
const removal = (spec: PodSpec, nodes: readonly Node[]): string => {
  const [node] = nodes;
  const [taint] = node === undefined ? [] : untolerated(spec, node);
  return node === undefined || taint === undefined
    ? "kubectl taint nodes"
    : kubectl(undefined, "taint", "nodes", node.metadata.name, `${taint.key}:${taint.effect}-`);
};
