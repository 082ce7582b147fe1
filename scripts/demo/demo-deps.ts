// What a demonstration needs of the outside world, and what its end means to a shell.
import type { Clock, Random } from "#lib/clock.ts";
import type { ScenarioResult } from "#scenarios/scenario-events.ts";

export interface DemoDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly home: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Results; with JSON nothing else goes there. */
  readonly print: (line: string) => void;
  /** The steps that take time before the first result. */
  readonly progress: (line: string) => void;
  readonly isTerminal: boolean;
  readonly columns: number;
  readonly signal: AbortSignal;
  /** A line that a person types; undefined without a terminal. */
  readonly ask?: (question: string) => Promise<string>;
}

export const exitCodes = { passed: 0, failed: 1, cannotRun: 2, interrupted: 130 } as const;

export const exitCodeOf = (results: readonly ScenarioResult[], signal: AbortSignal): number =>
  signal.aborted ? exitCodes.interrupted : results.every(({ passed }) => passed) ? exitCodes.passed : exitCodes.failed;

export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

export const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
