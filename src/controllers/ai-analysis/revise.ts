// From an override to the next request for approval: of the changed plan, or of the old one with the reason why it was kept. Pure.
import type { AIAnalysis, Plan, Refusal } from "#api/kinds/ai-analysis.ts";
import type { AIApprovalRequest } from "#api/kinds/ai-approval-request.ts";
import { outlineOf } from "#api/plan-outline.ts";
import { encodeChanges } from "#actions/change.ts";
import { type Question, questionNumber, questionSummary } from "#controllers/ai-analysis/children.ts";
import { grantOf, type Mandate, permittedSteps, type PolicyFacts } from "#investigation/mandate.ts";
import type { PlannedSteps } from "#investigation/plan-repair.ts";
import { clipped } from "#lib/words.ts";
import { limited } from "#policy/grant.ts";

type Status = NonNullable<AIAnalysis["status"]>;
type Override = NonNullable<NonNullable<AIApprovalRequest["status"]>["override"]>;

/** More overrides than this are a change that a person had better make. */
export const maxOverrides = 5;

/** An override, planned on the live objects. */
export interface PlannedOverride {
  readonly plan: Plan;
  readonly wish: Override;
  readonly asked: AIApprovalRequest;
  /** The changes that were proposed, opened. */
  readonly changes: string;
  /** Why they could not be opened; then nothing was planned. */
  readonly unreadable?: string;
  /** The plan of the steps, or why there is none. */
  readonly planned: PlannedSteps | string;
  readonly policy: PolicyFacts;
}

/** What Kintsugi may do about the alert of this analysis. */
export const mandateOf = ({ metadata, spec: { target, autonomy, rejected = [] } }: AIAnalysis): Mandate => ({
  target,
  autonomy,
  rejected,
  ownNamespace: metadata.namespace ?? "",
});

export const chosenPlan = ({ status }: AIAnalysis): Plan | undefined => status?.plans?.[status.chosen ?? -1];

/** The override that has to be planned; absent where none is asked for, or too many were. */
export const overrideAsked = (
  analysis: AIAnalysis,
  approval: AIApprovalRequest | undefined,
): Pick<PlannedOverride, "plan" | "wish" | "asked"> | undefined => {
  const plan = chosenPlan(analysis);
  const { phase, override: wish } = approval?.status ?? {};
  if (plan === undefined || approval === undefined || phase !== "Overridden" || wish === undefined) return undefined;
  return (analysis.status?.overrides ?? []).length < maxOverrides ? { plan, wish, asked: approval } : undefined;
};

/** The steps with the parameters that were asked for; absent where there is no such step. */
export const overriddenSteps = ({ plan, wish }: Pick<PlannedOverride, "plan" | "wish">): Plan["steps"] | undefined =>
  plan.steps.some(({ id }) => id === wish.step)
    ? plan.steps.map((step) => (step.id === wish.step ? { ...step, parameters: { ...step.parameters, ...wish.parameters } } : step))
    : undefined;

/** Guarantees: never more autonomy than with an approval; a plan that policy would not let a person approve is refused. */
export const revise = (
  analysis: AIAnalysis,
  { plan, wish, asked, changes, planned, policy }: PlannedOverride,
): { readonly status: Status; readonly question: Question } => {
  const { by, step, parameters, message: reason } = wish;
  const values = Object.entries(parameters)
    .map(([name, value]) => `${name} ${value}`)
    .join(", ");
  const answer = accepted(analysis, plan, planned, policy);
  const refused = "refused" in answer ? answer.refused : undefined;
  const next: Plan =
    "refused" in answer
      ? plan
      : {
          ...plan,
          ...answer.parts,
          expected: clipped(
            `${plan.steps.map(({ action }) => action).join(", then ")} takes effect with ${values}, and the symptom is gone.`,
          ),
          rationale: clipped(`${plan.rationale} With ${values}, as ${by} requested.`),
          autonomy: answer.autonomy,
        };
  const message =
    refused === undefined
      ? `${by} asked for ${values}; the changed plan needs a new approval.`
      : `${by} asked for ${values}, which is not possible: ${refused}. The plan is unchanged.`;
  const record = { by, step, parameters, ...(reason === undefined ? {} : { reason }), replaced: outlineOf(plan) };
  return {
    status: {
      plans: (analysis.status?.plans ?? []).map((each) => (each === plan ? next : each)),
      overrides: [...(analysis.status?.overrides ?? []), { ...record, ...(refused === undefined ? {} : { refused: clipped(refused) }) }],
      message: clipped(message),
    },
    question: {
      plan: next,
      changes: "refused" in answer ? changes : answer.changes,
      summary: questionSummary(analysis.status?.rootCause?.summary ?? "", next),
      reason: clipped(`${message} ${asked.spec.reason}`),
      number: questionNumber(analysis) + 1,
    },
  };
};

type Accepted =
  | { readonly refused: Refusal["reason"] }
  | { readonly parts: PlannedSteps["parts"]; readonly changes: string; readonly autonomy: Plan["autonomy"] };

const accepted = (analysis: AIAnalysis, plan: Plan, planned: PlannedSteps | string, policy: PolicyFacts): Accepted => {
  if (typeof planned === "string") return { refused: planned };
  const { parts } = planned;
  if (parts.changesHash === plan.changesHash) return { refused: "the plan already has these values" };
  const changes = encodeChanges(planned.changes);
  if (changes === undefined) return { refused: "its changes are too large to show" };
  const grant = limited(
    grantOf(mandateOf(analysis), parts, policy),
    "approve",
    "its parameters were changed by hand, so it needs approval",
  );
  if (grant.value === "off" || grant.value === "suggest") return { refused: grant.why };
  return { parts: { ...parts, steps: permittedSteps(parts.steps, grant) }, changes, autonomy: grant.value };
};
