import { describe, expect, test } from "vitest";
import { collectEvidence } from "#evidence/collect-cluster.ts";
import { leastConfidence } from "#diagnosis/rank.ts";
import { createManualClock } from "#lib/manual-clock.ts";
import { sketchNow } from "#test/evidence-sketch.ts";
import { contentedLogs, type LogFault, logFaults } from "#test/log-faults/faults.ts";
import { logCluster } from "#test/log-faults/log-cluster.ts";
import { reportFrom } from "#test/report-from.ts";

const read = async () => ({ target: undefined, replicaSets: [], siblings: [], autoscalers: [] });

const reportOf = async (logs: LogFault["logs"]) => {
  const reader = logCluster(logs);
  const clock = createManualClock(Date.parse(sketchNow));
  const evidence = await collectEvidence(reader, clock, { around: { namespaces: ["shop"] } });
  return { report: await reportFrom(evidence, read, { leastConfidence }), calls: reader.calls };
};

/** The largest count that it states. */
const countIn = (text: string): number => Math.max(0, ...[...text.matchAll(/\b(\d+) times\b/g)].map(([, count]) => Number(count)));

describe("a fault that only the log of a healthy pod shows is found first, with its object, words, count and time", () => {
  test.each(Object.entries(logFaults))("%s", async (_, { logs, object, says, least, since }) => {
    const { report, calls } = await reportOf(logs);
    const [first] = report.findings;
    expect(`${first?.object.kind} ${first?.object.name}`).toBe(`Deployment ${object}`);
    const said = [first?.summary ?? "", ...(first?.chain ?? [])].join("\n");
    expect([said, ...(first?.evidence ?? []).map(({ quote }) => quote)].join("\n")).toContain(says);
    expect(countIn(said)).toBeGreaterThanOrEqual(least);
    if (since !== undefined) expect(said).toContain(`since ${since}`);
    expect(calls.length).toBeLessThanOrEqual(60);
  });
});

describe("a log that says nothing of trouble is no finding", () => {
  test.each(Object.entries(contentedLogs))("%s", async (_, logs) => {
    expect((await reportOf(logs)).report.findings.map(({ summary }) => summary)).toEqual([]);
  });
});
