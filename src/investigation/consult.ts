// Asks a language model about symptoms that no rule explains, within a time, and accepts only a choice from the list. Without a usable answer, the investigation stays unchanged.
import { referenceText } from "#api/object.ts";
import { hostileWords } from "#diagnosis/hostile-text.ts";
import type { Verdict } from "#diagnosis/verdict.ts";
import { cleanMessage } from "#evidence/text.ts";
import { type PlannedFinding, refusalOf } from "#investigation/investigate.ts";
import type { Look, LookSubject } from "#investigation/look-into.ts";
import { ModelAnswer, type ModelPort, type ModelQuestion } from "#investigation/model-port.ts";
import { modelScore, suspicion } from "#investigation/model-choices.ts";
import { type PlannedRepair, planRepair, type ReadForAction } from "#investigation/plan-repair.ts";
import { type Clock, delay } from "#lib/clock.ts";

/** A person waits for this; what takes longer is no help any more. */
export const modelTimeMs = 45_000;

export interface Consultation {
  readonly model: ModelPort;
  readonly clock: Clock;
  readonly read: ReadForAction;
  /** Whether policy would let this plan be proposed at all: what it forbids is not on the list. */
  readonly allows: (plan: PlannedRepair["plan"]) => Promise<boolean>;
}

/**
 * Guarantees: asked only where no cause was proven. The answer chooses a repair of our own making or none; its words are quoted as its own.
 * Never throws for what a model does; it throws where the caller's signal says stop, or the cluster can't be read.
 */
export const consult = async (consultation: Consultation, subject: LookSubject, found: Look, signal: AbortSignal): Promise<Look> => {
  const { model, clock } = consultation;
  const { verdict } = found.target;
  if (verdict.kind !== "Inconclusive") return found;
  const startedAt = clock.now();
  const planned = await plannedOptions(consultation, subject, found);
  const question = questionOf(subject, found, planned);
  const answer = await answerOf(model, clock, question, signal);
  const ms = found.ms + Math.round(clock.now() - startedAt);
  if (typeof answer === "string")
    return { ...withVerdict(found, adding(verdict, `${nameOf(model)} gave no usable answer: ${answer}.`)), ms };
  const by = { engine: model.engine, model: cleanMessage(model.model, 200), ...answer.usage };
  const quotes = [...new Set(answer.because)].flatMap((at) => question.observations[at] ?? []);
  const summary = `${nameOf(model)} suspects: ${cleanMessage(answer.summary, 700)}`;
  const chosen = answer.option === null ? undefined : planned[answer.option];
  if (chosen === undefined) return { ...withVerdict(found, { ...adding(verdict, summary), quotes }), ms, by };
  const finding: PlannedFinding = {
    ...suspicion,
    object: subject.target,
    summary,
    quotes,
    advice: { remedies: [chosen.repair], otherwise: "decide whether the proposed repair helps" },
    confidence: modelScore,
    symptoms: [],
    planned: [chosen],
    refused: [],
    isExhausted: false,
  };
  const suspected: Verdict = { kind: "Cause", message: summary, confidence: modelScore, quotes, ruledOut: verdict.ruledOut };
  return { ...withVerdict(found, suspected), ms, by, findings: [finding] };
};

const withVerdict = (found: Look, verdict: Verdict): Look => ({ ...found, target: { ...found.target, verdict } });

const plannedOptions = async (
  { read, allows }: Consultation,
  subject: LookSubject,
  { target: { choices } }: Look,
): Promise<readonly PlannedRepair[]> => {
  const planned: PlannedRepair[] = [];
  for (const repair of choices.repairs) {
    if (refusalOf({ ...subject, leastConfidence: modelScore }, repair) !== undefined) continue;
    const plan = await planRepair(read, repair, modelScore);
    if (typeof plan !== "string" && (await allows(plan.plan))) planned.push(plan);
  }
  return planned;
};

const questionOf = (
  { target, alert }: LookSubject,
  { target: { verdict, choices } }: Look,
  planned: readonly PlannedRepair[],
): ModelQuestion => ({
  target,
  alert: cleanMessage(alert.name, 256),
  observations: choices.observations,
  ruledOut: verdict.ruledOut.slice(0, 20),
  options: planned.map(({ repair, plan }, number) => ({
    number,
    what: `${repair.action} on ${referenceText(repair.target)} ${JSON.stringify(repair.parameters)}`.slice(0, 1024),
    risk: plan.risk,
    reversible: plan.reversible,
  })),
});

/** The answer, or why there is none that can be used. */
const answerOf = async (model: ModelPort, clock: Clock, question: ModelQuestion, signal: AbortSignal): Promise<ModelAnswer | string> => {
  const stopping = new AbortController();
  const stop = AbortSignal.any([signal, stopping.signal]);
  const tooLate = delay(clock, modelTimeMs, stop).then((): Outcome => ({ failed: `it took longer than ${modelTimeMs / 1000} s` }));
  // Begun inside a promise, so that a port that throws at once is no different from one that throws later.
  const asked = Promise.resolve()
    .then(() => model.ask(question, stop))
    .then(
      (value): Outcome => ({ value }),
      (error: unknown): Outcome => ({ failed: cleanMessage(error instanceof Error ? error.message : "it failed", 200) }),
    );
  let outcome: Outcome;
  try {
    // A port that does not stop on abort is left behind.
    outcome = await Promise.race([asked, tooLate]);
  } finally {
    stopping.abort();
    tooLate.catch(() => undefined);
  }
  signal.throwIfAborted();
  return "failed" in outcome ? outcome.failed : judged(outcome.value, question);
};
type Outcome = { readonly value: unknown } | { readonly failed: string };

const judged = (value: unknown, { observations, options }: ModelQuestion): ModelAnswer | string => {
  const read = ModelAnswer.safeParse(value);
  if (!read.success) return "it does not have the requested form";
  const { option, because, summary } = read.data;
  if (option !== null && options[option] === undefined) return `it chose option ${option}, which is not on the list`;
  if (because.some((at) => observations[at] === undefined)) return "it names unknown observations";
  if (hostileWords(summary) !== undefined) return "its words read as an instruction";
  return read.data;
};

const nameOf = ({ engine, model }: ModelPort): string => `The model ${cleanMessage(model, 100)} (${engine})`;

const adding = <V extends Verdict>(verdict: V, more: string): V => ({ ...verdict, message: `${verdict.message} ${more}` });
