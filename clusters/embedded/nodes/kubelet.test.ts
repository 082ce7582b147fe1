// What only a virtual clock shows of pods: long waits, programs of this process, one seed one story, many pods. test/contract has the rest.
import { describe, expect, test } from "vitest";
import { type EmbeddedCluster, openEmbeddedCluster } from "#embedded/embedded-cluster.ts";
import { type JsonRecord, at, listOf } from "#embedded/json.ts";
import type { ContainerContext } from "#embedded/nodes/behaviour.ts";
import type { Workloads } from "#embedded/workloads.ts";
import type { Random } from "#lib/clock.ts";
import { type ManualClock, createManualClock } from "#lib/manual-clock.ts";

const seeded = (seed: number): Random => {
  let state = seed;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
};

interface Stage {
  readonly clock: ManualClock;
  readonly cluster: EmbeddedCluster;
  call(method: string, path: string, body?: unknown): JsonRecord;
}

const stage = async (workloads: Workloads = {}): Promise<Stage> => {
  const clock = createManualClock();
  const cluster = openEmbeddedCluster({ clock, random: seeded(5), workloads });
  await clock.advance(1);
  return {
    clock,
    cluster,
    call: (method, path, body) => {
      const headers = { authorization: `Bearer ${cluster.adminToken}`, "content-type": "application/json" };
      const answer = cluster.handle({ method, path, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
      return (answer.body ?? { text: answer.text }) as JsonRecord;
    },
  };
};

const pods = "/api/v1/namespaces/default/pods";
const pod = (name: string, spec: JsonRecord = {}, container: JsonRecord = {}): JsonRecord => ({
  metadata: { name, labels: { app: name } },
  spec: { containers: [{ name: "web", image: "web:1", ...container }], ...spec },
});
const states = (object: JsonRecord): unknown => at(object, "status", "containerStatuses", 0);

describe("a container that ends again and again", () => {
  test("waits twice as long each time, five minutes at most, and from the beginning after a long good run", async () => {
    const runs: number[] = [];
    const { clock, call } = await stage({
      behave: () => {
        runs.push(clock.now());
        return { exit: { code: 1 } };
      },
    });
    call("POST", pods, pod("a"));
    await clock.advance(3_600_000);
    const waits = runs.slice(1).map((start, index) => start - (runs[index] ?? 0));
    for (const [index, least] of [0, 10_000, 20_000, 40_000, 80_000, 160_000, 300_000, 300_000].entries()) {
      expect(waits[index]).toBeGreaterThanOrEqual(least);
      expect(waits[index]).toBeLessThan(least + 16_000);
    }
    const status = states(call("GET", `${pods}/a`));
    expect(at(status, "state", "waiting", "reason") ?? at(status, "state", "terminated", "reason")).toMatch(/CrashLoopBackOff|Error/);
    expect(at(status, "restartCount")).toBe(runs.length - 1);
  });
});

describe("a program of this process", () => {
  test("has its pod's token, environment and files, and reports how it ended", async () => {
    const { clock, cluster, call } = await stage({
      behave: () => ({
        run: (context) => {
          const headers = { authorization: `Bearer ${context.token}` };
          const answer = cluster.handle({ method: "GET", path: "/api/v1/namespaces/default/secrets", headers });
          context.log(`${context.env["WHO"]} ${answer.status}`);
          context.setTerminationMessage("did it");
          return Promise.resolve(4);
        },
      }),
    });
    call("POST", pods, pod("a", { restartPolicy: "Never" }, { env: [{ name: "WHO", value: "me" }] }));
    await clock.advance(5_000);
    expect(call("GET", `${pods}/a/log`)).toEqual({ text: "me 403\n" });
    const done = call("GET", `${pods}/a`);
    expect(at(done, "status", "phase")).toBe("Failed");
    expect(at(states(done), "state", "terminated")).toMatchObject({ exitCode: 4, message: "did it", reason: "Error" });
  });

  test("is aborted when its pod is killed", async () => {
    const { clock, call } = await stage({
      behave: () => ({
        run: ({ signal }) => new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason as Error))),
      }),
    });
    call("POST", pods, pod("a"));
    await clock.advance(5_000);
    expect(at(call("GET", `${pods}/a`), "status", "phase")).toBe("Running");
    call("DELETE", `${pods}/a`);
    await clock.advance(1_000);
    expect(at(call("GET", `${pods}/a`), "code")).toBe(404);
  });
});

describe("what a container sees", () => {
  const seen = async (spec: JsonRecord, container: JsonRecord): Promise<ContainerContext | undefined> => {
    const contexts: ContainerContext[] = [];
    const { clock, call } = await stage({ behave: (context) => void contexts.push(context) });
    call("POST", "/api/v1/namespaces/default/configmaps", { metadata: { name: "c" }, data: { a: "1", b: "2" } });
    call("POST", "/api/v1/namespaces/default/secrets", { metadata: { name: "s" }, stringData: { key: "secret" } });
    call("POST", pods, pod("a", spec, container));
    await clock.advance(2_000);
    return contexts[0];
  };
  const field = (name: string, fieldPath: string): JsonRecord => ({ name, valueFrom: { fieldRef: { fieldPath } } });

  test("fields of its pod, and its own limits", async () => {
    const context = await seen(
      {},
      {
        resources: { limits: { memory: "64Mi" } },
        env: [
          field("NODE", "spec.nodeName"),
          field("IP", "status.podIP"),
          field("HOST", "status.hostIP"),
          field("SPACE", "metadata.namespace"),
          field("APP", "metadata.labels['app']"),
        ],
        args: ["--node=$(NODE)"],
      },
    );
    expect(context?.env).toMatchObject({ NODE: context?.node, SPACE: "default", APP: "a" });
    expect(context?.env).toMatchObject({ IP: expect.stringMatching(/^10\.\d+\.0\.2$/), HOST: expect.stringMatching(/^10\.0\.0\./) });
    expect(context?.args).toEqual([`--node=${context?.node}`]);
    expect(context?.memoryLimitBytes).toBe(64 * 2 ** 20);
  });

  test("files of its volumes", async () => {
    const context = await seen(
      {
        volumes: [
          { name: "s", secret: { secretName: "s", items: [{ key: "key", path: "deep/key" }] } },
          { name: "c", configMap: { name: "c" } },
          { name: "gone", configMap: { name: "gone", optional: true } },
          { name: "empty", emptyDir: {} },
        ],
      },
      {
        volumeMounts: [
          { name: "s", mountPath: "/s" },
          { name: "c", mountPath: "/all" },
          { name: "gone", mountPath: "/gone" },
          { name: "empty", mountPath: "/empty" },
        ],
      },
    );
    expect(context?.files).toEqual({ "/all/a": "1", "/all/b": "2", "/s/deep/key": "secret" });
  });
});

describe("as a whole", () => {
  test("the same seed repeats the same events", async () => {
    const story = async (): Promise<unknown> => {
      const { clock, call } = await stage({ behave: ({ pod: name }) => (name === "a" ? { exit: { code: 1 } } : undefined) });
      call("POST", pods, pod("a"));
      call("POST", pods, pod("b"));
      await clock.advance(120_000);
      return [call("GET", pods), call("GET", "/api/v1/namespaces/default/events")];
    };
    expect(await story()).toEqual(await story());
  });

  test("a cluster at rest waits for nothing", async () => {
    const { clock, call } = await stage();
    call("POST", pods, pod("a"));
    await clock.advance(60_000);
    expect(clock.waiting).toBe(0);
  });

  test("a hundred pods run, half of them on each node", async () => {
    const { clock, call } = await stage();
    for (let index = 0; index < 100; index += 1) call("POST", pods, pod(`p${index}`));
    await clock.advance(10_000);
    const items = listOf(call("GET", pods)["items"]);
    expect(items.filter((item) => at(item, "status", "phase") === "Running")).toHaveLength(100);
    expect(items.filter((item) => at(item, "spec", "nodeName") === "n1")).toHaveLength(50);
  });
});
