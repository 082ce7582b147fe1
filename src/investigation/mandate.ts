// What policy lets Kintsugi do with one plan: what its steps are granted, and no more than the alerted object is. Pure.
import type { Autonomy, Reference, RejectedPlan } from "#api/fields.ts";
import type { Plan } from "#api/kinds/ai-analysis.ts";
import type { LabelsOf } from "#cluster/policy-labels.ts";
import { type Grant, grantFor, limited } from "#policy/grant.ts";
import type { Settings } from "#policy/settings.ts";

/** What Kintsugi may do about one alert, before any plan is looked at. */
export interface Mandate {
  /** The object that the alert is about. */
  readonly target: Reference;
  /** The most that policy grants for it. */
  readonly autonomy: Autonomy;
  /** Plans that people refused in this episode. */
  readonly rejected: readonly RejectedPlan[];
  /** Kintsugi's own namespace. */
  readonly ownNamespace: string;
}

/** What policy reads besides. */
export interface PolicyFacts {
  readonly labelsOf: LabelsOf;
  readonly settings: Settings;
}

export const grantOf = (
  { target, autonomy, rejected, ownNamespace }: Mandate,
  plan: Pick<Plan, "steps" | "risk" | "reversible">,
  { labelsOf, settings }: PolicyFacts,
): Grant => {
  const grant = grantFor({ plan, alerted: target, labelsOf, ownNamespace, settings });
  const granted = limited(grant, autonomy, `policy allows at most ${autonomy} for the alerted object`);
  return rejected.length === 0
    ? granted
    : limited(granted, "approve", "people rejected another repair in this episode, so every further one needs approval");
};

/** The plan's steps with what policy says about each, for the record and for the check before the Job. */
export const permittedSteps = (steps: Plan["steps"], { permissions }: Grant): Plan["steps"] =>
  steps.map((step, index) => ({ ...step, ...(permissions[index] === undefined ? {} : { permission: permissions[index] }) }));
