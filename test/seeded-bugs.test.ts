// A seeded mistake whose text has moved would never be planted, and the search for it would prove nothing.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { seededBugs } from "#sim/bugs/seeded-bugs.ts";

test.each(seededBugs)("$name: its place in the code is there, once", ({ file, from, to }) => {
  const source = readFileSync(join(import.meta.dirname, "..", file), "utf8");
  expect(source.split(from)).toHaveLength(2);
  expect(to).not.toBe(from);
});
