// A clock that moves only on request: for tests and simulations. Runs due callbacks in order of time, then of asking; never reads the ambient time.
import { setImmediate as nextTurn } from "node:timers/promises";

import { type Clock, requireTimerDelay, waitInPieces } from "#lib/clock.ts";

export interface ManualClock extends Clock {
  /** Moves forward by `ms`, running everything that falls due on the way, also what those callbacks ask for. */
  advance(ms: number): Promise<void>;
  /** Moves to the next thing that is due and runs it; false when nothing waits. */
  advanceToNext(): Promise<boolean>;
  /** How many callbacks wait. */
  readonly waiting: number;
}

interface Timer {
  readonly dueAt: number;
  readonly order: number;
  readonly callback: () => void;
}

export const createManualClock = (startMs = Date.UTC(2030, 0, 1)): ManualClock => {
  let now = startMs;
  let order = 0;
  const timers = new Set<Timer>();

  const next = (untilMs: number): Timer | undefined => {
    let first: Timer | undefined;
    for (const timer of timers) {
      if (timer.dueAt > untilMs) continue;
      if (first === undefined || timer.dueAt < first.dueAt || (timer.dueAt === first.dueAt && timer.order < first.order)) first = timer;
    }
    return first;
  };
  const run = async (timer: Timer): Promise<void> => {
    timers.delete(timer);
    now = Math.max(now, timer.dueAt);
    timer.callback();
    // The promises that this callback settled go first: what they ask for may be due before the next timer.
    await nextTurn();
  };

  return {
    now: () => now,
    uptime: () => now - startMs,
    after: waitInPieces((delayMs, callback) => {
      order += 1;
      const timer = { dueAt: now + requireTimerDelay(delayMs), order, callback };
      timers.add(timer);
      return () => void timers.delete(timer);
    }),
    advance: async (ms) => {
      const untilMs = now + ms;
      await nextTurn();
      for (let timer = next(untilMs); timer !== undefined; timer = next(untilMs)) await run(timer);
      now = untilMs;
      await nextTurn();
    },
    advanceToNext: async () => {
      await nextTurn();
      const timer = next(Number.POSITIVE_INFINITY);
      if (timer === undefined) return false;
      await run(timer);
      return true;
    },
    get waiting() {
      return timers.size;
    },
  };
};
