// The real clock: the only file that reads the ambient time. Handed out by the composition root alone.
import { type Clock, waitInPieces } from "#lib/clock.ts";

export const systemClock: Clock = {
  now: () => Date.now(),
  uptime: () => performance.now(),
  after: waitInPieces((delayMs, callback) => {
    const timer = setTimeout(callback, delayMs);
    return () => clearTimeout(timer);
  }),
};
