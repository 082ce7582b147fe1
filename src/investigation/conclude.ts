// From an investigation and policy to what an analysis says, which repair is chosen, and whether people are asked first: the one grant,
// for the controller that acts and for `kintsugi plan`. Pure.
import type { AIAnalysis, Plan, Refusal, RootCause } from "#api/kinds/ai-analysis.ts";
import type { RankedFinding } from "#diagnosis/rank.ts";
import type { PlannedFinding } from "#investigation/investigate.ts";
import type { Look } from "#investigation/look-into.ts";
import { grantOf, type Mandate, permittedSteps, type PolicyFacts } from "#investigation/mandate.ts";
import type { PlannedRepair } from "#investigation/plan-repair.ts";
import { clipped } from "#lib/words.ts";
import { type Grant, limited } from "#policy/grant.ts";

type Status = NonNullable<AIAnalysis["status"]>;

export interface Conclusion {
  /** Without phase and times. */
  readonly status: Status;
  /** The question to put to people before the status is written. */
  readonly ask?: { readonly planned: PlannedRepair; readonly plan: Plan; readonly why: string };
}

const maxQuotes = 30;
const maxPlans = 5;

export const conclude = (mandate: Mandate, found: Look, policy: PolicyFacts): Conclusion => {
  const said = saidOf(found);
  switch (found.target.verdict.kind) {
    case "Gone":
    case "Healthy":
      return { status: { ...said, result: "NothingToDo" } };
    case "Inconclusive":
      return { status: { ...said, result: "ManualReviewRequired" } };
    case "Cause":
      return recommend(mandate, found, said, policy);
  }
};

/** Every step that a conclusion may be about: policy reads the labels of its target. */
export const plannedSteps = ({ findings }: Pick<Look, "findings">): Plan["steps"] =>
  leading(findings).flatMap(({ planned }) => planned.flatMap(({ plan }) => plan.steps));

/**
 * The findings whose repairs may be chosen. Where the most likely cause needs a person, the repair of a less likely one would be a guess;
 * where its repair was tried or refused before, the next one may be right.
 */
const leading = (findings: readonly PlannedFinding[]): readonly PlannedFinding[] => {
  const last = findings.findIndex(({ planned, isExhausted }) => planned.length === 0 && !isExhausted);
  return last < 0 ? findings : findings.slice(0, last + 1);
};

const recommend = (mandate: Mandate, found: Look, said: Status, policy: PolicyFacts): Conclusion => {
  const led = leading(found.findings);
  const granted = led
    .flatMap(({ planned }) => planned)
    .map((planned) => ({ planned, grant: grantTo(found, grantOf(mandate, planned.plan, policy)) }));
  const allowed = granted
    .filter(({ grant }) => grant.value !== "off")
    .toSorted((a, b) => b.planned.plan.score - a.planned.plan.score)
    .slice(0, maxPlans);
  const forbidden = granted.filter(({ grant }) => grant.value === "off");
  const refused = [
    ...led.flatMap((finding) => finding.refused),
    ...forbidden.map(({ planned, grant }): Refusal => ({ action: planned.repair.action, reason: grant.why })),
  ].slice(0, 30);
  const plans = allowed.map(({ planned, grant }): Plan => ({
    ...planned.plan,
    steps: permittedSteps(planned.plan.steps, grant),
    autonomy: grant.value,
  }));
  const status: Status = {
    ...said,
    verdict: plans.length === 0 ? "NeedsHuman" : "Actionable",
    plans,
    ...(refused.length === 0 ? {} : { refused }),
    symptom: { object: mandate.target, stabilisationSeconds: policy.settings.stabilisationSeconds },
  };
  const cause = said.rootCause?.summary ?? "";

  const chosen = allowed.findIndex(({ grant }) => grant.value === "auto" || grant.value === "approve");
  const choice = allowed[chosen];
  const plan = plans[chosen];
  if (choice === undefined || plan === undefined) {
    const suggestion = allowed[0];
    if (suggestion !== undefined) {
      const message = clipped(`${cause} Suggested: ${suggestion.planned.repair.expected} Not done: ${suggestion.grant.why}.`);
      return { status: { ...status, result: "Suggested", message } };
    }
    const persons = led.flatMap(({ person }) => person ?? []);
    const why = [...new Set([...persons, ...refused.map(({ action, reason }) => `${action}: ${reason}`)])].join("; ");
    return { status: { ...status, result: "ManualReviewRequired", message: clipped(`${cause} A person must decide: ${why}.`) } };
  }
  const asked = { ...status, chosen, message: clipped(`${cause} ${plan.rationale}`) };
  return choice.grant.value === "auto"
    ? { status: { ...asked, result: "Proceed" } }
    : { status: asked, ask: { planned: choice.planned, plan, why: choice.grant.why } };
};

/** What a model chose is never more than a proposal to people: it can't be proven by what it says. */
const grantTo = ({ by }: Look, grant: Grant): Grant =>
  by === undefined ? grant : limited(grant, "approve", "a language model chose it, so it needs approval");

const verdicts = { Gone: "Healthy", Healthy: "Healthy", Inconclusive: "Inconclusive", Cause: "NeedsHuman" } as const;

/** What is said whatever follows from it. */
const saidOf = ({ target: { verdict }, findings, ms, by = { engine: "rules" } }: Look): Status => ({
  verdict: verdicts[verdict.kind],
  ...(findings[0] === undefined || verdict.kind !== "Cause" ? {} : { rootCause: rootCauseOf(findings[0]) }),
  evidence: verdict.quotes
    .slice(0, maxQuotes)
    .map(({ source, object, quote }) => ({ source, object: object.slice(0, 400), quote: quote.slice(0, 2048) })),
  confidence: verdict.confidence,
  ...(verdict.ruledOut.length === 0
    ? {}
    : { ruledOut: verdict.ruledOut.slice(0, 20).map(({ code, reason }) => ({ code, reason: clipped(reason) })) }),
  investigator: { ...by, ms },
  message: clipped(verdict.message),
});

const rootCauseOf = ({ code, object, summary, chain }: RankedFinding): RootCause => ({
  code,
  object,
  summary: clipped(summary),
  chain: chain.slice(0, 10).map((link) => clipped(link)),
});
