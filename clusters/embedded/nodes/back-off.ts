// How long to wait before a failed thing is tried again: client-go's util/flowcontrol Backoff, as the kubelet uses it for containers that end
// and images that cannot be pulled: 10 s, doubled each time up to a limit, forgotten after twice the limit. Pure.

export interface BackOff {
  readonly delayMs: number;
  readonly updatedAtMs: number;
}

const initialMs = 10_000;

export const noBackOff: BackOff = { delayMs: 0, updatedAtMs: 0 };

const isForgotten = ({ delayMs, updatedAtMs }: BackOff, eventMs: number, maxMs: number): boolean =>
  delayMs === 0 || eventMs - updatedAtMs > 2 * maxMs;

/** What is left to wait, counted from the failure. */
export const leftMs = (backOff: BackOff, failedAtMs: number, nowMs: number, maxMs: number): number =>
  isForgotten(backOff, failedAtMs, maxMs) ? 0 : Math.max(0, failedAtMs + backOff.delayMs - nowMs);

export const increased = (backOff: BackOff, failedAtMs: number, nowMs: number, maxMs: number): BackOff => ({
  delayMs: Math.min(isForgotten(backOff, failedAtMs, maxMs) ? initialMs : backOff.delayMs * 2, maxMs),
  updatedAtMs: nowMs,
});

/** As Go prints a duration of whole seconds: 10s, 1m20s, 5m0s. */
export const goDuration = (ms: number): string => {
  const seconds = Math.round(ms / 1000);
  return seconds < 60 ? `${seconds}s` : `${Math.floor(seconds / 60)}m${seconds % 60}s`;
};
