// The whole product with one crash or fault anywhere: it does what it does without.
import { expect, test } from "vitest";
import { type ChildRun, runInParts } from "#sim/child.ts";

const wrongOf = (parts: readonly ChildRun[]): readonly string[] =>
  parts.flatMap(({ failures }) =>
    failures.map(({ course, seed, plan, wrong }) => {
      const how = course === "generated" ? "--generate --input" : `--course ${course} --seed ${seed} --plan`;
      return `${how} '${JSON.stringify(plan)}': ${wrong.join("; ")}`;
    }),
  );
const total = (parts: readonly ChildRun[], what: "runs" | "struck"): number => parts.reduce((sum, { summary }) => sum + summary[what], 0);

test("killed before and after every write at which courses differ, it ends as without", async () => {
  const parts = await runInParts(["--crashes"]);
  expect(wrongOf(parts)).toEqual([]);
  expect(total(parts, "struck")).toBeGreaterThanOrEqual(600);
});

test("a single fault, wherever it strikes, changes nothing in the end", async () => {
  const parts = await runInParts(["--faults", "760"]);
  expect(wrongOf(parts)).toEqual([]);
  expect(total(parts, "struck")).toBeGreaterThanOrEqual(750);
});

test("whatever is drawn, every law holds, and once the faults have ended every request ends", async () => {
  const parts = await runInParts(["--generate", "--seed", "1", "--runs", "80"]);
  expect(wrongOf(parts)).toEqual([]);
  expect(total(parts, "struck")).toBeGreaterThanOrEqual(60);
});
