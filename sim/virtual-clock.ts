// Time that moves only when nothing is left to do, to the next thing that waits. What is due at one moment happens in an order drawn from the seed.
import { setImmediate as nextTurn } from "node:timers/promises";
import { type Clock, type Random, requireTimerDelay, waitInPieces } from "#lib/clock.ts";

export interface VirtualClock extends Clock {
  /** Milliseconds since the simulation began. */
  elapsed(): number;
  /** Moves on until `isDone`, until nothing waits, or until the time is over. */
  run(isDone: () => boolean, limitMs: number): Promise<"done" | "idle" | "late">;
}

interface Timer {
  readonly dueAt: number;
  /** Drawn, so that what is due at once has no order of its own. */
  readonly rank: number;
  readonly callback: () => void;
  cancelled: boolean;
}

const before = (a: Timer, b: Timer): boolean => a.dueAt < b.dueAt || (a.dueAt === b.dueAt && a.rank < b.rank);

export const createVirtualClock = (random: Random, startMs = Date.UTC(2030, 0, 1)): VirtualClock => {
  let now = startMs;
  const heap: Timer[] = [];

  const push = (timer: Timer): void => {
    let index = heap.push(timer) - 1;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (!before(timer, heap[parent]!)) break;
      heap[index] = heap[parent]!;
      index = parent;
    }
    heap[index] = timer;
  };
  const pop = (): Timer | undefined => {
    const first = heap[0];
    const last = heap.pop();
    if (first === undefined || last === undefined || heap.length === 0) return first;
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && before(heap[child + 1]!, heap[child]!)) child += 1;
      if (!before(heap[child]!, last)) break;
      heap[index] = heap[child]!;
      index = child;
    }
    heap[index] = last;
    return first;
  };

  return {
    now: () => now,
    uptime: () => now - startMs,
    elapsed: () => now - startMs,
    after: waitInPieces((delayMs, callback) => {
      const timer: Timer = { dueAt: now + Math.round(requireTimerDelay(delayMs)), rank: random(), callback, cancelled: false };
      push(timer);
      return () => {
        timer.cancelled = true;
      };
    }),
    run: async (isDone, limitMs) => {
      const until = now + limitMs;
      for (;;) {
        // All promises that can settle do so first: nothing is due while anything is ready.
        await nextTurn();
        if (isDone()) return "done";
        let timer = pop();
        while (timer?.cancelled) timer = pop();
        if (timer === undefined) return "idle";
        if (timer.dueAt > until) {
          push(timer);
          return "late";
        }
        now = Math.max(now, timer.dueAt);
        timer.callback();
      }
    },
  };
};
