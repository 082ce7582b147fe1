// The side of the thread in which evidence is diagnosed: takes one job, says at each step what it is at, answers with plain data.
// Reads nothing but the job.
import type { Steps } from "#diagnosis/steps.ts";
import type { Evidence } from "#evidence/evidence.ts";
import { surveyOf, type SurveyQuestion } from "#investigation/survey.ts";

export interface Job {
  readonly evidence: Evidence;
  readonly question: SurveyQuestion;
  /** What steps answered to the same question in a thread that was stopped. */
  readonly finished: ReadonlyMap<string, unknown>;
  readonly leftOut: readonly string[];
  /** Whether every step that is not finished is left out as well. */
  readonly leavesOutRest: boolean;
}

/** `cpuMs`: the CPU time of the thread so far. */
export type FromThread =
  | { readonly at: "begin"; readonly cpuMs: number }
  | { readonly at: "step"; readonly name: string; readonly cpuMs: number }
  | { readonly at: "finished"; readonly name: string; readonly answer: unknown; readonly cpuMs: number }
  | { readonly at: "end"; readonly answer: unknown; readonly leftOut: readonly string[] }
  | { readonly at: "failed"; readonly message: string };

export type Answer = (job: Pick<Job, "evidence" | "question">, steps: Steps) => unknown;

export const answerTo: Answer = ({ evidence, question }, steps) => surveyOf(evidence, question, steps);

/** Guarantees: the last message is `end` or `failed`; a step is announced before it begins. */
export const doJob = (job: Job, post: (message: FromThread) => void, cpuMs: () => number, answer: Answer = answerTo): void => {
  const leftOut = new Set<string>();
  const steps: Steps = {
    run: (name, work, without) => {
      // What this very step returned, copied from thread to thread.
      if (job.finished.has(name)) return job.finished.get(name) as typeof without;
      if (job.leavesOutRest || job.leftOut.includes(name)) {
        leftOut.add(name);
        return without;
      }
      post({ at: "step", name, cpuMs: cpuMs() });
      const result = work();
      post({ at: "finished", name, answer: result, cpuMs: cpuMs() });
      return result;
    },
  };
  try {
    post({ at: "begin", cpuMs: cpuMs() });
    post({ at: "end", answer: answer(job, steps), leftOut: [...leftOut] });
  } catch (error) {
    post({ at: "failed", message: error instanceof Error ? error.message : "unknown" });
  }
};
