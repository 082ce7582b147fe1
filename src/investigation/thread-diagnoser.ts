// Diagnoses evidence in a thread with a limit of CPU time: a step that exceeds it is stopped with its thread, and the rest goes on in a fresh one
// without it. The process itself never waits for a diagnosis: its requests, probes and lease go on.
import type { ClosableDiagnoser } from "#investigation/diagnoser.ts";
import type { FromThread, Job } from "#investigation/diagnosis-thread.ts";
import type { Survey } from "#investigation/survey.ts";
import type { Clock } from "#lib/clock.ts";

/** One thread, which does one job at a time. */
export interface Thread {
  begin(job: Job, hear: (message: FromThread) => void, died: (why: string) => void): void;
  /** The CPU time it has used so far. */
  cpuMs(): Promise<number>;
  stop(): Promise<void>;
}

export interface ThreadDiagnoserDeps {
  readonly clock: Clock;
  readonly startThread: () => Thread;
  readonly limits?: DiagnosisLimits;
}

export interface DiagnosisLimits {
  /** CPU time of one step, such as one cause. */
  readonly stepMs: number;
  /** CPU time between two steps: to index the evidence, to rank what was found. */
  readonly betweenMs: number;
  /** After so many steps that were stopped, those that are not finished are left out together. */
  readonly stopsAtMost: number;
  /** A thread that has nothing to do for so long is ended, and its memory is free again. */
  readonly idleMs: number;
}

export const defaultLimits: DiagnosisLimits = { stepMs: 5_000, betweenMs: 20_000, stopsAtMost: 4, idleMs: 30_000 };

/** How often a thread is asked that has had time enough, but not the CPU. */
const askAgainMs = 100;

type Asking = Pick<Job, "evidence" | "question">;

type Outcome =
  | { readonly answer: unknown; readonly leftOut: readonly string[] }
  | { readonly failed: string }
  /** `step` is undefined between two steps. */
  | { readonly step: string | undefined; readonly stopped: string };

/**
 * Guarantees: jobs run one after the other; every job ends with an answer or an error; `close` ends the thread.
 * An aborted job rejects, and its thread is stopped.
 */
export const createThreadDiagnoser = ({ clock, startThread, limits = defaultLimits }: ThreadDiagnoserDeps): ClosableDiagnoser => {
  let thread: Thread | undefined;
  let turn: Promise<unknown> = Promise.resolve();
  let cancelIdle = (): void => undefined;

  const stopThread = async (): Promise<void> => {
    cancelIdle();
    const stopped = thread;
    thread = undefined;
    await stopped?.stop();
  };

  const ask = (asking: Asking, signal: AbortSignal | undefined): Promise<{ answer: unknown; gaps: readonly string[] }> => {
    const asked = turn.then(() => run(asking, signal));
    turn = asked.catch(() => undefined);
    return asked;
  };

  const run = async (asking: Asking, signal: AbortSignal | undefined): Promise<{ answer: unknown; gaps: readonly string[] }> => {
    const finished = new Map<string, unknown>();
    const leftOut = new Map<string, string>();
    while (true) {
      signal?.throwIfAborted();
      cancelIdle();
      thread ??= startThread();
      const job = { ...asking, finished, leftOut: [...leftOut.keys()], leavesOutRest: leftOut.size >= limits.stopsAtMost };
      let outcome: Outcome;
      try {
        outcome = await attempt(thread, job, signal);
      } catch (error) {
        await stopThread();
        throw error;
      }
      if ("stopped" in outcome) {
        await stopThread();
        if (outcome.step === undefined) throw new Error(`The diagnosis ${outcome.stopped}.`);
        leftOut.set(outcome.step, outcome.stopped);
        continue;
      }
      cancelIdle = clock.after(limits.idleMs, () => void stopThread());
      if ("failed" in outcome) throw new Error(outcome.failed);
      const gapOf = (step: string): string => `${step} ${leftOut.get(step) ?? "did not begin, because others did not finish"}: skipped`;
      return { answer: outcome.answer, gaps: outcome.leftOut.map(gapOf) };
    }
  };

  const attempt = (on: Thread, job: Job & { readonly finished: Map<string, unknown> }, signal: AbortSignal | undefined): Promise<Outcome> =>
    new Promise((resolve, reject) => {
      let step: string | undefined;
      let stopWatching = (): void => undefined;
      const end = (settle: () => void): void => {
        stopWatching();
        signal?.removeEventListener("abort", abort);
        settle();
      };
      const abort = (): void => end(() => reject(signal?.reason as Error));
      const watch = (since: number, limitMs: number): void => {
        stopWatching();
        let isCurrent = true;
        const look = async (): Promise<void> => {
          const used = (await on.cpuMs()) - since;
          if (!isCurrent) return;
          if (used >= limitMs) end(() => resolve({ step, stopped: `did not finish within ${limitMs} ms of CPU time` }));
          else cancel = clock.after(Math.max(askAgainMs, limitMs - used), () => void look());
        };
        let cancel = clock.after(limitMs, () => void look());
        stopWatching = () => {
          isCurrent = false;
          cancel();
        };
      };
      const hear = (message: FromThread): void => {
        switch (message.at) {
          case "begin":
            return watch(message.cpuMs, limits.betweenMs);
          case "step":
            step = message.name;
            return watch(message.cpuMs, limits.stepMs);
          case "finished":
            step = undefined;
            job.finished.set(message.name, message.answer);
            return watch(message.cpuMs, limits.betweenMs);
          case "end":
            return end(() => resolve({ answer: message.answer, leftOut: message.leftOut }));
          case "failed":
            return end(() => resolve({ failed: message.message }));
        }
      };
      signal?.addEventListener("abort", abort, { once: true });
      // Such as out of memory: it would be so again.
      on.begin(job, hear, (why) => end(() => resolve({ step, stopped: `ended with its thread (${why})` })));
    });

  return {
    survey: async (evidence, question, signal) => {
      const { answer, gaps } = await ask({ evidence, question }, signal);
      return { survey: answer as Survey, gaps };
    },
    close: async () => {
      await turn;
      await stopThread();
    },
  };
};
