// Real threads: what a hostile text does to one of them does not happen to the process.
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import type { KubeObject } from "#api/object.ts";
import type { Evidence } from "#evidence/evidence.ts";
import { type ClosableDiagnoser, diagnoseHere } from "#investigation/diagnoser.ts";
import { createThreadDiagnoser, type DiagnosisLimits } from "#investigation/thread-diagnoser.ts";
import { startWorkerThread } from "#investigation/worker-thread.ts";
import { systemClock } from "#lib/system-clock.ts";
import { evidence, objects } from "#test/evidence-sketch.ts";
import { casesByCode } from "#test/three-cases/registry.ts";

const root = join(import.meta.dirname, "../..");
const options = { leastConfidence: 0 };
const open: ClosableDiagnoser[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((each) => each.close()));
});

const diagnoserIn = (entry: string, limits: Partial<DiagnosisLimits> = {}, memoryMb = 256): ClosableDiagnoser => {
  const diagnoser = createThreadDiagnoser({
    clock: systemClock,
    startThread: () => startWorkerThread(join(root, entry), memoryMb),
    limits: { stepMs: 5_000, betweenMs: 60_000, stopsAtMost: 4, idleMs: 60_000, ...limits },
  });
  open.push(diagnoser);
  return diagnoser;
};

const broken = (...texts: readonly string[]): Evidence => {
  const parts = casesByCode["PortConflict"]!.holds;
  const configMaps = texts.map(
    (text, at) =>
      ({ ...objects(`{ apiVersion: v1, kind: ConfigMap, metadata: { name: config-${at} } }`)[0]!, data: { file: text } }) as KubeObject,
  );
  return evidence({ ...parts, objects: [...(parts.objects ?? []), ...configMaps] });
};

test("a thread of its own comes to the diagnosis of this one", async () => {
  const asked = broken();
  const there = await diagnoserIn("src/diagnosis-worker.ts").survey(asked, options);
  const here = await diagnoseHere.survey(asked, options);
  expect(there).toEqual(structuredClone(here));
  expect(there.survey.likely.map(({ code }) => code)).toContain("PortConflict");
});

test("while a set of ConfigMaps would block for minutes, the process answers requests; the diagnosis ends with a gap and the other findings", async () => {
  const server = createServer((_request, response) => response.end("ok\n"));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/healthz`;
  try {
    const hostile = Array.from({ length: 160 }, () => `- Path=/${"*".repeat(8_000)}\u2028x`);
    const state = { isDone: false };
    let answered = 0;
    const asking = diagnoserIn("test/slow-diagnosis-worker.ts", { stepMs: 300 })
      .survey(broken(...hostile), options)
      .finally(() => {
        state.isDone = true;
      });
    while (!state.isDone) if ((await (await fetch(url)).text()) === "ok\n") answered += 1;
    const { survey, gaps } = await asking;
    expect(gaps).toEqual(["SlowCause did not finish within 300 ms of CPU time: skipped"]);
    expect(survey.likely.map(({ code }) => code)).toEqual(
      (await diagnoseHere.survey(broken(), options)).survey.likely.map(({ code }) => code),
    );
    // One blocked loop would have answered once.
    expect(answered).toBeGreaterThan(20);
  } finally {
    server.closeAllConnections();
    server.close();
  }
});

test("a step that fills the memory of its thread is left out; the process and the other findings stay", async () => {
  const { survey, gaps } = await diagnoserIn("test/slow-diagnosis-worker.ts", { stepMs: 60_000 }, 64).survey(
    broken("fill the memory"),
    options,
  );
  expect(gaps).toEqual([expect.stringMatching(/^LargeCause ended with its thread \(.*memory.*\): skipped$/)]);
  expect(survey.likely.map(({ code }) => code)).toContain("PortConflict");
});

test("evidence that no diagnosis can read is an error, and the next one is diagnosed", async () => {
  const diagnoser = diagnoserIn("src/diagnosis-worker.ts");
  const unreadable = { ...broken(), objects: [{ kind: "Pod" } as unknown as KubeObject] };
  await expect(diagnoser.survey(unreadable, options)).rejects.toThrow(/undefined/);
  expect((await diagnoser.survey(broken(), options)).survey.likely).not.toEqual([]);
});
