// From a diagnosis and the plans that were made for it to what the analysis says and what happens next. Pure.
import type { AIAnalysis, AnalysisPhase, Plan, Refusal, RootCause, Verdict } from "#api/kinds/ai-analysis.ts";
import { grantOf, permittedSteps, type PolicyFacts } from "#controllers/ai-analysis/grant.ts";
import type { Diagnosis } from "#diagnosis/verdict.ts";
import type { Investigation } from "#investigation/investigate.ts";
import type { PlannedRepair } from "#investigation/plan-repair.ts";
import { type Grant, limited } from "#policy/grant.ts";

type Status = NonNullable<AIAnalysis["status"]>;

export interface Conclusion {
  /** Every phase that is passed, the last of which is written: nothing waits in between. */
  readonly route: readonly AnalysisPhase[];
  /** Without phase and times. */
  readonly status: Status;
  /** The question to put to people before the status is written. */
  readonly ask?: { readonly planned: PlannedRepair; readonly plan: Plan; readonly why: string };
}

const maxQuotes = 30;
const maxPlans = 5;

export const conclude = (analysis: AIAnalysis, found: Investigation, policy: PolicyFacts): Conclusion => {
  const { diagnosis } = found;
  const said = saidOf(found);
  switch (diagnosis.kind) {
    case "Gone":
      return { route: ["Investigating", "Completed"], status: { ...said, result: "NothingToDo" } };
    case "Healthy":
      return { route: ["Investigating", "Completed"], status: { ...said, result: "NothingToDo" } };
    case "Inconclusive":
      return { route: ["Investigating", "Completed"], status: { ...said, result: "ManualReviewRequired" } };
    case "Cause":
      return recommend(analysis, found, said, policy);
  }
};

const recommend = (analysis: AIAnalysis, found: Investigation, said: Status, policy: PolicyFacts): Conclusion => {
  const granted = found.planned.map((planned) => ({ planned, grant: grantTo(found, grantOf(analysis, planned.plan, policy)) }));
  const allowed = granted
    .filter(({ grant }) => grant.value !== "off")
    .toSorted((a, b) => b.planned.plan.score - a.planned.plan.score)
    .slice(0, maxPlans);
  const refused = [
    ...found.refused,
    ...granted
      .filter(({ grant }) => grant.value === "off")
      .map(({ planned, grant }): Refusal => ({ action: planned.repair.action, reason: grant.why })),
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
    symptom: { object: analysis.spec.target, stabilisationSeconds: policy.settings.stabilisationSeconds },
  };
  const cause = said.rootCause?.summary ?? "";

  const chosen = allowed.findIndex(({ grant }) => grant.value === "auto" || grant.value === "approve");
  const choice = allowed[chosen];
  const plan = plans[chosen];
  if (choice === undefined || plan === undefined) {
    const suggestion = allowed[0];
    if (suggestion !== undefined) {
      const message = text(`${cause} Suggested: ${suggestion.planned.repair.expected} Not done: ${suggestion.grant.why}.`);
      return { route: recommended, status: { ...status, result: "Suggested", message } };
    }
    const why = [...new Set([...found.persons, ...refused.map(({ action, reason }) => `${action}: ${reason}`)])].join("; ");
    return {
      route: recommended,
      status: { ...status, result: "ManualReviewRequired", message: text(`${cause} A person must decide: ${why}.`) },
    };
  }
  const asked = { ...status, chosen, message: text(`${cause} ${plan.rationale}`) };
  if (choice.grant.value === "auto") return { route: recommended, status: { ...asked, result: "Proceed" } };
  return {
    route: ["Investigating", "Recommending", "AwaitingApproval"],
    status: asked,
    ask: { planned: choice.planned, plan, why: choice.grant.why },
  };
};

/** What a model chose is never more than a proposal to people: it can't be proven by what it says. */
const grantTo = ({ by }: Investigation, grant: Grant): Grant =>
  by === undefined ? grant : limited(grant, "approve", "a language model chose it, so it needs approval");

const recommended: readonly AnalysisPhase[] = ["Investigating", "Recommending", "Completed"];

const verdicts: Readonly<Record<Diagnosis["kind"], Verdict>> = {
  Gone: "Healthy",
  Healthy: "Healthy",
  Inconclusive: "Inconclusive",
  Cause: "NeedsHuman",
};

/** What is said whatever follows from it. */
const saidOf = ({ diagnosis, ms, by = { engine: "rules" } }: Investigation): Status => ({
  verdict: verdicts[diagnosis.kind],
  ...(diagnosis.kind === "Cause" ? { rootCause: rootCauseOf(diagnosis.findings[0]) } : {}),
  evidence: diagnosis.quotes
    .slice(0, maxQuotes)
    .map(({ source, object, quote }) => ({ source, object: object.slice(0, 400), quote: quote.slice(0, 2048) })),
  confidence: diagnosis.confidence,
  ...(diagnosis.ruledOut.length === 0
    ? {}
    : { ruledOut: diagnosis.ruledOut.slice(0, 20).map(({ code, reason }) => ({ code, reason: text(reason) })) }),
  investigator: { ...by, ms },
  message: text(diagnosis.message),
});

const rootCauseOf = ({ code, object, summary, chain }: Extract<Diagnosis, { kind: "Cause" }>["findings"][0]): RootCause => ({
  code,
  object,
  summary: text(summary),
  chain: chain.slice(0, 10).map(text),
});

const text = (sentence: string): string => (sentence.length <= 1024 ? sentence : `${sentence.slice(0, 1023)}…`);
