// How many repairs may begin in an hour. Counted from the workflows that exist, so that it survives a restart. Pure.
import { fromTimestamp } from "#lib/clock.ts";
import type { Settings } from "#policy/settings.ts";
import { settingsIn } from "#policy/tenant.ts";

interface Placed {
  readonly namespace?: string | undefined;
}

/** A repair as the budget sees it: any WorkflowExecution. */
export interface BegunRepair {
  readonly metadata: { readonly creationTimestamp: string };
  readonly spec: {
    readonly target: Placed;
    readonly steps: readonly { readonly target: Placed }[];
  };
}

export interface BudgetQuestion {
  readonly repairs: readonly BegunRepair[];
  /** Of every object that the repair changes; a cluster-scoped object has none and counts against the whole only. */
  readonly namespaces: readonly string[];
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
export const budgetHold = ({ repairs, namespaces, settings, now }: BudgetQuestion): Hold | undefined => {
  const begun = repairs
    .map(({ metadata, spec }) => ({
      at: fromTimestamp(metadata.creationTimestamp) ?? now,
      namespaces: [spec, ...spec.steps].map(({ target }) => target.namespace),
    }))
    .filter((repair) => repair.at > now - hourMs)
    .toSorted((a, b) => a.at - b.at);
  const holds = namespaces.flatMap((namespace) => {
    const { perNamespacePerHour } = settingsIn(settings, namespace);
    return (
      spent(
        begun.filter((repair) => repair.namespaces.includes(namespace)),
        perNamespacePerHour,
        `the budget of ${perNamespacePerHour} repairs an hour in namespace ${namespace} is spent`,
      ) ?? []
    );
  });
  return latest(holds) ?? spent(begun, settings.perHour, `the budget of ${settings.perHour} repairs an hour is spent`);
};

/** The one that lasts longest; one without an end lasts longest of all. */
const latest = (holds: readonly Hold[]): Hold | undefined =>
  holds.toSorted((a, b) => (b.untilMs ?? Number.POSITIVE_INFINITY) - (a.untilMs ?? Number.POSITIVE_INFINITY))[0];

const spent = (begun: readonly { at: number }[], limit: number, why: string): Hold | undefined => {
  if (begun.length < limit) return undefined;
  // Room again when so many have grown older than an hour that one more fits; a budget of none never has room.
  const leaves = begun[begun.length - limit];
  return leaves === undefined ? { why } : { why, untilMs: leaves.at + hourMs };
};
