// The network of one workload's pods delays or loses packets: it is slow at its edge, and its callers wait with it.
// TCP sends again what is not acknowledged in time: more packets for each request distinguish the one at fault from its callers.
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

const causeOf = (kind: Kind): Cause => ({
  code: kind.code,
  title: kind.title,
  reads: "Latencies, requests and packets of workloads against their usual, and which workload is configured to call which.",
  means: kind.means,
  needs: ["metrics.network", "metrics.requests"],
  remedy: "Check what shapes the traffic of the pods: a proxy, a qdisc, the network plugin or an injected fault.",
  suppressedBy: ["NodeNetworkDelay", "NodePacketLoss", "CpuOverload"],
  find: (view) => find(view, kind),
});

const find = (view: View, { code, fault }: Kind): readonly Assessment[] => {
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
  const others = slow.filter(({ workload }) => workload !== suspect.workload);
  const { reference } = suspect.workload;
  return [
    assess(
      code,
      {
        required: [
          { claim: "it sends more packets for each request than usual, or is slow and calls nothing that is", holds: true },
          fault === "delays"
            ? { claim: "the ordinary request is slow, not only now and then", holds: suspect.slow !== "tail" }
            : { claim: "only some requests are slow, not the ordinary one", holds: suspect.slow === "tail" },
        ],
        supporting: [
          { claim: "it sends more packets for each request than usual", holds: isLeader, weight: 2 },
          {
            claim: "it is the only slow one that calls no other of them",
            holds: leaf === undefined ? "unknown" : suspect === leaf,
            weight: 2,
          },
          { claim: "its own latency was measured", holds: suspect.slow === "unmeasured" ? "unknown" : true },
          { claim: "others that wait for it are slow", holds: others.length > 0 ? true : "unknown" },
        ],
      },
      () => ({
        object: reference,
        summary:
          `The network of ${referenceText(reference)} ${fault} packets: ` +
          (!isLeader
            ? "it is slow and calls nothing that is."
            : `${growthOf(leader).toFixed(1)} times as many packets for each request as usual; ${others.length} other workloads are slow.`),
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

/** Packets for each request, times the usual: counts of two windows of the same traffic differ by a tenth. */
const noticed = 1.15;
/** A delay beyond the retransmission timeout makes TCP send every segment again; waiting for another workload never does. */
const sentTwice = 2;

const growthOf = ({ packetGrowth }: Traffic): number => packetGrowth?.times ?? 0;

/**
 * The one whose requests take more packets than usual, and more than any other's. One that is not known to be slow itself, or whose packets new
 * requests may explain, comes after those that are.
 */
const leaderOf = (suspects: readonly Traffic[]): Traffic | undefined => {
  const signs = signsOf(suspects);
  const isConfirmed = (each: Traffic): boolean => signs.includes(each) && each.packetGrowth?.hasNewRequests !== true;
  return suspects
    .filter((each) => growthOf(each) >= noticed)
    .toSorted((a, b) => Number(isConfirmed(b)) - Number(isConfirmed(a)) || growthOf(b) - growthOf(a))[0];
};

const isSlow = ({ slow }: Traffic): boolean => slow === "median" || slow === "tail";

/** Whoever is delayed is so at every request, and those that are slow now and then only call it at times. */
const signsOf = (suspects: readonly Traffic[]): readonly Traffic[] => {
  const always = suspects.filter(({ slow }) => slow === "median");
  return always.length > 0 ? always : suspects.filter(isSlow);
};

/** Of those that are slow, the only one that is configured to call none of the others, and that another is configured to call. */
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
