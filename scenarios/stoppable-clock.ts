// A clock whose timers all end at once: a cluster at rest has heartbeats for ever, which would keep its process alive.
import type { Clock } from "#lib/clock.ts";

export interface StoppableClock extends Clock {
  /** Nothing that waits is called any more, and nothing new is taken. */
  stop(): void;
}

export const stoppableClock = (clock: Clock): StoppableClock => {
  const waiting = new Set<() => void>();
  let isStopped = false;
  return {
    now: clock.now,
    uptime: clock.uptime,
    after: (delayMs, callback) => {
      if (isStopped) return () => {};
      const cancel = clock.after(delayMs, () => {
        waiting.delete(cancel);
        callback();
      });
      waiting.add(cancel);
      return () => {
        waiting.delete(cancel);
        cancel();
      };
    },
    stop: () => {
      isStopped = true;
      for (const cancel of waiting) cancel();
      waiting.clear();
    },
  };
};
