// Which of a ReplicaSet's pods go first: ActivePodsWithRanks of pkg/controller/controller_utils.go. Pure.
import { phaseOf, readySinceMs, restartsOf } from "#embedded/pod-state.ts";
import { type Stored, at, textOf } from "#embedded/json.ts";

const phases = ["Pending", "Unknown", "Running"];

/** `related` are the pods of all ReplicaSets of the same owner: those that crowd a node go before those that are alone on one. */
export const inDeletionOrder = (pods: readonly Stored[], related: readonly Stored[], nowMs: number): readonly Stored[] => {
  const crowds = new Map<string, number>();
  for (const pod of related) crowds.set(nodeOf(pod), (crowds.get(nodeOf(pod)) ?? 0) + 1);
  // Ages are compared by their order of magnitude, so that not always the youngest goes.
  const magnitude = (sinceMs: number): number => Math.floor(Math.log2(Math.max(1, nowMs - sinceMs)));
  const ranks = (pod: Stored): readonly number[] => {
    const readySince = readySinceMs(pod);
    return [
      nodeOf(pod) === "" ? 0 : 1,
      phases.indexOf(phaseOf(pod)),
      readySince === undefined ? 0 : 1,
      costOf(pod),
      nodeOf(pod) === "" ? 0 : -(crowds.get(nodeOf(pod)) ?? 0),
      readySince === undefined ? 0 : magnitude(readySince),
      -restartsOf(pod),
      magnitude(Date.parse(pod.metadata.creationTimestamp)),
    ];
  };
  const ranked = pods.map((pod) => ({ pod, ranks: ranks(pod) }));
  return ranked
    .toSorted((a, b) => {
      const index = a.ranks.findIndex((rank, place) => rank !== b.ranks[place]);
      if (index !== -1) return (a.ranks[index] ?? 0) - (b.ranks[index] ?? 0);
      return a.pod.metadata.uid < b.pod.metadata.uid ? -1 : 1;
    })
    .map(({ pod }) => pod);
};

const nodeOf = (pod: Stored): string => textOf(at(pod, "spec", "nodeName"));
const costOf = (pod: Stored): number => Number(textOf(pod.metadata.annotations?.["controller.kubernetes.io/pod-deletion-cost"])) || 0;
