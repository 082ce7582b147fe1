import { expect, test } from "vitest";
import { phaseTimes } from "#scenarios/follow-request.ts";

test("a phase lasts until the next is entered, and the last one no time", () => {
  const entered = [
    { phase: "Processing", startedAt: "2027-01-01T00:00:00.000Z" },
    { phase: "Executing", startedAt: "2027-01-01T00:00:01.500Z" },
    { phase: "Completed", startedAt: "2027-01-01T00:00:09.000Z" },
  ];
  expect(phaseTimes(entered)).toEqual([
    { phase: "Processing", seconds: 1.5 },
    { phase: "Executing", seconds: 7.5 },
    { phase: "Completed", seconds: 0 },
  ]);
});
