// The network of one workload's pods delays or loses packets: it is slow, and its callers wait with it.
// TCP sends again what is not acknowledged in time: more packets for each request distinguish the workload at fault from its callers.
import { isReady } from "#api/conditions.ts";
import { callsOneOf, lastOfChains } from "#diagnosis/called-addresses.ts";
import type { Cause } from "#diagnosis/cause.ts";
import { metricQuote } from "#diagnosis/quotes.ts";
import { cause } from "#diagnosis/rule.ts";
import { nameOf } from "#diagnosis/template.ts";
import { type Traffic, trafficOf } from "#diagnosis/traffic.ts";
import type { View, Workload } from "#diagnosis/view.ts";

/** Packets for each request, times the usual: counts of two windows of the same traffic differ by a tenth. */
const noticed = 1.15;
/** A delay beyond the retransmission timeout makes TCP send every segment again; waiting for another workload never does. */
const sentTwice = 2;

const growthOf = ({ packetGrowth }: Traffic): number => packetGrowth?.times ?? 0;

const isSlow = ({ slow }: Traffic): boolean => slow === "median" || slow === "tail";

/** A delay slows every request; workloads that are slow now and then only call the delayed one at times. */
const slowest = (suspects: readonly Traffic[]): readonly Traffic[] => {
  const always = suspects.filter(({ slow }) => slow === "median");
  return always.length > 0 ? always : suspects.filter(isSlow);
};

/**
 * The one whose requests take more packets than usual, and more than any other's. One that is not known to be slow itself, or whose packets new
 * requests may explain, comes after those that are.
 */
const leaderOf = (suspects: readonly Traffic[]): Traffic | undefined => {
  const slow = slowest(suspects);
  const isConfirmed = (each: Traffic): boolean => slow.includes(each) && each.packetGrowth?.hasNewRequests !== true;
  return suspects
    .filter((each) => growthOf(each) >= noticed)
    .toSorted((a, b) => Number(isConfirmed(b)) - Number(isConfirmed(a)) || growthOf(b) - growthOf(a))[0];
};

/** Of the slow ones, the only one that is configured to call none of the others, and that another is configured to call. */
const leafOf = (view: View, suspects: readonly Traffic[]): Traffic | undefined => {
  const slow = slowest(suspects);
  const workloads = slow.map(({ workload }) => workload);
  const [leaf, another] = lastOfChains(view, workloads);
  if (leaf === undefined || another !== undefined) return undefined;
  return workloads.some((workload) => workload !== leaf && callsOneOf(view, workload, [leaf]))
    ? slow.find(({ workload }) => workload === leaf)
    : undefined;
};

const isUnwell = ({ pods }: Workload): boolean => pods.length === 0 || !pods.every(isReady);

/** The one workload at the source of all that is slow. */
const sourceOf = (view: View) => {
  const all = view.workloads.flatMap((workload) => trafficOf(view, workload) ?? []);
  const slow = all.filter(isSlow);
  // Where nothing is slow nothing waits, whatever the packets do.
  if (slow.length === 0) return [];
  const suspects = all.filter((each) => each.slow !== "no" && !isUnwell(each.workload));
  const leader = leaderOf(suspects);
  const leaf = leafOf(view, suspects);
  // The order of calls says more than a few packets do.
  const isLeader = leader !== undefined && (leaf === undefined || leader === leaf || growthOf(leader) >= sentTwice);
  const suspect = isLeader ? leader : leaf;
  if (suspect === undefined) return [];
  const { workload } = suspect;
  const others = slow.filter((each) => each.workload !== workload);
  const growth = growthOf(suspect).toFixed(1);
  return [
    {
      ...{ suspect, workload, leaf, isLeader, others },
      reason: isLeader ? `it sends ${growth} times as many packets for each request as usual` : "it is slow and calls no slow workload",
      effects: others.slice(0, 3).map((each) => `${nameOf(each.workload)} is slow`),
    },
  ];
};

interface Fault extends Pick<Cause, "code" | "title" | "means"> {
  readonly verb: string;
  readonly effect: string;
  readonly isTailOnly: boolean;
}

const networkFault = ({ verb, effect, isTailOnly, ...texts }: Fault): Cause =>
  cause({
    ...texts,
    reads: "Latencies, requests and packets of workloads against their usual values, and the workloads that each is configured to call.",
    needs: ["metrics.network", "metrics.requests"],
    signs: ["metric"],
    suppressedBy: ["NodeNetworkDelay", "NodePacketLoss", "CpuOverload"],
    of: (view: View) => view.shared(sourceOf).map((source) => ({ ...source, verb, effect })),
    when: [
      {
        is: isTailOnly ? "only some requests are slow" : "the ordinary request is slow, not only some",
        holds: ({ suspect }) => (suspect.slow === "tail") === isTailOnly,
      },
    ],
    supports: [
      { is: "it sends more packets for each request than usual", holds: ({ isLeader }) => isLeader, weight: 2 },
      {
        is: "it is the only slow workload that calls no other slow one",
        holds: ({ suspect, leaf }) => (leaf === undefined ? "unknown" : suspect === leaf),
        weight: 2,
      },
      { is: "its own latency was measured", holds: ({ suspect }) => suspect.slow !== "unmeasured" || "unknown" },
      { is: "its callers are slow", holds: ({ others }) => others.length > 0 || "unknown" },
    ],
    says: "The network of {workload} {verb} packets: {reason}.",
    chain: "packets to and from pods of {workload} are {effect} → its requests take longer and TCP sends again → {effects}",
    quotes: ({ suspect, others }) =>
      [...suspect.quotes.slice(0, 5), ...others.slice(0, 3).flatMap(({ quotes }) => quotes.slice(0, 1))].map(metricQuote),
    explains: ({ others }) => others.map(({ workload }) => workload),
    otherwise: "check everything that shapes the traffic of the pods: a proxy, a qdisc, the network plugin or an injected fault",
  });

export const podNetworkBad: readonly Cause[] = [
  networkFault({
    code: "PodNetworkDelay",
    title: "A workload whose network delays packets",
    means: "Every request to one workload takes longer, also at the median, and of all slow workloads it is the source.",
    verb: "delays",
    effect: "delayed",
    isTailOnly: false,
  }),
  networkFault({
    code: "PodPacketLoss",
    title: "A workload whose network loses packets",
    means: "Most requests to one workload are as fast as usual and some wait for a lost packet, with more packets for each request.",
    verb: "loses",
    effect: "lost",
    isTailOnly: true,
  }),
];
