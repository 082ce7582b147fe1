// What other policies would have decided for the plans that are stored: the same grant as at the time, under the policies of a file. Pure.
import type { Autonomy } from "#api/fields.ts";
import type { AIAnalysis, Plan } from "#api/kinds/ai-analysis.ts";
import type { RemediationPolicy } from "#api/kinds/remediation-policy.ts";
import { type ObjectReference, referenceText } from "#api/object.ts";
import type { LabelsOf } from "#cluster/policy-labels.ts";
import { grantOf } from "#investigation/mandate.ts";
import { fromTimestamp } from "#lib/clock.ts";
import { criticalityFor } from "#policy/criticality.ts";
import { freezeHold } from "#policy/freeze.ts";
import { limited } from "#policy/grant.ts";
import { policyContextOf } from "#policy/permission.ts";
import { subjectVariables } from "#policy/rules.ts";
import { type Settings, settingsFrom } from "#policy/settings.ts";

export interface PreviewRow {
  readonly request: string;
  readonly attempt: number;
  readonly actions: readonly string[];
  readonly target: ObjectReference;
  readonly decided: Autonomy;
  readonly would: Autonomy;
  /** The rule or the default that decides then. */
  readonly reason: string;
  /** What would have held the repair back at the time of the decision. */
  readonly hold?: string;
  readonly differs: boolean;
}

export interface PreviewQuestion {
  readonly analyses: readonly AIAnalysis[];
  readonly installed: readonly RemediationPolicy[];
  /** Each takes the place of the installed one of its namespace and name, as `kubectl apply` would. */
  readonly proposed: readonly RemediationPolicy[];
  /** As they are now: the record does not keep them. */
  readonly labelsOf: LabelsOf;
  readonly ownNamespace: string;
}

export const previewPolicies = ({ analyses, installed, proposed, labelsOf, ownNamespace }: PreviewQuestion): readonly PreviewRow[] => {
  const keyOf = ({ metadata }: RemediationPolicy): string => `${metadata.namespace || ownNamespace}/${metadata.name}`;
  const replaced = new Set(proposed.map(keyOf));
  const settings = settingsFrom([...installed.filter((policy) => !replaced.has(keyOf(policy))), ...proposed], ownNamespace);
  return analyses.flatMap((analysis) => {
    const plan = decidedPlan(analysis);
    return plan === undefined ? [] : [rowOf(analysis, plan, { labelsOf, settings, ownNamespace })];
  });
};

/** The plan that was chosen, or the best of those that were only suggested. */
export const decidedPlan = ({ status }: AIAnalysis): Plan | undefined => status?.plans?.[status.chosen ?? 0];

interface Policy {
  readonly labelsOf: LabelsOf;
  readonly settings: Settings;
  readonly ownNamespace: string;
}

const rowOf = (analysis: AIAnalysis, plan: Plan, policy: Policy): PreviewRow => {
  const { spec, status, metadata } = analysis;
  const { labelsOf, settings, ownNamespace } = policy;
  const { target, rejected = [] } = spec;
  const { autonomy } = policyContextOf({ target, labels: labelsOf(target), ownNamespace, settings });
  const byRules = grantOf({ target, autonomy, rejected, ownNamespace }, plan, policy);
  const isModels = (status?.investigator?.engine ?? "rules") !== "rules";
  const grant = isModels ? limited(byRules, "approve", "a language model chose it, so it needs approval") : byRules;
  const at = fromTimestamp(status?.phaseStartedAt ?? metadata.creationTimestamp) ?? 0;
  const hold = freezeHold(
    settings,
    at,
    plan.steps.map((step, index) => {
      const labels = labelsOf(step.target);
      const environment = grant.permissions[index]?.environment ?? "";
      const criticality = criticalityFor(step.target, labels, environment, settings.rules);
      return { ...subjectVariables(step.target, labels), environment, criticality, action: step.action };
    }),
  );
  return {
    request: spec.request,
    attempt: spec.attempt,
    actions: plan.steps.map(({ action }) => action),
    target,
    decided: plan.autonomy,
    would: grant.value,
    reason: grant.why,
    ...(hold === undefined ? {} : { hold: hold.why }),
    differs: grant.value !== plan.autonomy || hold !== undefined,
  };
};

/** For a table: who, what, before, after, why. */
export const previewCells = ({ request, actions, target, decided, would, reason, hold }: PreviewRow): readonly string[] => [
  request,
  actions.join(", "),
  referenceText(target),
  decided,
  hold === undefined ? would : `${would}, held`,
  hold === undefined ? reason : `${hold}; ${reason}`,
];
