// One repair planned against objects as they are: the exact change, its diff and its hash, or why there is none. Knows nothing of policy.
import type { Change } from "#api/change.ts";
import type { Plan } from "#api/kinds/ai-analysis.ts";
import { referenceText } from "#api/object.ts";
import type { ObservedObjects, Read } from "#api/observed.ts";
import type { Reference, Risk, Step } from "#api/fields.ts";
import { hashSteps } from "#actions/change.ts";
import { irreversible } from "#actions/invert.ts";
import { findAction } from "#actions/registry.ts";
import { planStep } from "#actions/plan.ts";
import { type ManagedBy, managedBy } from "#cluster/managed-by.ts";
import type { Remedy } from "#diagnosis/finding.ts";

const stepTimeoutSeconds = 300;

/** A repair that was planned against the live objects. */
export interface PlannedRepair {
  readonly repair: Remedy;
  readonly plan: Omit<Plan, "autonomy">;
  readonly changes: readonly Change[];
}

/** Where an action's objects are read: the cluster, or what was saved of it. */
export type ReadForAction = (reads: readonly Read[], target: Reference) => Promise<ObservedObjects>;

/** What the steps of a plan decide of it, and the changes of all of them in order. */
export interface PlannedSteps {
  readonly parts: Pick<Plan, "steps" | "changesHash" | "diffs" | "risk" | "reversible">;
  readonly changes: readonly Change[];
}

/** What follows the first step waits for it, and fails for itself alone. */
const stepsOf = (repair: Remedy): readonly Omit<Step, "changesHash">[] =>
  [repair, ...(repair.afterwards ?? [])].map(({ action, target, parameters }, index) => ({
    id: `s${index + 1}`,
    action,
    target,
    parameters: { ...parameters },
    dependsOn: index === 0 ? [] : ["s1"],
    critical: index === 0,
    timeoutSeconds: stepTimeoutSeconds,
  }));

export const wouldBeReverted = (target: Reference, { tool, object }: Pick<ManagedBy, "tool" | "object">): string =>
  `${referenceText(target)} belongs to ${tool} ${object}, which would revert a live change; change it there`;

/** The plan, or why there is none. `score`: how certain its cause is. */
export const planRepair = async (read: ReadForAction, repair: Remedy, score: number): Promise<PlannedRepair | string> => {
  const { expected, rationale } = repair;
  const planned = await planSteps(read, stepsOf(repair));
  if (typeof planned === "string") return planned;
  return { repair, changes: planned.changes, plan: { ...planned.parts, expected, rationale, score } };
};

/** Each step against the live objects, since none may read what another one writes; or why one that the plan needs is not possible. */
export const planSteps = async (read: ReadForAction, wanted: readonly Omit<Step, "changesHash">[]): Promise<PlannedSteps | string> => {
  const steps: Step[] = [];
  const changes: Change[] = [];
  const diffs: Plan["diffs"] = [];
  const risks: Risk[] = [];
  let reversible = true;
  for (const step of wanted) {
    const action = findAction(step.action);
    if (action === undefined) return "the catalogue has no action of this name";
    const observed = await read(action.readsFor(step.parameters), step.target);
    const owner = observed.target === undefined ? undefined : managedBy(observed.target);
    const planned = owner === undefined ? planStep(step, observed) : { ok: false as const, reason: wouldBeReverted(step.target, owner) };
    if (!planned.ok && !step.critical) continue;
    if (!planned.ok) return planned.reason;
    steps.push({ ...step, changesHash: planned.changesHash, blast: planned.blast });
    changes.push(...planned.changes);
    diffs.push(...planned.diffs);
    risks.push(action.risk);
    reversible &&= planned.inverse !== irreversible;
  }
  const risk = (["high", "medium"] as const).find((each) => risks.includes(each)) ?? "low";
  return { changes, parts: { steps, changesHash: hashSteps(steps), diffs: diffs.slice(0, 20), risk, reversible } };
};
