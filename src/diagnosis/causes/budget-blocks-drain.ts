// A PodDisruptionBudget that allows no eviction while a node is being drained: the drain never ends.
import { Nodes, PodDisruptionBudgets } from "#api/kubernetes.ts";
import { selects } from "#api/selectors.ts";
import { patch } from "#diagnosis/kubectl.ts";
import { objectQuote } from "#diagnosis/quotes.ts";
import { cause } from "#diagnosis/rule.ts";
import { nameOf } from "#diagnosis/template.ts";
import { referenceTo, type View } from "#diagnosis/view.ts";

export const budgetBlocksDrain = cause({
  code: "BudgetBlocksDrain",
  title: "A disruption budget that blocks a drain",
  reads: "Budgets that allow no disruption, the pods that they cover, and cordoned nodes.",
  means: "All pods are healthy and the budget requires all of them, so none of them can leave its cordoned node.",
  needs: ["objects.PodDisruptionBudget", "objects.Node", "objects.Pod"],
  signs: ["PodDisruptionBudget"],
  of: (view: View) =>
    view.all(PodDisruptionBudgets).flatMap((budget) => {
      const { spec, status, metadata } = budget;
      const covered = view.workloads
        .filter(({ reference }) => reference.namespace === metadata.namespace)
        .flatMap(({ pods }) => pods.filter((pod) => selects(spec.selector, pod.metadata.labels)));
      const node = covered
        .map(({ spec: { nodeName } }) => (nodeName === undefined ? undefined : view.get(Nodes, undefined, nodeName)))
        .find((each) => each?.spec?.unschedulable === true);
      if (status === undefined || (status.disruptionsAllowed ?? 0) > 0 || node === undefined) return [];
      const relaxed = spec.minAvailable === undefined ? { maxUnavailable: 1 } : { minAvailable: covered.length - 1 };
      const command = patch(referenceTo(budget), { spec: relaxed });
      const isSingle = covered.length < 2;
      return [
        {
          ...{ budget, node, relaxed, isSingle, count: covered.length },
          healthy: status.currentHealthy ?? 0,
          required: status.desiredHealthy ?? 0,
          step: isSingle
            ? "scale the workload to two replicas first: with a single replica, an eviction is an outage"
            : `allow one disruption: ${command}`,
        },
      ];
    }),
  // The pods that are down are the trouble, and the budget protects the others.
  unless: [
    {
      is: ({ budget, healthy, required }) => `${nameOf(budget)} has ${healthy} healthy pods of ${required} that it requires`,
      holds: ({ healthy, required }) => healthy < required,
    },
  ],
  supports: [{ is: "it requires every pod", holds: ({ required, count }) => required >= count }],
  object: ({ budget }) => budget,
  says: "{budget} allows no eviction ({healthy} healthy, {required} required), so {node} cannot be drained.",
  chain: "{node} is cordoned → {budget} requires {required} of {count} pods → no pod may be evicted",
  quotes: ({ budget, healthy, required }) => {
    const { minAvailable, maxUnavailable } = budget.spec;
    const spec = minAvailable === undefined ? `maxUnavailable ${maxUnavailable}` : `minAvailable ${minAvailable}`;
    return [objectQuote(budget, `disruptionsAllowed 0, currentHealthy ${healthy}, desiredHealthy ${required}; ${spec}`)];
  },
  repairs: ({ budget, relaxed, isSingle }) =>
    isSingle
      ? []
      : [
          {
            action: "relax_pdb",
            target: referenceTo(budget),
            parameters: Object.fromEntries(Object.entries(relaxed).map(([key, value]) => [key, String(value)])),
            rationale: "One pod at a time may leave the node; the others stay.",
            expected: `${nameOf(budget)} allows one disruption.`,
          },
        ],
  remedy:
    "`relax_pdb`, so that one eviction is allowed. Otherwise, scale the workload first: with a single replica, an eviction is an outage.",
  otherwise: "{step}",
});
