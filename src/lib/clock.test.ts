// Waits of any length: each fires once, at its time, also beyond what a timer of Node takes.
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { longestTimerMs, requireTimerDelay, type StartTimer, waitInPieces } from "#lib/clock.ts";
import { createManualClock } from "#lib/manual-clock.ts";
import { systemClock } from "#lib/system-clock.ts";

const day = 86_400_000;

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test.each([
  ["a moment", 1, 1],
  ["the longest timer", longestTimerMs, 1],
  ["one millisecond more", longestTimerMs + 1, 2],
  ["thirty days", 30 * day, 2],
  ["a year", 365 * day, 15],
])("%s is waited for with no more timers than it needs", async (_, delayMs, timers) => {
  const started: number[] = [];
  const startTimer: StartTimer = (ms, callback) => {
    started.push(ms);
    callback();
    return () => {};
  };
  let fired = 0;
  waitInPieces(startTimer)(delayMs, () => (fired += 1));
  expect(fired).toBe(1);
  expect(started).toHaveLength(timers);
  expect(started.reduce((sum, ms) => sum + ms, 0)).toBe(delayMs);
  expect(Math.max(...started)).toBeLessThanOrEqual(longestTimerMs);
});

test("the system clock fires once after a year, and not before", async () => {
  let fired = 0;
  systemClock.after(365 * day, () => (fired += 1));
  await vi.advanceTimersByTimeAsync(365 * day - 1);
  expect(fired).toBe(0);
  await vi.advanceTimersByTimeAsync(1);
  expect([fired, vi.getTimerCount()]).toEqual([1, 0]);
});

test("a long wait is cancelled in its first and in a later piece", async () => {
  const fired: string[] = [];
  const first = systemClock.after(60 * day, () => fired.push("first"));
  const second = systemClock.after(60 * day, () => fired.push("second"));
  first();
  await vi.advanceTimersByTimeAsync(40 * day);
  second();
  await vi.advanceTimersByTimeAsync(60 * day);
  expect([fired, vi.getTimerCount()]).toEqual([[], 0]);
});

test("the manual clock waits for a year like the system clock", async () => {
  vi.useRealTimers();
  const clock = createManualClock(0);
  const fired: number[] = [];
  clock.after(365 * day, () => fired.push(clock.now()));
  await clock.advance(365 * day - 1);
  expect(fired).toEqual([]);
  await clock.advance(1);
  expect([fired, clock.waiting]).toEqual([[365 * day], 0]);
});

test.each([longestTimerMs + 1, Number.POSITIVE_INFINITY, Number.NaN])(
  "one timer of %d ms is refused, as Node does not keep it",
  (delayMs) => {
    expect(() => requireTimerDelay(delayMs)).toThrow(RangeError);
  },
);

test("a timer that is due already fires at once", () => expect(requireTimerDelay(-5)).toBe(0));
