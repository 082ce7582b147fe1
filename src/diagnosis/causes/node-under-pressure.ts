// A node that runs out of disk, memory or process ids: its own conditions say so, and it evicts pods.
import { Nodes, type Node } from "#api/kubernetes.ts";
import { referenceText } from "#api/object.ts";
import { assess, objectQuote, person } from "#diagnosis/assess.ts";
import type { Cause } from "#diagnosis/cause.ts";
import type { Assessment } from "#diagnosis/finding.ts";
import { referenceTo, type View } from "#diagnosis/view.ts";

const code = "NodeUnderPressure";
const pressures = new Set(["DiskPressure", "MemoryPressure", "PIDPressure"]);

export const nodeUnderPressure: Cause = {
  code,
  title: "A node that runs out of something",
  reads: "The conditions DiskPressure, MemoryPressure and PIDPressure of nodes, and pods that were evicted from them.",
  means: "The kubelet evicts pods, or takes no new ones, because the node lacks disk, memory or process ids.",
  remedy: "Find and stop what uses the resource up. Cordon the node to keep new pods away.",
  find: (view) => view.all(Nodes).map((node) => find(view, node)),
};

const find = (view: View, node: Node): Assessment => {
  const reference = referenceTo(node);
  const bad = (node.status?.conditions ?? []).filter(({ type, status }) => pressures.has(type) && status === "True");
  const evicted = view.workloads.filter(({ pods }) =>
    pods.some(({ spec, status }) => spec.nodeName === node.metadata.name && status?.phase === "Failed" && status.reason === "Evicted"),
  );
  const names = bad.map(({ type }) => type).join(", ");
  return assess(
    code,
    {
      required: [{ claim: `${referenceText(reference)} says that it is under pressure`, holds: bad.length > 0 }],
      supporting: [{ claim: "pods were evicted from it", holds: evicted.length > 0, weight: 1 }],
    },
    () => ({
      object: reference,
      summary: `${referenceText(reference)} has ${names}: it evicts pods and takes no new ones.`,
      chain: [
        `${names} on ${referenceText(reference)}`,
        ...evicted.slice(0, 5).map((workload) => `a pod of ${referenceText(workload.reference)} was evicted`),
      ],
      quotes: bad.map(({ type, reason, message }) => objectQuote(reference, `${type} is True, ${reason}: ${message}`)),
      explains: evicted.map(({ reference: each }) => each),
      facts: person("find and stop what uses the resource up; cordon the node to keep new pods away"),
    }),
  );
};
