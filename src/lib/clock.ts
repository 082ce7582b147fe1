// Time as a value that is passed in, so that the whole platform can also run on a virtual clock. Nothing else may read the time.

export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Milliseconds since some moment, by a clock that is never set: for how long something took. */
  uptime(): number;
  /** Calls `callback` once after `delayMs`; the returned function cancels it. */
  after(delayMs: number, callback: () => void): () => void;
}

/** A number in [0, 1). Passed in for the same reason as the clock: jitter has to be repeatable. */
export type Random = () => number;

/** The longest delay that a timer of Node takes. Beyond it, Node fires at once. */
export const longestTimerMs = 2 ** 31 - 1;

/** Starts one timer of at most `longestTimerMs`; the returned function cancels it. */
export type StartTimer = Clock["after"];

/** Makes a wait of any length of timers that are not too long, one after the other. Every clock waits like this. */
export const waitInPieces =
  (startTimer: StartTimer): Clock["after"] =>
  (delayMs, callback) => {
    let cancel: () => void;
    const wait = (leftMs: number): void => {
      const pieceMs = Math.min(leftMs, longestTimerMs);
      cancel = startTimer(pieceMs, leftMs > pieceMs ? () => wait(leftMs - pieceMs) : callback);
    };
    wait(delayMs);
    return () => cancel();
  };

/** For clocks that stand in for Node's: a delay that Node would not keep is a bug of the caller. */
export const requireTimerDelay = (delayMs: number): number => {
  if (delayMs <= longestTimerMs) return Math.max(0, delayMs);
  throw new RangeError(`a timer takes at most ${longestTimerMs} ms, not ${delayMs}`);
};

/** RFC 3339 with whole seconds, as Kubernetes writes `metav1.Time`. */
export const toTimestamp = (epochMs: number): string => new Date(Math.floor(epochMs / 1000) * 1000).toISOString().replace(".000Z", "Z");

/** RFC 3339 with milliseconds, as Kubernetes accepts for `date-time`: what our own phases carry. */
export const toPreciseTimestamp = (epochMs: number): string => new Date(epochMs).toISOString();

/** Epoch milliseconds of an RFC 3339 time; undefined where there is none or it cannot be read. */
export const fromTimestamp = (text: string | undefined): number | undefined => {
  if (text === undefined) return undefined;
  const epochMs = Date.parse(text);
  return Number.isNaN(epochMs) ? undefined : epochMs;
};

/** Resolves after `delayMs` on the given clock, or rejects with the signal's reason when it is aborted first. */
export const delay = (clock: Clock, delayMs: number, signal?: AbortSignal): Promise<void> =>
  new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason as Error);
    const abort = (): void => {
      cancel();
      reject(signal?.reason as Error);
    };
    const cancel = clock.after(delayMs, () => {
      signal?.removeEventListener("abort", abort);
      resolve();
    });
    signal?.addEventListener("abort", abort, { once: true });
  });
