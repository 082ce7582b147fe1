// Each seeded bug is found: a simulation that lets one pass would let a real one pass, too.
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, test } from "vitest";
import { runSim } from "#sim/child.ts";
import { seededBugs } from "#sim/seeded-bugs.ts";

const plant = pathToFileURL(join(import.meta.dirname, "plant-bug.ts")).href;

test.each(seededBugs)("found: $name", async ({ name, args }) => {
  const [planted, sound] = await Promise.all([runSim(args, [`${plant}?${encodeURIComponent(name)}`]), runSim(args)]);
  expect(planted.failures.flatMap(({ wrong }) => wrong)).not.toEqual([]);
  expect(sound.failures).toEqual([]);
});
