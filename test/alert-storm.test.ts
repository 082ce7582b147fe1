// What a storm of alerts about objects that do not exist leaves in the API server: counted, not timed.
import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { AIAnalysis } from "#api/kinds/ai-analysis.ts";
import { RemediationProcessing } from "#api/kinds/remediation-processing.ts";
import { RemediationRequest } from "#api/kinds/remediation-request.ts";
import { CONTROLLER_ACCOUNT, SIGNALS_ACCOUNT, SIGNALS_AUDIENCE } from "#api/labels.ts";
import { prometheusSignalsPath } from "#api/rest/gateway.ts";
import { startHttpServer } from "#lib/http-server.ts";
import { silentLog } from "#lib/log.ts";
import { createMetrics, metricPrefix } from "#lib/metrics.ts";
import { systemClock } from "#lib/system-clock.ts";
import { crds, namespaceManifest, rights } from "#manifests/install.ts";
import { alertmanagerAlert, delivery } from "#test/alertmanager.ts";
import { tokenCredentials, tokenOf } from "#test/cluster.ts";
import { type EmbeddedTestCluster, startEmbeddedCluster } from "#test/embedded-test-cluster.ts";
import { processMetrics, roles } from "#roles/registry.ts";
import { loadRoles, runRoles } from "#server/run-roles.ts";

const namespace = "kintsugi-storm";
const stop = new AbortController();
const metrics = createMetrics();
let cluster: EmbeddedTestCluster;
let gatewayUrl = "";
let running: Promise<void>;

beforeAll(async () => {
  cluster = await startEmbeddedCluster();
  await cluster.apply([namespaceManifest(namespace), ...crds(), ...rights(namespace)]);
  const options = {
    namespace,
    image: "example.test/kintsugi:1",
    address: "127.0.0.1",
    ports: {},
    tokenAudience: SIGNALS_AUDIENCE,
    leaderElection: "off",
    logLevel: "info",
  } as const;
  running = runRoles(await loadRoles("all"), options, {
    config: { ...cluster.config, credentials: tokenCredentials(await tokenOf(cluster, namespace, CONTROLLER_ACCOUNT)) },
    clock: systemClock,
    random: () => 0.5,
    randomBytes,
    log: silentLog,
    metrics,
    identity: "storm",
    readFile: (path) => Promise.reject(new Error(`${path}: there are no files here`)),
    signal: stop.signal,
    startServer: async (app, { port, ...rest }, deps) => {
      const server = await startHttpServer(app, { ...rest, port: 0 }, deps);
      if (port === 8080) gatewayUrl = server.url;
      return server;
    },
  });
});
afterAll(async () => {
  stop.abort();
  await running;
  await cluster.stop();
});

test("each alert is one request and its two children, and its annotations are stored once", async () => {
  const alerts = 20;
  const marker = "x".repeat(4_000);
  const token = await tokenOf(cluster, namespace, SIGNALS_ACCOUNT, [SIGNALS_AUDIENCE]);
  const body = JSON.stringify(
    delivery(
      Array.from({ length: alerts }, (_, index) =>
        alertmanagerAlert({
          labels: { namespace: "nope", deployment: `ghost-${index}` },
          annotations: { description: `${marker} ` },
          startsAt: new Date(Date.now() - 60_000).toISOString(),
        }),
      ),
    ),
  );
  const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
  await vi.waitFor(
    async () => expect((await fetch(`${gatewayUrl}${prometheusSignalsPath}`, { method: "POST", headers, body })).status).toBe(202),
    { timeout: 20_000, interval: 100 },
  );
  const stored = async () => ({
    requests: await cluster.admin.list(RemediationRequest, { namespace }),
    processings: await cluster.admin.list(RemediationProcessing, { namespace }),
    analyses: await cluster.admin.list(AIAnalysis, { namespace }),
  });
  await vi.waitFor(async () => expect((await stored()).analyses).toHaveLength(alerts), { timeout: 30_000, interval: 100 });
  const { requests, processings, analyses } = await stored();
  expect([requests.length, processings.length]).toEqual([alerts, alerts]);
  const all = [...requests, ...processings, ...analyses];
  expect(JSON.stringify(all).split(marker)).toHaveLength(alerts + 1);
  for (const { spec } of [...processings, ...analyses]) {
    expect(Object.keys(spec.alert).toSorted()).toEqual(["fingerprint", "name", "severity", "startsAt"]);
    // Five siblings of some two hundred bytes are in it, however large the storm.
    expect(JSON.stringify(spec).length).toBeLessThan(1_800);
  }
});

test("the process exports every metric of the registry with its help and type, and no other", async () => {
  const lines = (await metrics.text()).split("\n").filter((line) => line.startsWith("# "));
  const described = [...processMetrics, ...roles.flatMap((role) => role.metrics)].flatMap(({ name, help, type }) => [
    `# HELP ${metricPrefix}${name} ${help}`,
    `# TYPE ${metricPrefix}${name} ${type}`,
  ]);
  expect(lines.toSorted()).toEqual(described.toSorted());
});
