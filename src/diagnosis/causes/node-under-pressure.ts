// A node that runs out of disk, memory or process IDs and evicts pods: its own conditions report it.
import { Nodes } from "#api/kubernetes.ts";
import { referenceText } from "#api/object.ts";
import { objectQuote } from "#diagnosis/quotes.ts";
import { cause } from "#diagnosis/rule.ts";
import type { View } from "#diagnosis/view.ts";

const pressures = new Set(["DiskPressure", "MemoryPressure", "PIDPressure"]);

export const nodeUnderPressure = cause({
  code: "NodeUnderPressure",
  title: "A node under resource pressure",
  reads: "The conditions DiskPressure, MemoryPressure and PIDPressure of nodes, and pods that were evicted from them.",
  means: "The kubelet evicts pods, or accepts no new ones, because the node lacks disk, memory or process IDs.",
  needs: ["objects.Node"],
  signs: ["Node DiskPressure=True", "Node MemoryPressure=True", "Node PIDPressure=True"],
  of: (view: View) =>
    view.all(Nodes).flatMap((node) => {
      const conditions = (node.status?.conditions ?? []).filter(({ type, status }) => pressures.has(type) && status === "True");
      const evicted = view.workloads.filter(({ pods }) =>
        pods.some(({ spec, status }) => spec.nodeName === node.metadata.name && status?.phase === "Failed" && status.reason === "Evicted"),
      );
      const evictions = evicted.slice(0, 5).map(({ reference }) => `a pod of ${referenceText(reference)} was evicted`);
      return conditions.length === 0 ? [] : [{ node, conditions, evicted, evictions, names: conditions.map(({ type }) => type) }];
    }),
  supports: [{ is: "pods were evicted from it", holds: ({ evicted }) => evicted.length > 0 }],
  object: ({ node }) => node,
  says: "{node} has {names}: it evicts pods and accepts no new ones.",
  chain: "{names} on {node} → {evictions}",
  quotes: ({ node, conditions }) =>
    conditions.map(({ type, reason, message }) => objectQuote(node, `${type} is True, ${reason}: ${message}`)),
  explains: ({ evicted }) => evicted,
  otherwise: "find and stop the consumer of the resource; cordon the node to keep new pods away",
});
