// The process that takes alerts, over sockets, on an embedded API server: its ports, its probes, and what it answers while the API server fails.
import { randomBytes } from "node:crypto";
import { type Socket, connect as connectSocket } from "node:net";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { CONTROLLER_ACCOUNT, SIGNALS_ACCOUNT, SIGNALS_AUDIENCE } from "#api/labels.ts";
import { prometheusSignalsPath } from "#api/rest/gateway.ts";
import { startHttpServer } from "#lib/http-server.ts";
import { silentLog } from "#lib/log.ts";
import { createManualClock } from "#lib/manual-clock.ts";
import { crds, namespaceManifest, rights } from "#manifests/install.ts";
import { alertmanagerAlert, delivery } from "#test/alertmanager.ts";
import { tokenCredentials, tokenOf } from "#test/cluster.ts";
import { type EmbeddedTestCluster, startEmbeddedCluster } from "#test/embedded-test-cluster.ts";
import { type FaultProxy, startFaultProxy } from "#test/fault-proxy.ts";
import { loadRoles, runRoles } from "#server/run-roles.ts";

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
  cluster = await startEmbeddedCluster();
  await cluster.apply([namespaceManifest(namespace), ...crds(), ...rights(namespace)]);
  proxy = await startFaultProxy(cluster.config);
  const token = await tokenOf(cluster, namespace, CONTROLLER_ACCOUNT);
  running = runRoles(
    await loadRoles("gateway"),
    {
      namespace,
      image: "example.test/kintsugi:1",
      address: "127.0.0.1",
      ports: {},
      tokenAudience: SIGNALS_AUDIENCE,
      leaderElection: "off",
      logLevel: "info",
    },
    {
      config: { ...proxy.config(token), credentials: tokenCredentials(token) },
      clock,
      random: () => 0.5,
      randomBytes,
      log: silentLog,
      identity: "serving",
      readFile: (path) => Promise.reject(new Error(`${path}: there are no files here`)),
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
  // Calls that were made to hang end by their own limits.
  await clock.advance(60_000);
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

const send = async (deployment: string, bearer?: string): Promise<{ status: number; retryAfter: string | null; text: string }> => {
  const token = bearer ?? (await tokenOf(cluster, namespace, SIGNALS_ACCOUNT, [SIGNALS_AUDIENCE]));
  const answer = await fetch(`${urls[gatewayPort]}${prometheusSignalsPath}`, {
    method: "POST",
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    body: JSON.stringify(
      delivery([alertmanagerAlert({ labels: { namespace: "shop", deployment }, startsAt: new Date(clock.now() - 1_000).toISOString() })]),
    ),
  });
  return { status: answer.status, retryAfter: answer.headers.get("retry-after"), text: await answer.text() };
};
const until = (holds: () => boolean): Promise<void> => vi.waitFor(() => expect(holds()).toBe(true), { timeout: 20_000 });
const asked = (path: string): number => proxy.requests.filter((request) => request.method === "POST" && request.path.includes(path)).length;

test.each<[string, string, (sender: string) => Promise<string>]>([
  ["a token is reviewed", "/tokenreviews", () => tokenOf(cluster, namespace, SIGNALS_ACCOUNT, [SIGNALS_AUDIENCE, "hang"])],
  ["a request is created", "/remediationrequests", (sender) => Promise.resolve(sender)],
])("an API server that hangs while %s: the sender hears 503 before Alertmanager gives up", async (_, path, bearerFor) => {
  const sender = await tokenOf(cluster, namespace, SIGNALS_ACCOUNT, [SIGNALS_AUDIENCE]);
  expect((await send("known", sender)).status).toBe(202);
  const bearer = await bearerFor(sender);
  let hanging = true;
  proxy.onRequest((request) => (hanging && request.path.includes(path) && !request.isWatch ? { kind: "hang", when: "before" } : undefined));
  const before = asked(path);
  const sent = send(`hangs-${path.length}`, bearer);
  await until(() => asked(path) > before);
  await clock.advance(8_000);
  expect(await sent).toMatchObject({ status: 503, retryAfter: "5" });
  hanging = false;
  expect((await send(`hangs-${path.length}`, bearer)).status).toBe(202);
});

test("deliveries that were given up do not hold up those that come when the API server answers again", async () => {
  const sender = await tokenOf(cluster, namespace, SIGNALS_ACCOUNT, [SIGNALS_AUDIENCE]);
  expect((await send("known", sender)).status).toBe(202);
  let hanging = true;
  const creates = (): number => asked("/remediationrequests");
  proxy.onRequest((request) =>
    hanging && request.method === "POST" && request.path.includes("/remediationrequests") ? { kind: "hang", when: "before" } : undefined,
  );
  const before = creates();
  const sent = Array.from({ length: 40 }, (_, index) => send(`given-up-${index}`, sender));
  // As many as there are lanes; the others wait, or are still on their way: time goes on until all have their answer.
  await until(() => creates() === before + 16);
  const statuses: number[] = [];
  for (const one of sent) void one.then(({ status }) => statuses.push(status));
  await vi.waitFor(
    async () => {
      await clock.advance(1_000);
      expect(statuses).toHaveLength(sent.length);
    },
    { timeout: 30_000, interval: 50 },
  );
  expect(new Set(statuses)).toEqual(new Set([503]));
  // A call that began just before ends by its own limit.
  await clock.advance(4_000);
  hanging = false;
  const afterwards = creates();
  expect((await send("afterwards", sender)).status).toBe(202);
  expect(creates()).toBe(afterwards + 1);
});

test("readiness reports an outage, and its end", async () => {
  const sender = await tokenOf(cluster, namespace, SIGNALS_ACCOUNT, [SIGNALS_AUDIENCE]);
  expect((await send("known", sender)).status).toBe(202);
  let down = true;
  proxy.onRequest(() => (down ? { kind: "hang", when: "before" } : undefined));
  const before = asked("/remediationrequests");
  const sent = send("in-the-outage", sender);
  await until(() => asked("/remediationrequests") > before);
  await clock.advance(12_000);
  expect((await sent).status).toBe(503);
  await vi.waitFor(
    async () =>
      expect(await get(metricsPort, "/readyz")).toEqual({
        status: 503,
        text: expect.stringMatching(/^not ready: no answer from the API server since \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ\n$/),
      }),
    { timeout: 20_000 },
  );
  expect((await get(metricsPort, "/healthz")).status).toBe(200);
  down = false;
  expect((await send("in-the-outage", sender)).status).toBe(202);
  expect(await get(metricsPort, "/readyz")).toEqual({ status: 200, text: "ok\n" });
});
