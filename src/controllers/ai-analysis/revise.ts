// From a person's wish for other parameters to the next question: with the changed plan, or with the old one and why it was kept. Pure.
import type { AIAnalysis, Plan, Refusal } from "#api/kinds/ai-analysis.ts";
import { outlineOf } from "#api/plan-outline.ts";
import { encodeChanges } from "#actions/change.ts";
import { type Question, questionNumber, questionSummary } from "#controllers/ai-analysis/children.ts";
import { grantOf, type Mandate, permittedSteps, type PolicyFacts } from "#investigation/mandate.ts";
import type { Decision } from "#controllers/ai-analysis/decide.ts";
import type { PlannedSteps } from "#investigation/plan-repair.ts";
import { clipped } from "#lib/words.ts";
import { limited } from "#policy/grant.ts";

type Status = NonNullable<AIAnalysis["status"]>;

export interface Revision {
  /** Without the name of the question. */
  readonly status: Status;
  readonly ask: Question;
  /** For people. */
  readonly message: string;
}

/** What Kintsugi may do about the alert of this analysis. */
export const mandateOf = ({ metadata, spec: { target, autonomy, rejected = [] } }: AIAnalysis): Mandate => ({
  target,
  autonomy,
  rejected,
  ownNamespace: metadata.namespace ?? "",
});

/** The steps as the person wants them; what an unknown step would mean nobody knows. */
export const wishedSteps = ({ plan, wish }: Extract<Decision, { do: "revise" }>): Plan["steps"] | undefined =>
  plan.steps.some(({ id }) => id === wish.step)
    ? plan.steps.map((step) => (step.id === wish.step ? { ...step, parameters: { ...step.parameters, ...wish.parameters } } : step))
    : undefined;

/**
 * `planned`: what planning the wished steps on the live objects gave, or why they cannot be.
 * Guarantees: never more autonomy than to ask; a plan that policy would not let a person approve is refused.
 */
export const revise = (
  analysis: AIAnalysis,
  decision: Extract<Decision, { do: "revise" }> & { /** What was asked, opened. */ readonly changes: string },
  planned: PlannedSteps | string,
  policy: PolicyFacts,
): Revision => {
  const { plan, wish, asked } = decision;
  const { by, step, parameters, message: reason } = wish;
  const words = Object.entries(parameters)
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
            `${plan.steps.map(({ action }) => action).join(", then ")} takes effect with ${words}, and the symptom is gone.`,
          ),
          rationale: clipped(`${plan.rationale} With ${words}, as ${by} wants it.`),
          autonomy: answer.autonomy,
        };
  const message =
    refused === undefined
      ? `${by} asked for ${words}; the changed plan needs a new approval.`
      : `${by} asked for ${words}, which is not possible: ${refused}. The plan is unchanged.`;
  const record = { by, step, parameters, ...(reason === undefined ? {} : { reason }), replaced: outlineOf(plan) };
  return {
    status: {
      ...analysis.status,
      plans: (analysis.status?.plans ?? []).map((each) => (each === plan ? next : each)),
      overrides: [...(analysis.status?.overrides ?? []), { ...record, ...(refused === undefined ? {} : { refused: clipped(refused) }) }],
      message: clipped(message),
    },
    ask: {
      plan: next,
      changes: "refused" in answer ? decision.changes : answer.changes,
      summary: questionSummary(analysis.status?.rootCause?.summary ?? "", next),
      reason: clipped(`${message} ${asked.spec.reason}`),
      number: questionNumber(analysis) + 1,
    },
    message: clipped(message),
  };
};

type Accepted =
  | { readonly refused: Refusal["reason"] }
  | { readonly parts: PlannedSteps["parts"]; readonly changes: string; readonly autonomy: Plan["autonomy"] };

const accepted = (analysis: AIAnalysis, plan: Plan, planned: PlannedSteps | string, policy: PolicyFacts): Accepted => {
  if (typeof planned === "string") return { refused: planned };
  const { parts } = planned;
  if (parts.changesHash === plan.changesHash) return { refused: "that is what is planned already" };
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
