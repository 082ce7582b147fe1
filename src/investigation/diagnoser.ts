// Where evidence becomes a survey: in this thread, or in one of its own that cannot hold up the process. Evidence goes in, plain data comes out.
import type { Evidence } from "#evidence/evidence.ts";
import { type Survey, surveyOf, type SurveyQuestion } from "#investigation/survey.ts";

export interface Diagnoser {
  /** `gaps`: parts of the diagnosis that did not finish, a sentence each. */
  survey(
    evidence: Evidence,
    question: SurveyQuestion,
    signal?: AbortSignal,
  ): Promise<{ readonly survey: Survey; readonly gaps: readonly string[] }>;
}

/** One with a thread, which ends when it is closed. */
export interface ClosableDiagnoser extends Diagnoser {
  close(): Promise<void>;
}

/** In this thread: for tests and simulations, and where nothing else has to go on. */
export const diagnoseHere: Diagnoser = {
  // Async, so that what it throws rejects, as in a thread of its own.
  survey: async (evidence, question) => ({ survey: surveyOf(evidence, question), gaps: [] }),
};
