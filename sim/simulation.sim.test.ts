// The whole product under simulation: a seed is a run; with one crash or fault anywhere it does what it does without, and without any, nothing more.
import { expect, test } from "vitest";
import { type ChildRun, runInParts, runSim } from "#sim/child.ts";

const wrongOf = (parts: readonly ChildRun[]): readonly string[] =>
  parts.flatMap(({ failures }) =>
    failures.map(
      ({ workload, seed, plan, wrong }) => `--workload ${workload} --seed ${seed} --plan '${JSON.stringify(plan)}': ${wrong.join("; ")}`,
    ),
  );
const total = (parts: readonly ChildRun[], what: "runs" | "struck"): number => parts.reduce((sum, { summary }) => sum + summary[what], 0);

test("the same seeds are the same runs, in any process", async () => {
  const args = ["--seed", "7", "--runs", "6"];
  const [first, second, other] = await Promise.all([runSim(args), runSim(args), runSim(["--seed", "8", "--runs", "6"])]);
  expect(first.summary.hash).toBe(second.summary.hash);
  expect(first.summary.hash).not.toBe(other.summary.hash);
  expect(first.summary.runs).toBe(6);
});

test("killed before and after every write of every workload, it ends as without", async () => {
  const parts = await runInParts(["--crashes"]);
  expect(wrongOf(parts)).toEqual([]);
  expect(total(parts, "struck")).toBeGreaterThanOrEqual(600);
});

test("a single fault, wherever it strikes, changes nothing in the end", async () => {
  const parts = await runInParts(["--faults", "1510"]);
  expect(wrongOf(parts)).toEqual([]);
  expect(total(parts, "struck")).toBeGreaterThanOrEqual(1_500);
});
