// The process that takes alerts, over sockets, on an embedded API server: its ports, its probes, and what it answers while the API server fails.
import { type Socket, connect as connectSocket } from "node:net";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { CONTROLLER_ACCOUNT, SIGNALS_AUDIENCE } from "#api/labels.ts";
import { prometheusSignalsPath } from "#api/rest/gateway.ts";
import { startHttpServer } from "#lib/http-server.ts";
import { silentLog } from "#lib/log.ts";
import { createManualClock } from "#lib/manual-clock.ts";
import { crds, namespaceManifest, rights } from "#manifests/install.ts";
import { tokenCredentials, tokenOf } from "#test/cluster.ts";
import { type EmbeddedTestCluster, openEmbeddedCluster } from "#test/embedded-test-cluster.ts";
import { type FaultProxy, startFaultProxy } from "#test/fault-proxy.ts";
import { runRoles } from "../src/roles.ts";

const namespace = "kintsugi-serving";
const stop = new AbortController();
const clock = createManualClock(Date.now());
const urls: Record<number, string> = {};
const [gatewayPort, metricsPort] = [8080, 9090];
let cluster: EmbeddedTestCluster;
let proxy: FaultProxy;
let running: Promise<void>;

const get = async (port: number, path: string): Promise<{ status: number; text: string }> => {
  const answer = await fetch(`${urls[port]}${path}`);
  return { status: answer.status, text: await answer.text() };
};

beforeAll(async () => {
  cluster = await openEmbeddedCluster();
  await cluster.apply([namespaceManifest(namespace), ...crds(), ...rights(namespace)]);
  proxy = await startFaultProxy(cluster.config);
  const token = await tokenOf(cluster.admin, namespace, CONTROLLER_ACCOUNT);
  running = runRoles(
    "gateway",
    {
      namespace,
      image: "example.test/kintsugi:1",
      address: "127.0.0.1",
      port: gatewayPort,
      metricsPort,
      tokenAudience: SIGNALS_AUDIENCE,
      leaderElection: "off",
      logLevel: "info",
    },
    {
      config: { ...proxy.config(token), credentials: tokenCredentials(token) },
      clock,
      random: () => 0.5,
      log: silentLog,
      identity: "serving",
      signal: stop.signal,
      startServer: async (app, options, deps) => {
        const server = await startHttpServer(app, { ...options, port: 0 }, deps);
        urls[options.port] = server.url;
        return server;
      },
    },
  );
  await vi.waitFor(async () => expect((await get(metricsPort, "/readyz")).text).toBe("ok\n"), { timeout: 20_000 });
});
afterAll(async () => {
  stop.abort();
  await running;
  await proxy.stop();
  await cluster.stop();
});

test("probes and metrics are on one port, alerts on another", async () => {
  for (const path of ["/metrics", "/healthz", "/readyz"]) {
    expect((await get(metricsPort, path)).status).toBe(200);
    expect((await get(gatewayPort, path)).status).toBe(404);
  }
  expect((await get(gatewayPort, prometheusSignalsPath)).status).toBe(405);
  expect((await get(metricsPort, prometheusSignalsPath)).status).toBe(404);
});

test("1,000 idle connections on the Gateway's port leave every probe answered", async () => {
  const port = Number(new URL(urls[gatewayPort]!).port);
  const closed = new Set<Socket>();
  const idle = Array.from({ length: 1_000 }, (_, index) => {
    const socket = connectSocket({ port, host: "127.0.0.1", localAddress: `127.0.0.${2 + (index % 5)}` });
    socket.on("error", () => {});
    socket.once("close", () => closed.add(socket));
    return socket;
  });
  await Promise.all(idle.map((socket) => new Promise((resolve) => socket.once("connect", resolve).once("close", resolve))));
  expect(closed.size).toBeLessThan(idle.length);
  const answers: string[] = [];
  for (let time = 0; time < 20; time += 1)
    for (const path of ["/healthz", "/readyz"]) {
      const { status } = await get(metricsPort, path);
      answers.push(`${path} ${status}`);
    }
  expect(new Set(answers)).toEqual(new Set(["/healthz 200", "/readyz 200"]));
  for (const socket of idle) socket.destroy();
});
