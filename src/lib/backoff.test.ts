// Waiting times: growth, bound, spread, and what Retry-After may say.
import { expect, test } from "vitest";

import { backoffDelay, retryAfterMs } from "#lib/backoff.ts";

const backoff = { firstMs: 50, maxMs: 300_000 };

test("doubles with every failure up to the bound", () => {
  const longest = [1, 2, 3, 4, 13, 14, 1000].map((failures) => backoffDelay(backoff, failures, () => 1));
  expect(longest).toEqual([50, 100, 200, 400, 204_800, 300_000, 300_000]);
});

test("is spread over the upper half only", () => {
  expect([backoffDelay(backoff, 3, () => 0), backoffDelay(backoff, 3, () => 0.5), backoffDelay(backoff, 0, () => 1)]).toEqual([
    100, 150, 50,
  ]);
});

test.for([
  ["7", 7_000],
  [" 0 ", 0],
  ["Thu, 01 Jan 2026 00:00:30 GMT", 30_000],
  ["Wed, 31 Dec 2025 00:00:00 GMT", 0],
  ["999999999", 3_600_000],
  ["soon", undefined],
  ["", undefined],
  [undefined, undefined],
] as const)("Retry-After %j means %j ms", ([header, expected]) => {
  expect(retryAfterMs(header, Date.UTC(2026, 0, 1))).toBe(expected);
});
