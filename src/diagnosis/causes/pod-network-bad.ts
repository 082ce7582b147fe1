// The network of one workload's pods delays or loses packets: it is slow at its edge, and whoever calls it waits with it.
// TCP sends again what is not acknowledged in time: more packets for each request are the sign that tells the one at fault from those who wait.
import type { CauseCode } from "#api/cause-codes.ts";
import { referenceText } from "#api/object.ts";
import { isReady } from "#api/conditions.ts";
import { assess, person } from "#diagnosis/assess.ts";
import { callsOneOf, lastOfChains } from "#diagnosis/called-addresses.ts";
import type { Cause } from "#diagnosis/cause.ts";
import { quote } from "#diagnosis/explain.ts";
import type { Assessment } from "#diagnosis/finding.ts";
import { type Traffic, trafficOf } from "#diagnosis/traffic.ts";
import type { View, Workload } from "#diagnosis/view.ts";

interface Kind {
  readonly fault: "delays" | "loses";
  readonly code: CauseCode;
  readonly title: string;
  readonly means: string;
}

const kinds: readonly Kind[] = [
  {
    fault: "delays",
    code: "PodNetworkDelay",
    title: "A workload whose network delays packets",
    means: "Every request to one workload takes longer, the ordinary one included, and of all that are slow it is the one at the source.",
  },
  {
    fault: "loses",
    code: "PodPacketLoss",
    title: "A workload whose network loses packets",
    means: "Most requests to one workload are as quick as ever and some wait for what was lost, with more packets sent for each.",
  },
];

/** Packets for a request, times the usual: less is noise. */
const moreByFar = 1.15;
/** And so much more than any other slow workload. */
const leadAtLeast = 1.2;
/** One whose ordinary requests are not known to wait where others' do, or whose packets new requests may explain, shows so much less. */
const handicap = 1.5;
/** More than who calls whom can explain. */
const loudly = 2;

const causeOf = (kind: Kind): Cause => ({
  code: kind.code,
  title: kind.title,
  reads: "Latencies, requests and packets of workloads against their usual, and who is told to call whom.",
  means: kind.means,
  remedy: "Check what shapes the traffic of the pods: a proxy, a qdisc, the network plugin or an injected fault.",
  suppressedBy: ["NodeNetworkDelay", "NodePacketLoss", "CpuOverload"],
  find: (view) => find(view, kind),
});

const find = (view: View, { code, fault }: Kind): readonly Assessment[] => {
  const all = view.workloads.flatMap((workload) => trafficOf(view, workload) ?? []);
  const slow = all.filter(isSlow);
  // Nobody is slow: nobody waits, whatever the packets do.
  if (slow.length === 0) return [];
  const suspects = all.filter((each) => each.slow !== "no" && !isUnwell(each.workload));
  const leader = leaderOf(suspects);
  const leaf = leafOf(view, suspects);
  const isLeader = leader !== undefined && (leaf === undefined || leader.traffic === leaf || (leader.isClear && leader.growth >= loudly));
  const suspect = isLeader ? leader.traffic : leaf;
  if (suspect === undefined) return [];
  const others = slow.filter(({ workload }) => workload !== suspect.workload);
  const { reference } = suspect.workload;
  return [
    assess(
      code,
      {
        required: [
          { claim: "workloads are slower than usual", holds: true },
          {
            claim: `${referenceText(reference)} sends more packets for each request than any other of them, or calls none that is slow`,
            holds: true,
          },
          fault === "delays"
            ? { claim: "the ordinary request is slow, not only now and then", holds: suspect.slow !== "tail" }
            : { claim: "only some requests are slow, not the ordinary one", holds: suspect.slow === "tail" },
        ],
        supporting: [
          { claim: "it sends more packets for each request than it used to", holds: isLeader, weight: 2 },
          { claim: "and by far more than any other, or it calls none that is slow", holds: !isLeader || leader.isClear, weight: 2 },
          { claim: "its own latency was measured", holds: suspect.slow === "unmeasured" ? "unknown" : true },
          { claim: "others that wait for it are slow", holds: others.length > 0 ? true : "unknown" },
          { claim: "its pods are ready all the while", holds: true },
        ],
      },
      () => ({
        object: reference,
        summary:
          `The network of ${referenceText(reference)} ${fault} packets: ` +
          (!isLeader
            ? "it is slow and calls nothing that is."
            : `${leader.growth.toFixed(1)} times as many packets for each request as usual; ${others.length} other workloads are slow.`),
        chain: [
          `packets to and from pods of ${referenceText(reference)} are ${fault === "delays" ? "delayed" : "lost"}`,
          "its requests take longer and TCP sends again",
          ...others.slice(0, 3).map(({ workload }) => `${referenceText(workload.reference)} is slow`),
        ],
        quotes: [...suspect.quotes.slice(0, 5), ...others.slice(0, 3).flatMap(({ quotes }) => quotes.slice(0, 1))].map(({ object, text }) =>
          quote("metric", referenceText(object), text),
        ),
        explains: [reference, ...others.map(({ workload }) => workload.reference)],
        facts: person("check what shapes the traffic of the pods: a proxy, a qdisc, the network plugin or an injected fault"),
      }),
    ),
  ];
};

interface Leader {
  readonly traffic: Traffic;
  readonly growth: number;
  readonly isClear: boolean;
}

/** The one whose requests take more packets than usual, and more than any other's; one that is not slow itself only if clearly so. */
const leaderOf = (suspects: readonly Traffic[]): Leader | undefined => {
  const signs = signsOf(suspects);
  const shown = (each: Traffic): number => {
    const { times = 0, hasNewRequests = false } = each.packetGrowth ?? {};
    return times / (signs.includes(each) && !hasNewRequests ? 1 : handicap);
  };
  const [first, second] = suspects.toSorted((a, b) => shown(b) - shown(a));
  if (first?.packetGrowth === undefined || shown(first) < moreByFar) return undefined;
  const isClear = second === undefined || shown(first) >= leadAtLeast * shown(second);
  return isClear || signs.includes(first) ? { traffic: first, growth: first.packetGrowth.times, isClear } : undefined;
};

const isSlow = ({ slow }: Traffic): boolean => slow === "median" || slow === "tail";

/** Whoever is delayed is so at every request, and those that are slow now and then only call it at times. */
const signsOf = (suspects: readonly Traffic[]): readonly Traffic[] => {
  const always = suspects.filter(({ slow }) => slow === "median");
  return always.length > 0 ? always : suspects.filter(isSlow);
};

/** Of those that are slow, the only one that is told to call none of the others, and that another is told to call. */
const leafOf = (view: View, suspects: readonly Traffic[]): Traffic | undefined => {
  const slow = signsOf(suspects);
  const workloads = slow.map(({ workload }) => workload);
  const [leaf, another] = lastOfChains(view, workloads);
  if (leaf === undefined || another !== undefined) return undefined;
  return workloads.some((workload) => workload !== leaf && callsOneOf(view, workload, [leaf]))
    ? slow.find(({ workload }) => workload === leaf)
    : undefined;
};

const isUnwell = ({ pods }: Workload): boolean => pods.length === 0 || pods.some((pod) => !isReady(pod));

export const podNetworkBad: readonly Cause[] = kinds.map(causeOf);
