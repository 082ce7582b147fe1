// Lets time pass only when everything that could happen now has happened: minutes of a cluster's life in a moment of ours.
import type { ManualClock } from "#lib/manual-clock.ts";

/** Moves the clock from one thing that is due to the next until the promise is settled. */
export const passingTime = async <T>(clock: ManualClock, promise: Promise<T>): Promise<T> => {
  let isSettled = false;
  const settle = (): void => {
    isSettled = true;
  };
  void promise.then(settle, settle);
  for (;;) {
    const hasMoved = await clock.advanceToNext();
    if (isSettled) return promise;
    if (!hasMoved) throw new Error("nothing waits any more, and it is not done");
  }
};

/** The same numbers again for the same seed. */
export const seeded = (seed: number): (() => number) => {
  let state = seed;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
};
