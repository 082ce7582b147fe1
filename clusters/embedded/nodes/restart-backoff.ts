// How long to wait before the same thing is tried again: client-go's util/flowcontrol Backoff, as the kubelet uses it for containers that end
// and images that cannot be pulled: 10 s, doubled each time up to five minutes, forgotten after twice that. Pure state.

export interface RestartBackoff {
  /** What is left to wait, counted from the event. */
  leftMs(eventMs: number, nowMs: number): number;
  delayMs(): number;
  next(eventMs: number, nowMs: number): void;
}

const initialMs = 10_000;

export const createRestartBackoff = (maxMs: number): RestartBackoff => {
  let delay = 0;
  let updatedAt = 0;
  const isForgotten = (eventMs: number): boolean => delay === 0 || eventMs - updatedAt > 2 * maxMs;
  return {
    leftMs: (eventMs, nowMs) => (isForgotten(eventMs) ? 0 : Math.max(0, eventMs + delay - nowMs)),
    delayMs: () => delay,
    next: (eventMs, nowMs) => {
      delay = isForgotten(eventMs) ? Math.min(initialMs, maxMs) : Math.min(delay * 2, maxMs);
      updatedAt = nowMs;
    },
  };
};

/** As Go prints a duration of whole seconds: 10s, 1m20s, 5m0s. */
export const goDuration = (ms: number): string => {
  const seconds = Math.round(ms / 1000);
  return seconds < 60 ? `${seconds}s` : `${Math.floor(seconds / 60)}m${seconds % 60}s`;
};
