// What holds of the Gateway as a process with a write-ahead log, whatever API server it has: the server is stopped under alerts, the process is killed, and what was acknowledged is counted.
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { RemediationRequest } from "#api/kinds/remediation-request.ts";
import { CONTROLLER_ACCOUNT, SIGNALS_ACCOUNT, SIGNALS_AUDIENCE } from "#api/labels.ts";
import { prometheusSignalsPath } from "#api/rest/gateway.ts";
import type { Manifest } from "#manifests/manifest.ts";
import { crds, namespaceManifest, rights } from "#manifests/install.ts";
import { freePorts } from "#testbed/free-ports.ts";
import { alertmanagerAlert, delivery } from "#test/alertmanager.ts";
import { type TestCluster, tokenOf } from "#test/cluster.ts";
import { type ProductProcess, startProduct } from "#test/product-process.ts";

/** An API server that can be stopped. */
export interface StoppableApiServer {
  /** Of the administrator, past whatever stops it. */
  readonly cluster: TestCluster;
  apply(manifests: readonly Manifest[]): Promise<void>;
  /** For a caller with this token. */
  kubeconfig(token: string): string;
  stopApiServer(): Promise<void>;
  /** Does nothing while it runs. */
  startApiServer(): Promise<void>;
  stop(): Promise<void>;
}

export interface OutageOptions {
  readonly outageSeconds: number;
  readonly perSecond: number;
}

/** For the tests of one kind of API server alone. */
export interface OutageScene {
  readonly api: StoppableApiServer;
  readonly folder: string;
  readonly gatewayUrl: string;
  startGateway(...more: readonly string[]): Promise<void>;
  /** The text of a path of the metrics port. */
  probe(path: string): Promise<string>;
  /** How often each alert is recorded, by name, over all requests. */
  recorded(): Promise<Map<string, number>>;
  requestCount(): Promise<number>;
}

export const outageNamespace = "kintsugi-outage";
const namespace = outageNamespace;
const image = "example.test/kintsugi:1";

/** Returns the scene, which is complete when the first test begins. */
export const outageSuite = (open: () => Promise<StoppableApiServer>, { outageSeconds, perSecond }: OutageOptions): (() => OutageScene) => {
  let api: StoppableApiServer;
  let folder: string;
  let token: string;
  let port: number;
  let product: ProductProcess | undefined;

  beforeAll(async () => {
    api = await open();
    await api.apply([namespaceManifest(namespace), ...crds(), ...rights(namespace)]);
    const policy = { apiVersion: "kintsugi.dev/v1alpha1", kind: "RemediationPolicy", metadata: { name: "many", namespace } };
    await api.apply([{ ...policy, spec: { maxOpenRequests: 10_000 } }]);
    folder = await mkdtemp(join(tmpdir(), "kintsugi-outage-"));
    await writeFile(join(folder, "kubeconfig"), api.kubeconfig(await tokenOf(api.cluster, namespace, CONTROLLER_ACCOUNT)), { mode: 0o600 });
    token = await tokenOf(api.cluster, namespace, SIGNALS_ACCOUNT, [SIGNALS_AUDIENCE]);
    [port = 0] = await freePorts(1);
  });
  afterAll(async () => {
    await api.stop();
    await rm(folder, { recursive: true, force: true });
  });
  beforeEach(async () => {
    await api.startApiServer();
    for (const { metadata } of await api.cluster.admin.list(RemediationRequest, { namespace }))
      await api.cluster.admin.delete(RemediationRequest, metadata);
  });
  afterEach(async () => {
    await stopGateway();
    await rm(join(folder, "wal"), { recursive: true, force: true });
  });

  const stopGateway = async (): Promise<void> => {
    product?.kill("SIGKILL");
    await product?.exited;
    product = undefined;
  };

  let metricsPort = "0";
  const startGateway = async (...more: readonly string[]): Promise<void> => {
    const flags = ["--kintsugi-namespace", namespace, "--kubeconfig", join(folder, "kubeconfig"), "--image", image];
    product = startProduct(["run", "gateway", ...flags, "--port", String(port), "--metrics-port", "0", ...more]);
    metricsPort = (await product.waitFor(/"service":"metrics"[^\n]*"port":(\d+)/))[1] ?? "0";
    await product.waitFor(/caches complete/);
  };
  const withLog = (): string[] => ["--wal-dir", join(folder, "wal")];
  const probe = async (path: string): Promise<string> => (await fetch(`http://127.0.0.1:${metricsPort}${path}`)).text();

  /** The status; 0 where there was no answer. */
  const post = async (alerts: readonly object[]): Promise<number> => {
    const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
    try {
      const init = { method: "POST", headers, body: JSON.stringify(delivery(alerts)), signal: AbortSignal.timeout(10_000) };
      const answer = await fetch(`http://127.0.0.1:${port}${prometheusSignalsPath}`, init);
      await answer.arrayBuffer();
      return answer.status;
    } catch {
      return 0;
    }
  };
  const startsAt = new Date(Date.now() - 60_000).toISOString();
  /** At most 40 of one target: a request names 50. */
  const numbered = (index: number) =>
    alertmanagerAlert({ name: `Alert${index}`, labels: { namespace: "shop", deployment: `d${Math.floor(index / 40)}` }, startsAt });

  /** How often each alert is recorded, by name, over all requests. */
  const recorded = async (): Promise<Map<string, number>> => {
    const items = await api.cluster.admin.list(RemediationRequest, { namespace });
    const counts = new Map<string, number>();
    for (const { spec, status } of items) {
      const entries = Object.values(status?.alerts ?? { first: { name: spec.alert.name, count: 1 } });
      for (const { name, count } of entries) counts.set(name, (counts.get(name) ?? 0) + count);
    }
    return counts;
  };
  const requestCount = async (): Promise<number> => (await api.cluster.admin.list(RemediationRequest, { namespace })).length;
  const drained = (): Promise<void> =>
    vi.waitFor(async () => expect(await probe("/metrics")).toContain("kintsugi_gateway_wal_records 0\n"), {
      timeout: 300_000,
      interval: 500,
    });
  const once = (count: number): Map<string, number> => new Map(Array.from({ length: count }, (_, index) => [`Alert${index}`, 1]));
  const sorted = (counts: Map<string, number>): [string, number][] => [...counts].toSorted(([a], [b]) => a.localeCompare(b));

  test(
    `while the API server is stopped for ${outageSeconds} s under ${perSecond} alerts a second, every acknowledged alert becomes one occurrence of one request`,
    async () => {
      await startGateway(...withLog());
      expect(await post([])).toBe(202);
      let next = 0;
      const acknowledged: number[] = [];
      const unanswered: number[] = [];
      /** Each alert is sent once; one that is not acknowledged may be stored or not. */
      const send = async (seconds: number): Promise<void> => {
        const sent: Promise<void>[] = [];
        for (let second = 0; second < seconds; second += 1) {
          for (let each = 0; each < perSecond; each += 1) {
            const index = (next += 1) - 1;
            sent.push(post([numbered(index)]).then((status) => void (status === 202 ? acknowledged : unanswered).push(index)));
          }
          await pause(1_000);
        }
        await Promise.all(sent);
      };
      await send(3);
      const stopping = api.stopApiServer();
      await send(outageSeconds);
      await stopping;
      await vi.waitFor(async () => expect(await probe("/readyz")).toMatch(/^ok\n.*no answer from the API server since/), {
        timeout: 30_000,
      });
      expect(await probe("/readyz")).toMatch(/write-ahead log: \d+ alerts wait to be recorded, the oldest for \d+ s/);
      await api.startApiServer();
      await send(3);
      await drained();
      expect(unanswered).toEqual([]);
      expect(acknowledged).toHaveLength(next);
      expect(sorted(await recorded())).toEqual(sorted(once(next)));
      expect(await requestCount()).toBe(Math.ceil(next / 40));
    },
    (outageSeconds + 600) * 1_000,
  );

  test("a Gateway that is killed in the middle of a group of 1,000 loses none and doubles none", async () => {
    await startGateway(...withLog());
    const alerts = Array.from({ length: 1_000 }, (_, index) => numbered(index));
    const interrupted = post(alerts);
    await vi.waitFor(async () => expect(await requestCount()).toBeGreaterThan(3), { timeout: 60_000, interval: 20 });
    await stopGateway();
    expect(await interrupted).toBe(0);
    await startGateway(...withLog());
    await vi.waitFor(async () => expect(await post(alerts)).toBe(202), { timeout: 60_000, interval: 1_000 });
    await drained();
    const counts = await recorded();
    expect([counts.size, await requestCount()]).toEqual([1_000, 25]);
  }, 300_000);

  test("a Gateway that is killed with alerts in its log records each of them once afterwards", async () => {
    await startGateway(...withLog());
    expect(await post([])).toBe(202);
    await api.stopApiServer();
    expect(await post(Array.from({ length: 500 }, (_, index) => numbered(index)))).toBe(202);
    await stopGateway();
    await api.startApiServer();
    await startGateway(...withLog());
    // Again in the middle of recording them.
    await vi.waitFor(async () => expect(await requestCount()).toBeGreaterThan(2), { timeout: 60_000, interval: 20 });
    await stopGateway();
    await startGateway(...withLog());
    await drained();
    expect(sorted(await recorded())).toEqual(sorted(once(500)));
    expect(await requestCount()).toBe(13);
  }, 300_000);

  return () => ({
    api,
    folder,
    gatewayUrl: `http://127.0.0.1:${port}${prometheusSignalsPath}`,
    startGateway,
    probe,
    recorded,
    requestCount,
  });
};
