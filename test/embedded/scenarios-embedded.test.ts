// Every scenario on the embedded cluster, on virtual time, all in one process: what it expects holds, and what a person reads about it is, to
// the letter, what the run on the real cluster left behind.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createManualClock } from "#lib/manual-clock.ts";
import { storedWritesOf } from "#scenarios/effective-writes.ts";
import { inProcessServers } from "#scenarios/in-process-servers.ts";
import { type EmbeddedStage, openEmbeddedStage } from "#scenarios/embedded-stage.ts";
import type { ScenarioRun } from "#scenarios/run-scenario.ts";
import { scenarioPrograms } from "#scenarios/scenario-programs.ts";
import { loadScenarios } from "#scenarios/scenario.ts";
import { goldenStory, goldenTable } from "#test/e2e/golden-text.ts";
import { tableText } from "#test/embedded/table-text.ts";
import { passingTime, seeded } from "#test/embedded/virtual-time.ts";
import { runKintsugi } from "#test/embedded/run-kintsugi.ts";

const scenarios = await loadScenarios();
const clock = createManualClock();
const random = seeded(20_260_701);
const troubles: string[] = [];
const runs = new Map<string, ScenarioRun>();
let stage: EmbeddedStage;

beforeAll(async () => {
  const services = inProcessServers();
  const programs = await scenarioPrograms(scenarios);
  const progress = (line: string): void => void troubles.push(line);
  const opening = openEmbeddedStage({ clock, random, progress, services, logLevel: "silent", ...programs });
  stage = await passingTime(clock, opening);
  const all = scenarios.map(async (scenario) => runs.set(scenario.name, await stage.run(scenario, () => {})));
  await passingTime(clock, Promise.all(all));
}, 300_000);
afterAll(() => stage?.close());

/** What `kintsugi describe` prints. */
const describeRequest = async (name: string): Promise<string> => {
  const { code, stdout, stderr } = await runKintsugi(["describe", name], { stage, clock, random });
  expect(code, stderr).toBe(0);
  return stdout;
};

const golden = (file: string): Promise<string> => readFile(join(import.meta.dirname, "../e2e/__golden__", file), "utf8");

/** As on the real cluster: every write to the API server from the request's create on. */
const oneStepRepair = "crash-after-release";
const mostWrites = 19;

describe.each(scenarios)("$name", (scenario) => {
  test("outcome, cause, actions, writes and what is left are as expected", () => {
    expect(runs.get(scenario.name)?.result.failures).toEqual([]);
  });

  test("its story and its line are those of the real cluster", async () => {
    const requests = runs.get(scenario.name)?.result.requests ?? [];
    expect(requests).toHaveLength(scenario.expect.length);
    for (const [index, { name, namespace }] of requests.entries()) {
      const called = scenario.expect[index]?.in ?? "";
      const file = requests.length > 1 ? `${scenario.name}.${called}` : scenario.name;
      expect(goldenStory(await describeRequest(name), namespace, called)).toBe(await golden(`${file}.describe.txt`));
      const table = tableText(
        stage.cluster,
        `/apis/kintsugi.dev/v1alpha1/namespaces/${stage.installation.namespace}/remediationrequests/${name}`,
      );
      expect(goldenTable(table, namespace, called)).toBe(await golden(`${file}.columns.txt`));
    }
  });
});

test("a repair of one step costs no more writes than on the real cluster", async () => {
  const request = runs.get(oneStepRepair)?.result.requests[0]?.name ?? "none";
  const writes = storedWritesOf(await stage.audit.mentioning(request), stage.installation.namespace);
  expect(writes).toContain("patch deployments");
  expect(writes.length, writes.join(", ")).toBeLessThanOrEqual(mostWrites);
});

test("no fault that a person would see occurred on the way", () => {
  expect(troubles.filter((line) => line.includes("monitoring:"))).toEqual([]);
});
