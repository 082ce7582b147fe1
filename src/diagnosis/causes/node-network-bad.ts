// The network of one node delays or loses packets: what runs there, or talks to it, is slow, whatever it is.
import type { CauseCode } from "#api/cause-codes.ts";
import { Nodes, Pods, type Node } from "#api/kubernetes.ts";
import { referenceText } from "#api/object.ts";
import type { Metric } from "#evidence/evidence.ts";
import { assess, person } from "#diagnosis/assess.ts";
import { calledBy, callersOf, lastOfChains } from "#diagnosis/called-addresses.ts";
import type { Cause } from "#diagnosis/cause.ts";
import { quote } from "#diagnosis/explain.ts";
import type { Assessment } from "#diagnosis/finding.ts";
import { referenceTo, type View, type Workload } from "#diagnosis/view.ts";

interface Kind {
  readonly fault: "loss" | "delay";
  readonly code: CauseCode;
  readonly title: string;
  readonly means: string;
}

const kinds: readonly Kind[] = [
  {
    fault: "loss",
    code: "NodePacketLoss",
    title: "A node whose network loses packets",
    means:
      "TCP retransmits far more from one node than before and than others; most requests are as quick as ever, and some wait for what was lost.",
  },
  {
    fault: "delay",
    code: "NodeNetworkDelay",
    title: "A node whose network delays packets",
    means:
      "Several workloads at once are slow, the ordinary request included, TCP retransmits more than before, and what they share is one node: where those run that call no slow one, or else where most is retransmitted.",
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
  reads: "TCP retransmits of nodes, latencies of workloads at the median and beyond, and where their pods run.",
  means: kind.means,
  needs: kind.fault === "loss" ? ["metrics.network"] : ["metrics.network", "metrics.requests"],
  remedy: "Check the network of the node. Cordon and drain it to move the workloads away.",
  find: (view) => view.all(Nodes).map((node) => find(view, node, kind)),
});

const find = (view: View, node: Node, { code, fault }: Kind): Assessment => {
  const measured = view.all(Nodes).flatMap((each) => {
    const metric = of(view.metricsOf(referenceTo(each)), /^tcp_retransmits$/);
    return metric === undefined ? [] : [{ node: each, value: metric.value, usual: metric.usual ?? 0 }];
  });
  const own = measured.find((each) => each.node === node);
  const others = measured.flatMap((each) => (each.node === node ? [] : each.value));
  const here = new Set(view.all(Pods).flatMap((pod) => (pod.spec.nodeName === node.metadata.name ? (view.workloadOf(pod) ?? []) : [])));
  const slow = view.workloads.flatMap((workload) =>
    slownessOf(view, workload) === undefined ? [] : [{ workload, ...slownessOf(view, workload) }],
  );
  const medianSlow = slow.filter(({ median }) => (median ?? 0) >= delayed);
  const value = own?.value ?? 0;
  const isWorst = value > Math.max(0, ...others);
  const stalled = medianSlow.length >= 2 && medianSlow.length * 2 >= slow.length;
  const home =
    fault === "loss"
      ? undefined
      : homeOf(
          view,
          medianSlow.map(({ workload }) => workload),
        );
  // What is delayed at one end of a connection is sent again by either.
  const noticedAt = (home === undefined ? [own] : measured).find(
    (each) => each !== undefined && each.value >= noticed && each.value >= each.usual * 3,
  );
  return assess(
    code,
    {
      required: [
        {
          claim: home === undefined ? `Node ${node.metadata.name} retransmits more than before` : "a node retransmits more than before",
          holds: (home === undefined ? own : measured[0]) === undefined ? "unknown" : noticedAt !== undefined,
        },
        home === undefined
          ? { claim: "and more than every other node", holds: isWorst }
          : { claim: "the slow workloads that call no slow one run there", holds: home === node.metadata.name },
        fault === "loss"
          ? { claim: "far more than a quiet network", holds: value >= many }
          : { claim: "several workloads are slow at the median, not only now and then", holds: stalled },
      ],
      against: fault === "loss" ? [] : [{ claim: "packets are lost", holds: [value, ...others].some((each) => each >= many) }],
      supporting: [
        { claim: "workloads are slow, or get less through", holds: slow.length > 0 ? true : "unknown", weight: 1 },
        { claim: "several of them, so that none alone is to blame", holds: slow.length >= 2 ? true : "unknown", weight: 1 },
        {
          claim: "most of them run there",
          holds:
            slow.length === 0 ? "unknown" : slow.filter(({ workload }) => here.has(workload)).length * 2 >= slow.length ? true : "unknown",
          weight: 1,
        },
        {
          claim: "it retransmits several times as much as the next node",
          holds: isWorst && value >= 1.5 * Math.max(0, ...others),
          weight: 1,
        },
      ],
    },
    () => ({
      object: referenceTo(node),
      summary: `The network of Node ${node.metadata.name} ${fault === "loss" ? "loses" : "delays"} packets: ${noticedAt === undefined ? "" : `${number(noticedAt.value)} TCP retransmits a second${noticedAt === own ? "" : ` at Node ${noticedAt.node.metadata.name}`}, usually ${number(noticedAt.usual)}; `}${slow.length} workloads are slow.`,
      chain: [
        `Node ${node.metadata.name} ${fault === "loss" ? "loses" : "delays"} packets`,
        "connections to and from its pods wait",
        ...slow.slice(0, 3).map(({ workload }) => `${referenceText(workload.reference)} is slow`),
      ],
      quotes: [
        ...measured
          .toSorted((x, y) => y.value - x.value)
          .map((each) =>
            quote("metric", referenceText(referenceTo(each.node)), `tcp_retransmits: ${number(each.value)}, usually ${number(each.usual)}`),
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
      facts: person("check the network card, cable, switch port and queues of the node; cordon and drain it to move the workloads away"),
    }),
  );
};

/** The one node that carries all the slow workloads which call no slow one; undefined where they are spread, or where the order of calls is not known. */
const homeOf = (view: View, slow: readonly Workload[]): string | undefined => {
  const ends = lastOfChains(view, slow);
  const isKnown = ends.every(
    (end) => calledBy(view, end).length > 0 || view.servicesOf(end).some((each) => callersOf(view, each).length > 0),
  );
  const nodes = new Set(ends.flatMap(({ pods }) => pods.map(({ spec }) => spec.nodeName)));
  const [home] = nodes;
  return isKnown && nodes.size === 1 ? home : undefined;
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
