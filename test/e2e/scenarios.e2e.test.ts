// Every scenario on a real cluster, with a real Prometheus and Alertmanager, against Kintsugi in its own image: what it expects holds, the
// audit log agrees, and what a person reads about it is a golden file.
import { execFile } from "node:child_process";
import { homedir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, test } from "vitest";
import { KubernetesExecution } from "#api/kinds/kubernetes-execution.ts";
import { quietMs } from "#controllers/kubernetes-execution/decide.ts";
import { systemClock } from "#lib/system-clock.ts";
import { storedWritesOf } from "#scenarios/effective-writes.ts";
import { loadScenarios } from "#scenarios/scenario.ts";
import { type TestbedStage, openStage } from "#scenarios/stage.ts";
import { mustKubectl } from "#test/kubectl.ts";
import { createPool } from "#test/e2e/pool.ts";
import { goldenStory, goldenTable } from "#test/e2e/golden-text.ts";
import { down } from "#testbed/testbed.ts";
import { testbedName } from "#test/e2e/testbed-name.ts";
import { toStderr } from "#testbed/progress.ts";

const name = testbedName("e2e-scenarios");
const scenarios = await loadScenarios();
// Three at once keep two cores busy; more would only make every wait longer.
const pool = createPool(3);
let stage: TestbedStage;

beforeAll(async () => {
  await down({ name });
  stage = await openStage({ name, clock: systemClock, random: Math.random, home: homedir(), progress: toStderr });
});
afterAll(async () => {
  await stage?.close();
  await down({ name });
});

const run = promisify(execFile);

/** What `kintsugi describe` prints, as a person runs it. */
const describeRequest = async (request: string): Promise<string> => {
  const root = join(import.meta.dirname, "../..");
  const args = [join(root, "src/main.ts"), "describe", request, "--kubeconfig", stage.testbed.kubeconfigPath];
  return (await run(process.execPath, args)).stdout;
};

/** The cost of a remediation of one step: every write to the API server, from the request's create on. */
const oneStepRepair = "crash-after-release";
const mostWrites = 19;
const writesOf = async (request: string): Promise<string[]> =>
  storedWritesOf(await stage.audit.mentioning(request), stage.installation.namespace);
/** An execution that takes longer than a person waits in silence says so: that its Job is there, that its effect is awaited. */
const lateWritesOf = async (request: string): Promise<number> => {
  const executions = await stage.kube.list(KubernetesExecution, { namespace: stage.installation.namespace });
  const isLate = ({ spec, metadata, status }: KubernetesExecution): boolean =>
    spec.request === request && Date.parse(status?.completedAt ?? "") - Date.parse(metadata.creationTimestamp ?? "") >= quietMs;
  return executions.some(isLate) ? 2 : 0;
};

describe("each scenario, end to end", () => {
  for (const scenario of scenarios) {
    test.concurrent(scenario.name, ({ expect }) =>
      pool(async () => {
        const { result, cleanUp } = await stage.run(scenario, (event) => toStderr(JSON.stringify(event)));
        toStderr(JSON.stringify(result));
        expect(result.failures).toEqual([]);
        if (scenario.name === oneStepRepair) {
          const writes = await writesOf(result.requests[0]!.name);
          toStderr(`${writes.length} writes: ${writes.join(", ")}`);
          expect(writes.length).toBeLessThanOrEqual(mostWrites + (await lateWritesOf(result.requests[0]!.name)));
        }
        for (const [index, { name: request, namespace }] of result.requests.entries()) {
          const called = scenario.expect[index]?.in ?? "";
          const file = result.requests.length > 1 ? `${scenario.name}.${called}` : scenario.name;
          const table = await mustKubectl(stage.kubectl, ["get", "rr", request, "--namespace", stage.installation.namespace]);
          await expect(goldenTable(table, namespace, called)).toMatchFileSnapshot(`__golden__/${file}.columns.txt`);
          await expect(goldenStory(await describeRequest(request), namespace, called)).toMatchFileSnapshot(
            `__golden__/${file}.describe.txt`,
          );
        }
        await cleanUp();
      }),
    );
  }
});
