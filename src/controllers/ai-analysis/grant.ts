// What policy lets Kintsugi do with one plan of an analysis: what its steps are granted, and no more than the alerted object is. Pure.
import type { AIAnalysis, Plan } from "#api/kinds/ai-analysis.ts";
import type { LabelsOf } from "#cluster/policy-labels.ts";
import { type Grant, grantFor, limited } from "#policy/grant.ts";
import type { Settings } from "#policy/settings.ts";

/** What policy reads besides the analysis. */
export interface PolicyFacts {
  readonly labelsOf: LabelsOf;
  readonly settings: Settings;
}

export const grantOf = (
  analysis: AIAnalysis,
  plan: Pick<Plan, "steps" | "risk" | "reversible">,
  { labelsOf, settings }: PolicyFacts,
): Grant => {
  const { target, autonomy, rejected = [] } = analysis.spec;
  const grant = grantFor({ plan, alerted: target, labelsOf, ownNamespace: analysis.metadata.namespace, settings });
  const granted = limited(grant, autonomy, `policy grants no more than ${autonomy} for the object that the alert is about`);
  return rejected.length === 0
    ? granted
    : limited(granted, "approve", "people refused another repair of this trouble, so they are asked about every further one");
};

/** The plan's steps with what policy says about each, for the record and for the check before the Job. */
export const permittedSteps = (steps: Plan["steps"], { permissions }: Grant): Plan["steps"] =>
  steps.map((step, index) => ({ ...step, ...(permissions[index] === undefined ? {} : { permission: permissions[index] }) }));
