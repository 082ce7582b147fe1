// Work that a change asks for is done a moment later, once, however often it was asked for. Decides nothing.
import type { Clock } from "#lib/clock.ts";

/** After the answer to the request that caused it, as watchers see it: never within the same request. */
export const debounce = (clock: Clock, work: () => void): (() => void) => {
  let isPlanned = false;
  return () => {
    if (isPlanned) return;
    isPlanned = true;
    clock.after(0, () => {
      isPlanned = false;
      work();
    });
  };
};
