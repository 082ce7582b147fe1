// The network of one workload's pods delays or loses packets: it is slow at its edge, and whoever calls it waits with it.
// TCP sends again what is not acknowledged in time: more packets for each request are the sign that tells the one at fault from those who wait.
import { referenceText } from "#api/object.ts";
import { podIsReady } from "#diagnosis/readiness.ts";
import { assess, person } from "#diagnosis/assess.ts";
import { calledBy } from "#diagnosis/called-addresses.ts";
import type { Cause } from "#diagnosis/cause.ts";
import { quote } from "#diagnosis/explain.ts";
import type { Assessment } from "#diagnosis/finding.ts";
import { type Traffic, trafficOf } from "#diagnosis/traffic.ts";
import type { View, Workload } from "#diagnosis/view.ts";

interface Kind {
  readonly fault: "delays" | "loses";
  readonly code: string;
  readonly title: string;
  readonly concludes: string;
}

const kinds: readonly Kind[] = [
  {
    fault: "delays",
    code: "PodNetworkDelay",
    title: "A workload whose network delays packets",
    concludes:
      "Every request to one workload takes longer, the ordinary one included, and of all that are slow it is the one at the source.",
  },
  {
    fault: "loses",
    code: "PodPacketLoss",
    title: "A workload whose network loses packets",
    concludes: "Most requests to one workload are as quick as ever and some wait for what was lost, with more packets sent for each.",
  },
];

/** Packets for a request, times the usual: less is noise. */
const moreByFar = 1.15;
/** Where no latency tells of it. */
const loudly = 2;
/** And so much more than any other slow workload. */
const leadAtLeast = 1.2;

const causeOf = (kind: Kind): Cause => ({
  code: kind.code,
  title: kind.title,
  looksAt: "Latencies, requests and packets of workloads against their usual, and who is told to call whom.",
  concludes: kind.concludes,
  wouldDo: "Nothing by itself: a person looks at what shapes the pods' traffic; restart_pod where another node would be as good.",
  yieldsTo: ["NodeNetworkDelay", "NodePacketLoss", "CpuOverload"],
  find: (view) => find(view, kind),
});

const find = (view: View, { code, fault }: Kind): readonly Assessment[] => {
  const all = view.workloads.flatMap((workload) => trafficOf(view, workload) ?? []);
  const slow = all.filter(isSlow);
  // Nobody is slow: nobody waits, whatever the packets do.
  if (slow.length === 0) return [];
  const suspects = all.filter((each) => each.slow !== "no" && !isUnwell(each.workload));
  const leader = leaderOf(suspects);
  const leaf = leader === undefined ? leafOf(view, suspects) : undefined;
  const suspect = leader ?? leaf;
  if (suspect === undefined) return [];
  const others = slow.filter(({ workload }) => workload !== suspect.workload);
  const { reference } = suspect.workload;
  const growth = suspect.packetGrowth;
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
          { claim: "it sends more packets for each request than it used to", holds: leader !== undefined, weight: 2 },
          { claim: "its own latency was measured", holds: suspect.slow === "unmeasured" ? "unknown" : true },
          { claim: "others that wait for it are slow", holds: others.length > 0 ? true : "unknown" },
          { claim: "its pods are ready all the while", holds: true },
        ],
      },
      () => ({
        object: reference,
        summary:
          `The network of ${referenceText(reference)} ${fault} packets: ` +
          (leader === undefined || growth === undefined
            ? "it is slow and calls nothing that is."
            : `${growth.toFixed(1)} times as many packets for each request as usual; ${others.length} other workloads are slow.`),
        chain: [
          `packets to and from pods of ${referenceText(reference)} are ${fault === "delays" ? "delayed" : "lost"}`,
          "its requests take longer and TCP sends again",
          ...others.slice(0, 3).map(({ workload }) => `${referenceText(workload.reference)} is slow`),
        ],
        quotes: [...suspect.quotes.slice(0, 5), ...others.slice(0, 3).flatMap(({ quotes }) => quotes.slice(0, 1))].map(({ object, text }) =>
          quote("metric", referenceText(object), text),
        ),
        explains: [reference, ...others.map(({ workload }) => workload.reference)],
        facts: person(
          "what delays or drops the pods' traffic is not an object of Kubernetes: a proxy, a qdisc, a network plugin or a fault injected",
        ),
      }),
    ),
  ];
};

/** The one whose requests take more packets than usual, by far more than any other's; one whose latency was not measured only if loudly so. */
const leaderOf = (suspects: readonly Traffic[]): Traffic | undefined =>
  leaderAmong(suspects, loudly) ?? leaderAmong(suspects.filter(isSlow), moreByFar);

const leaderAmong = (suspects: readonly Traffic[], least: number): Traffic | undefined => {
  const [first, second] = suspects.toSorted((a, b) => (b.packetGrowth ?? 0) - (a.packetGrowth ?? 0));
  const growth = first?.packetGrowth ?? 0;
  return growth >= least && growth >= leadAtLeast * (second?.packetGrowth ?? 0) ? first : undefined;
};

const isSlow = ({ slow }: Traffic): boolean => slow === "median" || slow === "tail";

/** Of those that are slow, the only one that is told to call none of the others. */
const leafOf = (view: View, suspects: readonly Traffic[]): Traffic | undefined => {
  const slow = suspects.filter(isSlow);
  const behind = new Set(slow.flatMap(({ workload }) => view.servicesOf(workload).map(({ metadata }) => metadata.name)));
  const leaves = slow.filter(({ workload }) => {
    const called = calledBy(view, workload).map(({ service }) => service);
    return !called.some((name) => behind.has(name) && !view.servicesOf(workload).some(({ metadata }) => metadata.name === name));
  });
  const [leaf] = leaves;
  if (leaf === undefined || leaves.length !== 1 || slow.length < 2) return undefined;
  const names = new Set(view.servicesOf(leaf.workload).map(({ metadata }) => metadata.name));
  return slow.some(({ workload }) => workload !== leaf.workload && calledBy(view, workload).some(({ service }) => names.has(service)))
    ? leaf
    : undefined;
};

const isUnwell = ({ pods }: Workload): boolean => pods.length === 0 || pods.some((pod) => !podIsReady(pod));

export const podNetworkBad: readonly Cause[] = kinds.map(causeOf);
