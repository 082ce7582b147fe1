// A PodDisruptionBudget that allows no eviction while a node is being drained: the drain never ends.
import { Nodes, PodDisruptionBudgets, type PodDisruptionBudget } from "#api/kubernetes.ts";
import { referenceText } from "#api/object.ts";
import { selects } from "#cluster/selectors.ts";
import { assess, objectQuote, person } from "#diagnosis/assess.ts";
import type { Cause } from "#diagnosis/cause.ts";
import { patch } from "#diagnosis/kubectl.ts";
import type { Assessment, Facts } from "#diagnosis/finding.ts";
import { referenceTo, type View } from "#diagnosis/view.ts";

const code = "BudgetBlocksDrain";

export const budgetBlocksDrain: Cause = {
  code,
  title: "A disruption budget that blocks a drain",
  reads: "Budgets that allow no disruption, the pods they cover, and cordoned nodes.",
  means: "All pods are healthy and the budget asks for all of them, so that none can leave its cordoned node.",
  remedy:
    "`relax_pdb`, so that one eviction is allowed. Otherwise, scale the workload first: with a single replica, an eviction is an outage.",
  find: (view) => view.all(PodDisruptionBudgets).map((budget) => find(view, budget)),
};

const find = (view: View, budget: PodDisruptionBudget): Assessment => {
  const reference = referenceTo(budget);
  const { disruptionsAllowed = 0, currentHealthy = 0, desiredHealthy = 0 } = budget.status ?? {};
  const covered = view.workloads
    .filter(({ reference: each }) => each.namespace === budget.metadata.namespace)
    .flatMap(({ pods }) => pods)
    .filter(({ metadata }) => selects(budget.spec.selector, metadata.labels));
  const cordoned = new Set(
    view
      .all(Nodes)
      .filter(({ spec }) => spec?.unschedulable === true)
      .map(({ metadata }) => metadata.name),
  );
  const held = covered.filter(({ spec }) => spec.nodeName !== undefined && cordoned.has(spec.nodeName));
  const isStrict = desiredHealthy >= covered.length;
  return assess(
    code,
    {
      required: [
        { claim: "a budget that allows no disruption", holds: budget.status !== undefined && disruptionsAllowed === 0 },
        { claim: "a pod of it on a cordoned node", holds: held.length > 0 },
      ],
      // Then the pods that are down are the trouble, and the budget does what it is for.
      against: [
        {
          claim: `fewer pods are healthy (${currentHealthy}) than it asks for (${desiredHealthy})`,
          holds: currentHealthy < desiredHealthy,
        },
      ],
      supporting: [{ claim: "it asks for every pod there is", holds: isStrict, weight: 1 }],
    },
    () => ({
      object: reference,
      summary: `${referenceText(reference)} allows no eviction (${currentHealthy} healthy, ${desiredHealthy} required), so that Node ${held[0]?.spec.nodeName} cannot be drained.`,
      chain: [
        `Node ${held[0]?.spec.nodeName} is cordoned`,
        `${referenceText(reference)} requires ${desiredHealthy} of ${covered.length} pods`,
        "no pod may be evicted",
      ],
      quotes: [
        objectQuote(
          reference,
          `disruptionsAllowed 0, currentHealthy ${currentHealthy}, desiredHealthy ${desiredHealthy}; ${specText(budget)}`,
        ),
      ],
      facts: factsOf(budget, covered.length),
    }),
  );
};

const specText = ({ spec }: PodDisruptionBudget): string =>
  spec.minAvailable === undefined ? `maxUnavailable ${spec.maxUnavailable}` : `minAvailable ${spec.minAvailable}`;

const factsOf = (budget: PodDisruptionBudget, covered: number): Facts => {
  if (covered < 2) return person("scale the workload to two replicas first: with a single one, an eviction is an outage");
  const parameters: Record<string, string> =
    budget.spec.minAvailable === undefined ? { maxUnavailable: "1" } : { minAvailable: String(covered - 1) };
  return {
    kind: "remedies",
    remedies: [
      {
        action: "relax_pdb",
        target: referenceTo(budget),
        parameters,
        rationale: "One pod at a time may then leave the node, and the others stay.",
        expected: `${referenceText(referenceTo(budget))} allows one disruption.`,
      },
    ],
    otherwise: `allow one disruption: ${patch(referenceTo(budget), { spec: parameters.maxUnavailable === undefined ? { minAvailable: covered - 1 } : { maxUnavailable: 1 } })}`,
  };
};
