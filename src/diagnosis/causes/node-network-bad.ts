// The network of one node delays or loses packets: the workloads that run there, or call there, are slow.
import { type Node, Nodes, Pods } from "#api/kubernetes.ts";
import { calledBy, callersOfWorkload, lastOfChains } from "#diagnosis/called-addresses.ts";
import type { Cause } from "#diagnosis/cause.ts";
import { numberText, quote } from "#diagnosis/quotes.ts";
import { cause, type Check, type Condition } from "#diagnosis/rule.ts";
import { nameOf } from "#diagnosis/template.ts";
import { referenceTo, type View, type Workload } from "#diagnosis/view.ts";
import { counted } from "#lib/words.ts";

/** Retransmits a second that a quiet network does not have. */
const noticed = 0.5;
/** Retransmits a second that only lost packets cause. */
const many = 3;
/** Counts of two windows of the same traffic differ by less. */
const growth = 3;
/** An ordinary request that takes this many times longer waits for the network, not for a lost packet now and then. */
const delayed = 20;
/** The lead over the next node, which shares some of the connections. */
const lead = 1.5;

interface Retransmits {
  readonly node: Node;
  readonly value: number;
  readonly usual: number;
}

interface Slow {
  readonly workload: Workload;
  /** Times the usual latency. */
  readonly median: number;
  readonly tail: number;
}

const retransmitsOf = (view: View): readonly Retransmits[] =>
  view.all(Nodes).flatMap((node) => {
    const metric = view.metricsOf(referenceTo(node)).find(({ name }) => name === "tcp_retransmits");
    return metric === undefined ? [] : [{ node, value: metric.value, usual: metric.usual ?? 0 }];
  });

const slowWorkloads = (view: View): readonly Slow[] =>
  view.workloads.flatMap((workload) => {
    const metrics = view.metricsOf(workload.reference);
    const timesUsual = (name: RegExp): number => {
      const { value = 0, usual = 0 } = metrics.find((each) => name.test(each.name)) ?? {};
      return usual === 0 ? 0 : value / usual;
    };
    const [median, tail] = [timesUsual(/^request_latency_seconds_p50$/), timesUsual(/^request_latency_seconds_p9\d$/)];
    return Math.max(median, tail) < growth ? [] : [{ workload, median, tail }];
  });

/** The one node with all the slow workloads that call no slow one; undefined where they are spread, or where the order of calls is not known. */
const homeOf = (view: View, slow: readonly Workload[]): string | undefined => {
  const ends = lastOfChains(view, slow);
  const isKnown = ends.every((end) => calledBy(view, end).length > 0 || callersOfWorkload(view, end).length > 0);
  const nodes = new Set(ends.flatMap(({ pods }) => pods.map(({ spec }) => spec.nodeName)));
  const [home] = nodes;
  return isKnown && nodes.size === 1 ? home : undefined;
};

const suspects = (view: View) => {
  const measured = retransmitsOf(view);
  const slow = slowWorkloads(view);
  const delays = slow.filter(({ median }) => median >= delayed).map(({ workload }) => workload);
  const home = homeOf(view, delays);
  return view.all(Nodes).map((node) => {
    const own = measured.find((each) => each.node === node) ?? { node, value: 0, usual: 0 };
    const { value } = own;
    const others = measured.filter((each) => each.node !== node).map((each) => each.value);
    const here = new Set(view.all(Pods).flatMap((pod) => (pod.spec.nodeName === node.metadata.name ? (view.workloadOf(pod) ?? []) : [])));
    return {
      ...{ node, own, value, measured, slow, home, here },
      isHome: home === node.metadata.name,
      // Half of the slow workloads, so that no single one of them is at fault.
      isStalled: delays.length >= 2 && delays.length * 2 >= slow.length,
      isWorst: value > Math.max(0, ...others),
      isFarWorse: value > 0 && value >= lead * Math.max(0, ...others),
      isLosing: [value, ...others].some((each) => each >= many),
      count: counted(slow.length, "workload"),
      effects: slow.slice(0, 3).map(({ workload }) => `${nameOf(workload)} is slow`),
    };
  });
};

type Suspect = ReturnType<typeof suspects>[number];

const isNoticed = ({ value, usual }: Retransmits): boolean => value >= noticed && value >= usual * growth;

interface Fault extends Pick<Cause, "code" | "title" | "means" | "needs"> {
  readonly verb: string;
  /** The node whose retransmits prove it. */
  readonly proof: (suspect: Suspect) => Retransmits | undefined;
  readonly when: readonly Condition<Suspect>[];
  readonly unless?: readonly Check<Suspect>[];
}

const networkFault = ({ verb, proof, when, ...texts }: Fault): Cause =>
  cause({
    ...texts,
    reads: "TCP retransmits of nodes, latencies of workloads at the median and beyond, and the nodes of their pods.",
    signs: ["metric"],
    of: (view: View) =>
      view.shared(suspects).flatMap((suspect) => {
        const proved = proof(suspect);
        if (proved === undefined) return [];
        const where = proved === suspect.own ? "" : ` at ${nameOf(proved.node)}`;
        const amount = `${numberText(proved.value)} TCP retransmits a second${where}, usually ${numberText(proved.usual)}`;
        return [{ ...suspect, verb, amount }];
      }),
    when,
    supports: [
      { is: "workloads are slow", holds: ({ slow }) => slow.length > 0 || "unknown" },
      { is: "several workloads are slow, so that none alone is at fault", holds: ({ slow }) => slow.length >= 2 || "unknown" },
      {
        is: "most of them run on the node",
        holds: ({ slow, here }) =>
          (slow.length > 0 && slow.filter(({ workload }) => here.has(workload)).length * 2 >= slow.length) || "unknown",
      },
      { is: "it retransmits far more than the next node", holds: ({ isFarWorse }) => isFarWorse },
    ],
    object: ({ node }) => node,
    says: "The network of {node} {verb} packets: {amount}; slow: {count}.",
    chain: "{node} {verb} packets → connections to and from its pods wait → {effects}",
    quotes: ({ measured, slow }) => [
      ...measured
        .toSorted((a, b) => b.value - a.value)
        .map(({ node, value, usual }) =>
          quote("metric", nameOf(node), `tcp_retransmits: ${numberText(value)}, usually ${numberText(usual)}`),
        ),
      ...slow
        .slice(0, 3)
        .map(({ workload, median, tail }) =>
          quote(
            "metric",
            nameOf(workload),
            `latency: ${numberText(median)} times the usual at the median, ${numberText(tail)} times beyond`,
          ),
        ),
    ],
    explains: ({ here, slow }) => [...here, ...slow.map(({ workload }) => workload)],
    remedy: "Check the network of the node. Cordon and drain it to move the workloads away.",
    otherwise: "check the network card, cable, switch port and queues of the node; cordon and drain it to move the workloads away",
  });

export const nodeNetworkBad: readonly Cause[] = [
  networkFault({
    code: "NodePacketLoss",
    title: "A node whose network loses packets",
    means:
      "TCP retransmits far more from one node than before and than from others; most requests are as fast as usual, and some wait for a lost packet.",
    needs: ["metrics.network"],
    verb: "loses",
    proof: ({ own }) => (isNoticed(own) ? own : undefined),
    when: [
      { is: "it retransmits more than every other node", holds: ({ isWorst }) => isWorst },
      { is: "it retransmits far more than a quiet network", holds: ({ value }) => value >= many },
    ],
  }),
  networkFault({
    code: "NodeNetworkDelay",
    title: "A node whose network delays packets",
    means:
      "Several workloads at once are slow, also at the median, TCP retransmits more than before, and they share one node: the node of those that call no slow workload, or else the one with most retransmits.",
    needs: ["metrics.network", "metrics.requests"],
    verb: "delays",
    // Either end of a connection sends a delayed packet again.
    proof: ({ own, home, measured }) => (home === undefined ? [own] : measured).find(isNoticed),
    when: [
      {
        is: "the slow workloads that call no slow one run there, or it retransmits more than every other node",
        holds: ({ home, isHome, isWorst }) => (home === undefined ? isWorst : isHome),
      },
      { is: "several workloads are slow at the median, not only now and then", holds: ({ isStalled }) => isStalled },
    ],
    unless: [{ is: "packets are lost", holds: ({ isLosing }) => isLosing }],
  }),
];
