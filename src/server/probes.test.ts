import { expect, test } from "vitest";
import { silentLog } from "#lib/log.ts";
import { createManualClock } from "#lib/manual-clock.ts";
import { createMetrics } from "#lib/metrics.ts";
import { createProbes } from "#server/probes.ts";

const readyz = async (problems: readonly string[], notes: readonly string[]): Promise<[number, string]> => {
  const deps = { clock: createManualClock(), log: silentLog, metrics: createMetrics(), health: () => problems, notes: () => notes };
  const answer = await createProbes(deps).request("/readyz");
  return [answer.status, await answer.text()];
};

test.each<[string, readonly string[], readonly string[], [number, string]]>([
  ["that is ready says ok", [], [], [200, "ok\n"]],
  ["that is ready says what an operator should know", [], ["3 alerts wait"], [200, "ok\n3 alerts wait\n"]],
  ["that is not ready says why, and the rest", ["stopping"], ["3 alerts wait"], [503, "not ready: stopping\n3 alerts wait\n"]],
])("a process %s", async (_, problems, notes, expected) => {
  expect(await readyz(problems, notes)).toEqual(expected);
});
