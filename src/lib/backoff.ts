// How long to wait before the next try. Pure; never waits by itself.
import type { Random } from "#lib/clock.ts";

export interface Backoff {
  readonly firstMs: number;
  readonly maxMs: number;
}

/** Doubles from `firstMs` to `maxMs`; `failures` counts from 1. Spread over the upper half, so that many who failed together do not return together. */
export const backoffDelay = (backoff: Backoff, failures: number, random: Random): number => {
  const fullMs = Math.min(backoff.maxMs, backoff.firstMs * 2 ** Math.min(30, Math.max(0, failures - 1)));
  return Math.round(fullMs / 2 + (fullMs / 2) * random());
};

/** `Retry-After` in seconds or as an HTTP date; undefined where it says neither. At most an hour. */
export const retryAfterMs = (header: string | undefined, nowMs: number): number | undefined => {
  if (header === undefined) return undefined;
  const text = header.trim();
  const waitMs = /^\d{1,9}$/.test(text) ? Number(text) * 1000 : Date.parse(text) - nowMs;
  return Number.isNaN(waitMs) ? undefined : Math.min(3_600_000, Math.max(0, waitMs));
};
