// A node that runs out of disk, memory or process IDs and evicts pods: its own conditions report it.
import { Nodes, type Pod } from "#api/kubernetes.ts";
import { referenceText } from "#api/object.ts";
import { objectQuote } from "#diagnosis/quotes.ts";
import { cause } from "#diagnosis/rule.ts";
import type { View } from "#diagnosis/view.ts";
import { fromTimestamp } from "#lib/clock.ts";

/** Of an eviction by the kubelet (pkg/kubelet/eviction): the words of the node, not of the pod's own limits. */
const shortOf = /^The node was low on resource: ([\w./-]{1,60})/;
/** The kubelet takes its condition back some minutes after it has freed the resource; the next pod may trigger it again. */
const recentMs = 3_600_000;

const pressures = new Set(["DiskPressure", "MemoryPressure", "PIDPressure"]);

export const nodeUnderPressure = cause({
  code: "NodeUnderPressure",
  title: "A node under resource pressure",
  reads: "The conditions DiskPressure, MemoryPressure and PIDPressure of nodes, and pods that were evicted from them.",
  means: "The kubelet evicts pods, or accepts no new ones, because the node lacks disk, memory or process IDs.",
  needs: ["objects.Node"],
  signs: ["Pod Failed", "Node DiskPressure=True", "Node MemoryPressure=True", "Node PIDPressure=True"],
  of: (view: View) =>
    view.all(Nodes).flatMap((node) => {
      const conditions = (node.status?.conditions ?? []).filter(({ type, status }) => pressures.has(type) && status === "True");
      const isEvicted = ({ spec, status }: Pod): boolean =>
        spec.nodeName === node.metadata.name && status?.phase === "Failed" && status.reason === "Evicted";
      const evicted = view.workloads.filter(({ pods }) => pods.some(isEvicted));
      const short = evicted
        .flatMap(({ pods }) => pods.filter(isEvicted))
        .filter(({ metadata, status }) => view.now - (fromTimestamp(status?.startTime ?? metadata.creationTimestamp) ?? 0) <= recentMs)
        .flatMap(({ status }) => shortOf.exec(status?.message ?? "")?.[1] ?? []);
      const evictions = evicted.slice(0, 5).map(({ reference }) => `a pod of ${referenceText(reference)} was evicted`);
      const [resource] = short;
      const names = conditions.length > 0 ? conditions.map(({ type }) => type) : [`no ${resource ?? ""} left for a while`];
      return conditions.length === 0 && resource === undefined ? [] : [{ node, conditions, resource, evicted, evictions, names }];
    }),
  supports: [{ is: "pods were evicted from it", holds: ({ evicted }) => evicted.length > 0 }],
  object: ({ node }) => node,
  says: "{node} has {names}: its kubelet evicts pods.",
  chain: "{names} on {node} → {evictions}",
  quotes: ({ node, conditions, resource }) => [
    ...conditions.map(({ type, reason, message }) => objectQuote(node, `${type} is True, ${reason}: ${message}`)),
    resource === undefined ? undefined : objectQuote(node, `a pod was evicted: The node was low on resource: ${resource}`),
  ],
  explains: ({ evicted }) => evicted,
  otherwise: "find and stop the consumer of the resource; cordon the node to keep new pods away",
});
