// Nodes that a pod could run on are cordoned: nobody said that they may be used again.
import type { Node } from "#api/kubernetes.ts";
import { referenceText } from "#api/object.ts";
import { assess, objectQuote, person } from "#diagnosis/assess.ts";
import type { Cause } from "#diagnosis/cause.ts";
import { kubectl } from "#diagnosis/kubectl.ts";
import type { Assessment } from "#diagnosis/finding.ts";
import { isControlPlane, isCordoned, type Unscheduled, unscheduledPods } from "#diagnosis/scheduling.ts";
import { referenceTo } from "#diagnosis/view.ts";

const code = "NodeCordoned";

export const nodeCordoned: Cause = {
  code,
  title: "A cordoned node that pods wait for",
  reads: "Pods that are not scheduled, and the nodes that their own wishes leave.",
  means: "Every node that the pod asks for, or most where it asks for none, is cordoned.",
  remedy: "Uncordon the node, unless a drain is in progress.",
  find: (view) => unscheduledPods(view).map(find),
};

const find = ({ workload, pod, message, counts, blocker, wanted = [] }: Unscheduled): Assessment => {
  const cordoned = wanted.filter(isCordoned);
  const workers = cordoned.filter((node) => !isControlPlane(node));
  const nodes = workers.length > 0 ? workers : cordoned;
  const [node] = nodes;
  return assess(
    code,
    {
      required: [
        { claim: "the scheduler says that nodes are unschedulable", holds: (counts.cordoned ?? 0) > 0 },
        { claim: "a cordoned node that the pod could run on", holds: node !== undefined },
        { claim: "the cordon is what keeps it out of most of them", holds: blocker === "cordoned" },
      ],
      supporting: [
        { claim: "no node that it could run on is free", holds: wanted.length > 0 && wanted.every(isCordoned), weight: 2 },
        { claim: "it is not a node of the control plane", holds: workers.length > 0, weight: 1 },
      ],
    },
    () => ({
      object: referenceTo(node as Node),
      summary: `${namesOf(nodes)} cordoned, and Pod ${pod.metadata.name} of ${referenceText(workload.reference)} may run nowhere else.`,
      chain: [`${namesOf(nodes)} cordoned`, `pods of ${referenceText(workload.reference)} are not scheduled`],
      quotes: [
        ...nodes.slice(0, 3).map((each) => objectQuote(referenceTo(each), "spec.unschedulable: true")),
        objectQuote({ kind: "Pod", ...pod.metadata }, `PodScheduled False: ${message}`),
      ],
      explains: [workload.reference],
      facts: person(
        `uncordon the node, unless a drain is in progress: ${nodes
          .slice(0, 3)
          .map(({ metadata }) => kubectl(undefined, "uncordon", metadata.name))
          .join("; ")}`,
      ),
    }),
  );
};

const namesOf = (nodes: readonly Node[]): string =>
  nodes.length === 1
    ? `Node ${nodes[0]?.metadata.name} is`
    : `Nodes ${nodes
        .slice(0, 5)
        .map(({ metadata }) => metadata.name)
        .join(", ")} are`;
