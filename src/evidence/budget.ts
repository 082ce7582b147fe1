// What one collection may cost: calls, bytes and time. Counts; never waits.
import type { Clock } from "#lib/clock.ts";

export interface Limits {
  readonly calls: number;
  readonly bytes: number;
  readonly ms: number;
}

export interface Budget {
  readonly calls: number;
  readonly bytes: number;
  readonly callsLeft: number;
  /** Takes one call, or says what is used up. */
  take(): string | undefined;
  spend(bytes: number): void;
  /** Aborted when the time is over. */
  readonly signal: AbortSignal;
  stop(): void;
}

export const createBudget = (clock: Clock, limits: Limits, signal: AbortSignal | undefined): Budget => {
  let calls = 0;
  let bytes = 0;
  const deadline = new AbortController();
  const stop = clock.after(limits.ms, () => deadline.abort(new Error(`the collection's ${limits.ms / 1000} s are over`)));
  return {
    get calls() {
      return calls;
    },
    get bytes() {
      return bytes;
    },
    get callsLeft() {
      return limits.calls - calls;
    },
    take: () => {
      if (deadline.signal.aborted) return `the collection's ${limits.ms / 1000} s are over`;
      if (calls >= limits.calls) return `the collection's ${limits.calls} calls are used up`;
      if (bytes >= limits.bytes) return `the collection's ${Math.round(limits.bytes / 1_000_000)} MB are read`;
      calls += 1;
      return undefined;
    },
    spend: (more) => {
      bytes += more;
    },
    signal: signal === undefined ? deadline.signal : AbortSignal.any([signal, deadline.signal]),
    stop,
  };
};
