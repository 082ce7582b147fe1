// How many pods a PodDisruptionBudget selects and how many of them may go: pkg/controller/disruption. Pure.
import { type Stored, at, listOf, recordOf, shareOf } from "#embedded/json.ts";
import { matchesSelector } from "#embedded/selectors.ts";

export const selectsPod = (budget: Stored, pod: Stored): boolean =>
  budget.metadata.namespace === pod.metadata.namespace && matchesSelector(at(budget, "spec", "selector"), recordOf(pod.metadata.labels));

const isReady = (pod: Stored): boolean =>
  listOf(at(pod, "status", "conditions")).some((each) => at(each, "type") === "Ready" && at(each, "status") === "True");

export const budgetStatus = (budget: Stored, pods: readonly Stored[]): Readonly<Record<string, number>> => {
  const selected = pods.filter((pod) => selectsPod(budget, pod));
  const healthy = selected.filter((pod) => pod.metadata.deletionTimestamp === undefined && isReady(pod)).length;
  const expected = selected.length;
  const { minAvailable, maxUnavailable } = recordOf(budget["spec"]);
  const desired =
    maxUnavailable === undefined ? shareOf(minAvailable, expected) : Math.max(0, expected - shareOf(maxUnavailable, expected));
  return {
    observedGeneration: budget.metadata.generation ?? 1,
    expectedPods: expected,
    currentHealthy: healthy,
    desiredHealthy: desired,
    disruptionsAllowed: expected > 0 ? Math.max(0, healthy - desired) : 0,
  };
};
