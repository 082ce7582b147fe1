// The whole product under simulation: a seed is a run, and without faults every course ends as it should, with no write more than it needs.
import { expect, test } from "vitest";
import { runSim } from "#sim/child.ts";

test("the same seeds are the same runs, in any process", async () => {
  const args = ["--seed", "7", "--runs", "6"];
  const [first, second, other] = await Promise.all([runSim(args), runSim(args), runSim(["--seed", "8", "--runs", "6"])]);
  expect(first.summary.hash).toBe(second.summary.hash);
  expect(first.summary.hash).not.toBe(other.summary.hash);
  expect(first.summary.runs).toBe(6);
});

test("without faults each course ends as it should, whatever comes first", async () => {
  const { summary, failures } = await runSim(["--plan", "[]", "--seed", "5"]);
  expect(failures).toEqual([]);
  expect(summary.runs).toBeGreaterThanOrEqual(20);
});
