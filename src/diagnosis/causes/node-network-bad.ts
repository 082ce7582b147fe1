// The network of one node delays or loses packets: what runs there, or talks to it, is slow, whatever it is.
import { Nodes, Pods, type Node } from "#api/kubernetes.ts";
import { referenceText } from "#api/object.ts";
import type { Metric } from "#evidence/evidence.ts";
import { assess, person } from "#diagnosis/assess.ts";
import type { Cause } from "#diagnosis/cause.ts";
import { quote } from "#diagnosis/explain.ts";
import type { Assessment } from "#diagnosis/finding.ts";
import { referenceTo, type View, type Workload } from "#diagnosis/view.ts";

interface Kind {
  readonly fault: "loss" | "delay";
  readonly code: string;
  readonly title: string;
  readonly concludes: string;
}

const kinds: readonly Kind[] = [
  {
    fault: "loss",
    code: "NodePacketLoss",
    title: "A node whose network loses packets",
    concludes:
      "TCP retransmits far more from one node than before and than others; most requests are as quick as ever, and some wait for what was lost.",
  },
  {
    fault: "delay",
    code: "NodeNetworkDelay",
    title: "A node whose network delays packets",
    concludes:
      "Several workloads at once are slow, the ordinary request included, and what they share is one node that retransmits more than before.",
  },
];

/** Retransmits a second that a quiet network does not have. */
const noticed = 0.5;
const many = 3;
/** An ordinary request that takes this many times longer waits for the network, not for a lost packet now and then. */
const delayed = 20;

const causeOf = (kind: Kind): Cause => ({
  code: kind.code,
  title: kind.title,
  looksAt: "TCP retransmits of nodes, latencies of workloads at the median and beyond, and where their pods run.",
  concludes: kind.concludes,
  wouldDo: "Nothing by itself: a person looks at the node's network; cordon_node and drain_node move what can move.",
  find: (view) => view.all(Nodes).map((node) => find(view, node, kind)),
});

const find = (view: View, node: Node, { code, fault }: Kind): Assessment => {
  const retransmits = of(view.metricsOf(referenceTo(node)), /^tcp_retransmits$/);
  const others = view
    .all(Nodes)
    .flatMap((other) => (other === node ? [] : (of(view.metricsOf(referenceTo(other)), /^tcp_retransmits$/)?.value ?? [])));
  const here = new Set(view.all(Pods).flatMap((pod) => (pod.spec.nodeName === node.metadata.name ? (view.workloadOf(pod) ?? []) : [])));
  const slow = view.workloads.flatMap((workload) =>
    slownessOf(view, workload) === undefined ? [] : [{ workload, ...slownessOf(view, workload) }],
  );
  const medianSlow = slow.filter(({ median }) => (median ?? 0) >= delayed);
  const value = retransmits?.value ?? 0;
  const usual = retransmits?.usual ?? 0;
  const isWorst = value > Math.max(0, ...others);
  const stalled = medianSlow.length >= 2 && medianSlow.length * 2 >= slow.length;
  return assess(
    code,
    {
      required: [
        {
          claim: `Node ${node.metadata.name} retransmits more than before`,
          holds: retransmits === undefined ? "unknown" : value >= noticed && value >= usual * 3,
        },
        { claim: "and more than every other node", holds: isWorst },
        fault === "loss"
          ? { claim: "far more than a quiet network", holds: value >= many }
          : { claim: "several workloads are slow at the median, not only now and then", holds: stalled },
      ],
      against: fault === "loss" ? [] : [{ claim: "it loses packets", holds: value >= many }],
      supporting: [
        { claim: "workloads are slow, or get less through", holds: slow.length > 0 ? true : "unknown", weight: 1 },
        { claim: "several of them, so that none alone is to blame", holds: slow.length >= 2 ? true : "unknown", weight: 1 },
        {
          claim: "most of them run there",
          holds:
            slow.length === 0 ? "unknown" : slow.filter(({ workload }) => here.has(workload)).length * 2 >= slow.length ? true : "unknown",
          weight: 1,
        },
        { claim: "several times as much as the next node", holds: value >= 1.5 * Math.max(0, ...others), weight: 1 },
      ],
    },
    () => ({
      object: referenceTo(node),
      summary: `The network of Node ${node.metadata.name} ${fault === "loss" ? "loses" : "delays"} packets: ${number(value)} TCP retransmits a second, usually ${number(usual)}; ${slow.length} workloads are slow.`,
      chain: [
        `Node ${node.metadata.name} ${fault === "loss" ? "loses" : "delays"} packets`,
        "connections to and from its pods wait",
        ...slow.slice(0, 3).map(({ workload }) => `${referenceText(workload.reference)} is slow`),
      ],
      quotes: [
        quote(
          "metric",
          referenceText(referenceTo(node)),
          `tcp_retransmits: ${number(value)}, usually ${number(usual)}; other nodes: ${others.map(number).join(", ")}`,
        ),
        ...slow
          .slice(0, 3)
          .map(({ workload, median, tail }) =>
            quote(
              "metric",
              referenceText(workload.reference),
              `latency: ${number(median ?? 1)} times the usual at the median, ${number(tail ?? 1)} times beyond`,
            ),
          ),
      ],
      explains: [...here, ...slow.map(({ workload }) => workload)].map(({ reference }) => reference),
      facts: person("the node's network card, cable, switch port or queue has to be looked at"),
    }),
  );
};

/** How many times longer than usual requests take; undefined where they do not. */
const slownessOf = (view: View, { reference }: Workload): { readonly median?: number; readonly tail?: number } | undefined => {
  const metrics = view.metricsOf(reference);
  const median = growthOf(of(metrics, /^request_latency_seconds_p50$/));
  const tail = growthOf(of(metrics, /^request_latency_seconds_p9\d$/));
  if (Math.max(median ?? 0, tail ?? 0) < 3) return undefined;
  return { ...(median === undefined ? {} : { median }), ...(tail === undefined ? {} : { tail }) };
};

const of = (metrics: readonly Metric[], name: RegExp): Metric | undefined => metrics.find((each) => name.test(each.name));
const growthOf = (metric: Metric | undefined): number | undefined =>
  metric?.usual === undefined || metric.usual === 0 ? undefined : metric.value / metric.usual;
const number = (value: number): string => String(Number(value.toFixed(2)));

export const nodeNetworkBad: readonly Cause[] = kinds.map(causeOf);
