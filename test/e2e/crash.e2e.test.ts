// Kintsugi's container is killed in the middle of a repair, on a real cluster: its successor takes over, and the workload is changed once.
import { homedir } from "node:os";
import { afterAll, beforeAll, expect, test } from "vitest";
import { systemClock } from "#lib/system-clock.ts";
import { loadScenarios } from "#scenarios/scenario.ts";
import { type TestbedStage, openStage } from "#scenarios/stage.ts";
import { killContainer } from "#test/e2e/kill-container.ts";
import { readAuditLog } from "#testbed/audit-log.ts";
import { testbedName } from "#test/e2e/testbed-name.ts";
import { toStderr } from "#testbed/progress.ts";
import { down } from "#testbed/testbed.ts";

const name = testbedName("e2e-crash");
const scenario = (await loadScenarios()).find((candidate) => candidate.name === "crash-after-release")!;
let stage: TestbedStage;

beforeAll(async () => {
  await down({ name });
  stage = await openStage({ name, clock: systemClock, random: Math.random, home: homedir(), progress: toStderr });
});
afterAll(async () => {
  await stage?.close();
  await down({ name });
});

test.each(["Analyzing", "Executing", "Verifying"])(
  "killed when a request has become %s, it ends Remediated with one change",
  async (phase) => {
    let killed: Promise<void> | undefined;
    const { result, cleanUp } = await stage.run(scenario, (event) => {
      toStderr(JSON.stringify(event));
      if (killed === undefined && event.event === "phase" && event.phase === phase)
        killed = killContainer(stage.kubectl, stage.installation.namespace, "app.kubernetes.io/name=kintsugi");
    });
    await killed;
    expect(killed, `no request was ever seen to be ${phase}`).toBeDefined();
    // The scenario's own expectation: the outcome, the cause, and from the audit log one effective write, by the action's account.
    expect(result.failures).toEqual([]);
    expect(result.outcome).toBe("Remediated");
    await cleanUp();
  },
);

test("nothing that Kintsugi's accounts did on the way was forbidden to them", async () => {
  const ours = (await readAuditLog(stage.testbed.auditLogPath)).filter((event) =>
    event.user.username.startsWith(`system:serviceaccount:${stage.installation.namespace}:kintsugi-`),
  );
  expect(new Set(ours.map((event) => event.user.username.split(":").at(-1)))).toEqual(
    new Set(["kintsugi-controllers", "kintsugi-act-rollback-deployment"]),
  );
  const forbidden = ours.filter((event) => event.responseStatus?.code === 403);
  expect(forbidden.map((event) => `${event.user.username} ${event.verb} ${event.requestURI}`)).toEqual([]);
});
