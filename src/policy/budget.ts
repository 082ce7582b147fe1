// How many repairs may begin in an hour. Counted from the workflows that exist, so that it survives a restart. Pure.
import type { BlastRadius } from "#api/fields.ts";
import { fromTimestamp } from "#lib/clock.ts";
import type { Settings } from "#policy/settings.ts";
import { settingsIn } from "#policy/tenant.ts";

interface Placed {
  readonly namespace?: string | undefined;
}

interface BudgetStep {
  readonly target: Placed;
  readonly blast?: Pick<BlastRadius, "pods"> | undefined;
}

/** A repair as the budget sees it: any WorkflowExecution. */
export interface BegunRepair {
  readonly metadata: { readonly creationTimestamp: string };
  readonly spec: {
    readonly target: Placed;
    readonly steps: readonly BudgetStep[];
  };
}

export interface BudgetQuestion {
  readonly repairs: readonly BegunRepair[];
  /** Of the repair that would begin. A cluster-scoped target counts against the whole only. */
  readonly steps: readonly BudgetStep[];
  readonly settings: Settings;
  readonly now: number;
}

/** A reason to wait, in words, and until when where that is known. */
export interface Hold {
  readonly why: string;
  readonly untilMs?: number;
}

const hourMs = 3_600_000;

/** Absent where another repair may begin now. */
export const budgetHold = ({ repairs, steps, settings, now }: BudgetQuestion): Hold | undefined => {
  const begun = repairs
    .map(({ metadata, spec }) => ({ at: fromTimestamp(metadata.creationTimestamp) ?? now, spec }))
    .filter((repair) => repair.at > now - hourMs)
    .toSorted((a, b) => a.at - b.at);
  const namespaces = [...new Set(steps.flatMap(({ target }) => target.namespace ?? []))];
  const holds = namespaces.flatMap((namespace) => {
    const { perNamespacePerHour, podsPerNamespacePerHour } = settingsIn(settings, namespace);
    const there = begun.filter(({ spec }) => [spec, ...spec.steps].some(({ target }) => target.namespace === namespace));
    const isThere = ({ target }: BudgetStep): boolean => target.namespace === namespace;
    return [
      spent(
        there.map(one),
        1,
        perNamespacePerHour,
        `the budget of ${perNamespacePerHour} repairs an hour in namespace ${namespace} is spent`,
      ),
      spent(
        there.map(({ at, spec }) => ({ at, amount: podsOf(spec.steps.filter(isThere)) })),
        podsOf(steps.filter(isThere)),
        podsPerNamespacePerHour,
        `the budget of ${podsPerNamespacePerHour} pods an hour in namespace ${namespace} is spent`,
      ),
    ].filter((hold) => hold !== undefined);
  });
  const { perHour, podsPerHour } = settings;
  return (
    latest(holds) ??
    spent(begun.map(one), 1, perHour, `the budget of ${perHour} repairs an hour is spent`) ??
    spent(
      begun.map(({ at, spec }) => ({ at, amount: podsOf(spec.steps) })),
      podsOf(steps),
      podsPerHour,
      `the budget of ${podsPerHour} pods an hour is spent`,
    )
  );
};

const one = ({ at }: { readonly at: number }): Spent => ({ at, amount: 1 });

/** A plan of an older version does not say how many. */
const podsOf = (steps: readonly BudgetStep[]): number => steps.reduce((sum, { blast }) => sum + (blast?.pods ?? 0), 0);

/** The one that lasts longest; one without an end lasts longest of all. */
const latest = (holds: readonly Hold[]): Hold | undefined =>
  holds.toSorted((a, b) => (b.untilMs ?? Number.POSITIVE_INFINITY) - (a.untilMs ?? Number.POSITIVE_INFINITY))[0];

interface Spent {
  readonly at: number;
  readonly amount: number;
}

/** `begun`: oldest first. What spends nothing is never held. */
const spent = (begun: readonly Spent[], more: number, limit: number, why: string): Hold | undefined => {
  let left = begun.reduce((sum, { amount }) => sum + amount, 0) + more;
  if (more === 0 || left <= limit) return undefined;
  // Room again when so many have grown older than an hour that one more fits; more than a whole budget never has room.
  for (const { at, amount } of begun) {
    left -= amount;
    if (left <= limit) return { why, untilMs: at + hourMs };
  }
  return { why };
};
