// `kintsugi diagnose` as a person runs it, on a real cluster that Kintsugi is not installed in: twenty faults at once are distinguished, and
// twenty healthy workloads in motion have no findings.
import { execFile } from "node:child_process";
import { homedir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Kube } from "#kube/client.ts";
import { connect } from "#kube/connect.ts";
import { loadKubeconfig } from "#kube/kubeconfig.ts";
import { localMachine } from "#kube/local-machine.ts";
import { systemClock } from "#lib/system-clock.ts";
import { type UserActions, createUserActions } from "#scenarios/user-actions.ts";
import { everydayFaults } from "#scenarios/faults/everyday-faults.ts";
import { type Cause, type Fault, inOrder } from "#scenarios/faults/fault.ts";
import { type MetricsApi, serveMetrics } from "#test/e2e/metrics-api.ts";
import { breakCluster, breakNodes } from "#test/e2e/break-cluster.ts";
import { scenarioFaults } from "#scenarios/faults/scenario-faults.ts";
import { healthyWorkloads } from "#test/e2e/healthy-workloads.ts";
import { testbedName } from "#test/e2e/testbed-name.ts";
import { toStderr } from "#testbed/progress.ts";
import { down, type Testbed, up } from "#testbed/testbed.ts";

const name = testbedName("e2e-diagnose");
/** How long a fault may take to show itself. */
const patienceMs = 240_000;
let bed: Testbed;
let userActions: UserActions;
let kube: Kube & { close(): void };
let metrics: MetricsApi | undefined;

beforeAll(async () => {
  await down({ name });
  bed = await up({ name, progress: toStderr });
  const machine = localMachine({ clock: systemClock, env: {}, home: homedir() });
  const config = await loadKubeconfig({ path: bed.kubeconfigPath }, undefined, machine);
  const deps = { clock: systemClock, random: Math.random };
  kube = connect(config, deps);
  userActions = createUserActions({ kube, as: ({ by: user, groups }) => connect({ ...config, impersonate: { user, groups } }, deps) });
});
afterAll(async () => {
  metrics?.close();
  kube?.close();
  await down({ name });
});

interface Document {
  readonly findings: readonly {
    readonly code: string;
    readonly summary: string;
    readonly object: { readonly kind: string; readonly namespace?: string; readonly name: string };
  }[];
  readonly notRead: readonly unknown[];
}

const diagnose = (...args: string[]): Promise<{ readonly code: number; readonly document: Document; readonly seconds: number }> =>
  new Promise((resolve, reject) => {
    const startedAt = performance.now();
    const command = [join(import.meta.dirname, "../../src/main.ts"), "diagnose", ...args, "-o", "json", "--kubeconfig", bed.kubeconfigPath];
    execFile(process.execPath, command, { maxBuffer: 64 * 1024 * 1024 }, (error, stdout, stderr) => {
      const code = error === null ? 0 : Number(error.code);
      if (code !== 0 && code !== 1) reject(new Error(stderr));
      else resolve({ code, document: JSON.parse(stdout) as Document, seconds: (performance.now() - startedAt) / 1000 });
    });
  });

const namespaceOf = (what: string, labels: Record<string, string> = {}): string =>
  JSON.stringify({ apiVersion: "v1", kind: "Namespace", metadata: { name: what, labels } });

const text = ({ code, object }: Document["findings"][number]): string => `${code} ${object.kind} ${object.namespace}/${object.name}`;
const isFound = (namespace: string, { codes, kind, name: called }: Cause, { findings }: Pick<Document, "findings">): boolean =>
  findings.some(
    ({ code, object }) =>
      object.namespace === namespace && object.kind === kind && object.name === called && codes.some((each) => each === code),
  );

describe("on a real cluster", () => {
  test("twenty healthy workloads in rollouts, drains and jobs have no findings", async () => {
    const kubectl = (...args: string[]): Promise<string> => bed.kubectl(...args);
    for (const { name: namespace, manifests } of healthyWorkloads) {
      await userActions.apply(namespaceOf(namespace));
      await userActions.apply(manifests, namespace);
    }
    const rolledOut = async (): Promise<void> => {
      for (const { name: namespace } of healthyWorkloads)
        for (const workload of (await kubectl("get", "deploy,sts,ds", "-n", namespace, "-o", "name")).split("\n").filter(Boolean))
          await kubectl("rollout", "status", workload, "-n", namespace, "--timeout=120s");
    };
    await rolledOut();
    const look = async (when: string): Promise<void> => {
      const { code, document } = await diagnose("-A");
      expect(document.findings.map((finding) => `${when}: ${text(finding)}: ${finding.summary}`)).toEqual([]);
      expect(code).toBe(0);
    };
    await look("at rest");
    for (const workload of ["deploy/front", "deploy/slow", "sts/db", "ds/agent"])
      await kubectl("rollout", "restart", workload, "-n", workload.split("/")[1] ?? "");
    for (const when of ["while it rolls out", "a moment later"]) await look(when);
    await rolledOut();
    const node = bed.nodes.at(-1)?.name ?? "";
    const drained = kubectl("drain", node, "--ignore-daemonsets", "--delete-emptydir-data", "--force", "--timeout=120s");
    await look("while a node is drained");
    await drained;
    await look("while it is cordoned");
    await kubectl("uncordon", node);
    await rolledOut();
    await look("afterwards");
    for (const { name: namespace } of healthyWorkloads) await kubectl("delete", "namespace", namespace, "--wait=false");
    await look("while they are deleted");
  });

  test("of twenty faults at once at least nineteen root causes are right, in at most twenty-five findings", async () => {
    const faults = everydayFaults;
    await breakCluster({ userActions, kubectl: bed.kubectl }, faults);
    // A crash loop shows itself when it has crashed more than once: looked at until then, as a person would.
    const isComplete = ({ document }: Awaited<ReturnType<typeof diagnose>>): boolean =>
      faults.every(({ name: own, cause }) => isFound(own, cause, document));
    let last = await diagnose("-A");
    for (const end = performance.now() + patienceMs; !isComplete(last) && performance.now() < end;) last = await diagnose("-A");
    const { document, seconds, code } = last;
    const missed = faults.filter(({ name: own, cause }) => !isFound(own, cause, document));
    const shown = document.findings.map(text);
    toStderr(
      `${faults.length - missed.length} of ${faults.length} right in ${shown.length} findings, ${seconds.toFixed(1)} s\n${shown.join("\n")}`,
    );
    expect(code).toBe(1);
    expect(
      missed.map(({ name: namespace, cause }) => `${namespace}: ${cause.codes.join(" or ")} ${cause.kind} ${cause.name}`).slice(1),
    ).toEqual([]);
    expect(shown.length).toBeLessThanOrEqual(25);
  });

  test("the root cause of every scenario and of its twin is found, and the healthy one has no finding", async () => {
    metrics = await serveMetrics(kube, userActions, (namespace) => scenarioFaults.find(({ name: own }) => own === namespace)?.cpu);
    const seen = async (wanted: readonly Fault[]): Promise<readonly string[]> => {
      // A leak takes a minute to be killed twice, and an autoscaler looks every quarter of one.
      let wrong = await wrongOf(wanted);
      for (const end = performance.now() + patienceMs; wrong.length > 0 && performance.now() < end;) wrong = await wrongOf(wanted);
      return wrong;
    };
    const deps = { userActions, kubectl: bed.kubectl };
    const { others, ofNodes } = inOrder(scenarioFaults);
    await breakCluster(deps, scenarioFaults);
    expect(await seen(others)).toEqual([]);
    await breakNodes(deps, ofNodes, async (fault) => expect(await seen([fault])).toEqual([]));
  });
});

/** The findings in place of the cause. */
const wrongOf = async (wanted: readonly Fault[]): Promise<readonly string[]> => {
  const everything = (await diagnose("-A")).document;
  const wrong: string[] = [];
  for (const { scenario, name: namespace, cause, asked } of wanted) {
    const { findings } = asked === undefined ? everything : (await diagnose(asked, "-n", namespace)).document;
    const local = findings.filter(({ object }) => object.namespace === namespace);
    const isRight =
      cause === undefined
        ? local.length === 0
        : isFound(namespace, cause, { findings: local.slice(0, 1) }) && (asked === undefined || local.length === 1);
    if (!isRight) wrong.push(`${scenario}: ${local.map(text).join(", ") || "nothing"}`);
  }
  return wrong;
};
