// One repair planned against objects as they are: the exact change, its diff and its hash, or why there is none. Knows nothing of policy.
import type { Change } from "#api/change.ts";
import type { Plan } from "#api/kinds/ai-analysis.ts";
import type { Observed, Read } from "#api/observed.ts";
import type { Reference } from "#api/fields.ts";
import { hashSteps } from "#actions/change.ts";
import { irreversible } from "#actions/invert.ts";
import { findAction } from "#actions/registry.ts";
import { planStep } from "#actions/plan.ts";
import type { Repair } from "#diagnosis/repairs.ts";

const stepTimeoutSeconds = 300;

/** A repair that was planned against the live objects. */
export interface PlannedRepair {
  readonly repair: Repair;
  readonly plan: Omit<Plan, "autonomy">;
  readonly changes: readonly Change[];
}

/** Where an action's objects are read: the cluster, or what was saved of it. */
export type ReadForAction = (reads: readonly Read[], target: Reference) => Promise<Observed>;

/** The plan, or why there is none. */
export const planRepair = async (read: ReadForAction, repair: Repair): Promise<PlannedRepair | string> => {
  const action = findAction(repair.action);
  if (action === undefined) return "there is no such action in the catalogue";
  const planned = planStep(repair, await read(action.reads, repair.target));
  if (!planned.ok) return planned.reason;
  const step = {
    id: "s1",
    action: repair.action,
    target: repair.target,
    parameters: { ...repair.parameters },
    changesHash: planned.changesHash,
    dependsOn: [],
    critical: true,
    timeoutSeconds: stepTimeoutSeconds,
  };
  return {
    repair,
    changes: planned.changes,
    plan: {
      steps: [step],
      changesHash: hashSteps([step]),
      diffs: [...planned.diffs],
      expected: repair.expected,
      risk: action.risk,
      reversible: planned.inverse !== irreversible,
      rationale: repair.rationale,
      score: repair.score,
    },
  };
};
