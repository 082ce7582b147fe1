// How many repairs may begin in an hour. Counted from the workflows that exist, so that it survives a restart. Pure.
import { fromTimestamp } from "#lib/clock.ts";
import type { Settings } from "#policy/settings.ts";

/** A repair as the budget sees it: any WorkflowExecution. */
export interface BegunRepair {
  readonly metadata: { readonly creationTimestamp: string };
  readonly spec: { readonly target: { readonly namespace?: string | undefined } };
}

export interface BudgetQuestion {
  readonly repairs: readonly BegunRepair[];
  /** Of the object to repair; absent for a cluster-scoped one, which counts against the whole only. */
  readonly namespace: string | undefined;
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
export const budgetHold = ({ repairs, namespace, settings, now }: BudgetQuestion): Hold | undefined => {
  const begun = repairs
    .map((repair) => ({ at: fromTimestamp(repair.metadata.creationTimestamp) ?? now, namespace: repair.spec.target.namespace }))
    .filter((repair) => repair.at > now - hourMs)
    .toSorted((a, b) => a.at - b.at);
  const here = begun.filter((repair) => repair.namespace === namespace);
  return (
    (namespace === undefined
      ? undefined
      : spent(
          here,
          settings.perNamespacePerHour,
          `the budget of ${settings.perNamespacePerHour} repairs an hour in namespace ${namespace} is spent`,
        )) ?? spent(begun, settings.perHour, `the budget of ${settings.perHour} repairs an hour is spent`)
  );
};

const spent = (begun: readonly { at: number }[], limit: number, why: string): Hold | undefined => {
  if (begun.length < limit) return undefined;
  // Room again when so many have grown older than an hour that one more fits; a budget of none never has room.
  const leaves = begun[begun.length - limit];
  return leaves === undefined ? { why } : { why, untilMs: leaves.at + hourMs };
};
