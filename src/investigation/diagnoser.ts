// Where evidence becomes a diagnosis: in this thread, or in one of its own that cannot hold up the process. Evidence goes in, plain data comes out.
import type { Reference } from "#api/fields.ts";
import { everyStep, type Steps } from "#diagnosis/steps.ts";
import { type Diagnosis, insideOf, verdictOn } from "#diagnosis/verdict.ts";
import { createView } from "#diagnosis/view.ts";
import type { Evidence } from "#evidence/evidence.ts";
import type { WorkloadEvidence } from "#evidence/workload-evidence.ts";
import { type Survey, surveyOf, type SurveyOptions } from "#investigation/survey.ts";

export interface Verdict {
  readonly diagnosis: Diagnosis;
  /** The target as causes that live in one workload see it. */
  readonly inside: WorkloadEvidence;
}

/** `gaps`: parts of the diagnosis that did not finish, a sentence each. */
export interface Diagnoser {
  verdict(
    evidence: Evidence,
    target: Reference,
    signal?: AbortSignal,
  ): Promise<{ readonly verdict: Verdict; readonly gaps: readonly string[] }>;
  survey(
    evidence: Evidence,
    options: SurveyOptions,
    signal?: AbortSignal,
  ): Promise<{ readonly survey: Survey; readonly gaps: readonly string[] }>;
}

/** One with a thread, which ends when it is closed. */
export interface ClosableDiagnoser extends Diagnoser {
  close(): Promise<void>;
}

/** What is asked of evidence, as data. */
export type Question =
  | { readonly kind: "verdict"; readonly evidence: Evidence; readonly target: Reference }
  | { readonly kind: "survey"; readonly evidence: Evidence; readonly options: SurveyOptions };

export const verdictIn = (evidence: Evidence, target: Reference, steps: Steps): Verdict => {
  const view = createView(evidence);
  return { diagnosis: verdictOn(view, target, steps), inside: insideOf(view, target) };
};

/** In this thread: for tests and simulations, and where nothing else has to go on. */
export const diagnoseHere: Diagnoser = {
  // Async, so that what it throws rejects, as in a thread of its own.
  verdict: async (evidence, target) => ({ verdict: verdictIn(evidence, target, everyStep), gaps: [] }),
  survey: async (evidence, options) => ({ survey: surveyOf(evidence, options), gaps: [] }),
};
