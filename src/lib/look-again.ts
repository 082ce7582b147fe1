// Files that are read again while the process runs, such as those of a mounted Secret.
import type { Clock } from "#lib/clock.ts";

/** A kubelet brings a changed Secret within about a minute: a file watch would not bring it sooner, and misses replaced links. */
const everyMs = 10_000;

/** Calls `look` ten seconds after the last call has ended, until the returned function is called; `isWanted` is false from then on. */
export const lookAgain = (clock: Pick<Clock, "after">, look: (isWanted: () => boolean) => Promise<void>): (() => void) => {
  let cancel = (): void => {};
  let isWanted = true;
  const wait = (): void => {
    cancel = clock.after(everyMs, () => {
      void look(() => isWanted).finally(() => {
        if (isWanted) wait();
      });
    });
  };
  wait();
  return () => {
    isWanted = false;
    cancel();
  };
};
