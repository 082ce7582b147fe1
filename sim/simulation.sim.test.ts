// The whole product under simulation: without faults it does exactly what it should, with one crash or fault anywhere it still does, and a seed is a run.
import { expect, test } from "vitest";
import { type ChildRun, runInParts, runSim } from "#sim/child.ts";

const wrongOf = (parts: readonly ChildRun[]): readonly string[] =>
  parts.flatMap(({ failures }) =>
    failures.map(({ workload, seed, plan, wrong }) => `${workload} --seed ${seed} --plan '${JSON.stringify(plan)}': ${wrong.join("; ")}`),
  );
const total = (parts: readonly ChildRun[], what: "runs" | "struck"): number => parts.reduce((sum, { summary }) => sum + summary[what], 0);

test("the same seeds are the same runs, in any process", async () => {
  const args = ["--seed", "7", "--runs", "20"];
  const [first, second, other] = await Promise.all([runSim(args), runSim(args), runSim(["--seed", "8", "--runs", "20"])]);
  expect(first.summary.hash).toBe(second.summary.hash);
  expect(first.summary.hash).not.toBe(other.summary.hash);
  expect(first.summary.runs).toBe(20);
});

test("killed before and after every write of every workload, it ends as without", async () => {
  const parts = await runInParts(["--crashes"]);
  expect(wrongOf(parts)).toEqual([]);
  expect(total(parts, "runs")).toBeGreaterThanOrEqual(600);
});

test("a single fault, wherever it strikes, changes nothing in the end", async () => {
  const parts = await runInParts(["--faults", "1600"]);
  expect(wrongOf(parts)).toEqual([]);
  expect(total(parts, "struck")).toBeGreaterThanOrEqual(1_500);
});
