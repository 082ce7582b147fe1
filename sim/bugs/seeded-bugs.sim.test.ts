// Mistakes planted in the product are found: a simulation that lets one pass would let a real one pass, too. All of them: npm run sim -- --bugs
import { expect, test } from "vitest";
import { findBug, isFound } from "#sim/bugs/find-bugs.ts";
import { seededBugs } from "#sim/bugs/seeded-bugs.ts";

/** Found by the first runs, each by another law. */
const quick = new Set([
  "a repair that needs approval is done without",
  "what the changed object's namespace says is not asked before the Job",
  "a finalizer is never taken off",
  "a repair that did not help is left in place",
]);

test.each(seededBugs.filter(({ name }) => quick.has(name)))("found: $name", async (bug) => {
  const found = await findBug(bug, "courses");
  expect(isFound(found), found.output).toBe(true);
});
