// The Gateway against an API server, under its own generated rights, with real tokens: what is stored, and what the audit log says it took.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { GROUP } from "#api/define-kind.ts";
import { kinds } from "#api/kinds/registry.ts";
import { RemediationRequest } from "#api/kinds/remediation-request.ts";
import { type Deployment, Deployments, Namespaces, type Pod, Pods, type ReplicaSet, ReplicaSets } from "#api/kubernetes.ts";
import { CONTROLLER_ACCOUNT, SIGNALS_ACCOUNT, SIGNALS_AUDIENCE } from "#api/labels.ts";
import type { KubeObject, NewObject } from "#api/object.ts";
import { prometheusSignalsPath, type SignalResults } from "#api/rest/gateway.ts";
import { createCaches } from "#kube/caches.ts";
import { createApp, type HttpServer, startHttpServer } from "#lib/http-server.ts";
import { silentLog } from "#lib/log.ts";
import { createManualClock } from "#lib/manual-clock.ts";
import { createMetrics } from "#lib/metrics.ts";
import { systemClock } from "#lib/system-clock.ts";
import { TARGET_LABEL } from "#api/labels.ts";
import { requestNameStem, targetHash } from "#api/target-hash.ts";
import { newRequest } from "#services/gateway/request.ts";
import type { Signal } from "#services/gateway/signal.ts";
import { crdOf } from "#manifests/crd.ts";
import { rbacOf } from "#manifests/rbac.ts";
import { defaultSettings } from "#policy/settings.ts";
import { createGateway, type Gateway } from "#services/gateway/gateway.ts";
import { needs, senderNeeds } from "#services/gateway/role.ts";
import { issuerOf } from "#services/token-claims.ts";
import { alertmanagerAlert, delivery } from "#test/alertmanager.ts";
import { type Connected, tokenOf } from "#test/cluster.ts";
import { type EmbeddedTestCluster, startEmbeddedCluster } from "#test/embedded-test-cluster.ts";

const namespace = "kintsugi-gateway";
const shop = "kintsugi-gateway-shop";
const stopping = new AbortController();
/** Never advances by itself: a test decides when counts are written. */
const clock = createManualClock(Date.now());
let cluster: EmbeddedTestCluster;
let kube: Connected;
let gateway: Gateway;
let server: HttpServer;
let token: string;

const template = { metadata: { labels: { app: "web" } }, spec: { containers: [{ name: "web", image: "example.test/web:1" }] } };
const selector = { matchLabels: { app: "web" } };

/** A Deployment with its ReplicaSet and pods, as the controllers of a whole cluster would make them. */
const createWorkload = async (name: string): Promise<void> => {
  const owner = (object: KubeObject) => [
    { apiVersion: object.apiVersion, kind: object.kind, name: object.metadata.name, uid: object.metadata.uid, controller: true },
  ];
  const deployment: NewObject<Deployment> = {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name, namespace: shop },
    spec: { selector, template },
  };
  const root = await cluster.admin.create(Deployments, deployment);
  const set: NewObject<ReplicaSet> = {
    apiVersion: "apps/v1",
    kind: "ReplicaSet",
    metadata: { name: `${name}-7d8f9b5c4`, namespace: shop, ownerReferences: owner(root) },
    spec: { selector, template },
  };
  const replicaSet = await cluster.admin.create(ReplicaSets, set);
  for (const suffix of ["b2b2b", "c4c4c"]) {
    const pod: NewObject<Pod> = {
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name: `${name}-7d8f9b5c4-${suffix}`, namespace: shop, labels: { app: "web" }, ownerReferences: owner(replicaSet) },
      spec: template.spec,
    };
    await cluster.admin.create(Pods, pod);
  }
};

const send = async (body: unknown, bearer = token): Promise<{ status: number; results: string[]; requests: (string | undefined)[] }> => {
  const response = await fetch(`${server.url}${prometheusSignalsPath}`, {
    method: "POST",
    headers: { authorization: `Bearer ${bearer}`, "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  const { results = [] } = (await response.json()) as Partial<SignalResults>;
  return { status: response.status, results: results.map(({ result }) => result), requests: results.map(({ request }) => request) };
};

/** What the Gateway asked of the API server about requests and reviews after so many lines of the audit log, lists and watches aside. */
const callsSince = (line: number): string[] =>
  cluster.audit
    .slice(line)
    .filter(
      ({ user, verb, objectRef }) =>
        user.username === `system:serviceaccount:${namespace}:${CONTROLLER_ACCOUNT}` &&
        !["list", "watch"].includes(verb) &&
        objectRef !== undefined,
    )
    .map(
      ({ verb, objectRef }) => `${verb} ${objectRef?.resource}${objectRef?.subresource === undefined ? "" : `/${objectRef.subresource}`}`,
    );
const now = (): number => cluster.audit.length;

beforeAll(async () => {
  cluster = await startEmbeddedCluster();
  const creatorNeeds = [{ group: GROUP, resource: "remediationrequests", verbs: ["create"], scope: "own" }] as const;
  await cluster.apply([
    ...kinds.map(crdOf),
    ...[namespace, shop].map((name) => ({ apiVersion: "v1", kind: "Namespace", metadata: { name } })),
    ...rbacOf({ account: CONTROLLER_ACCOUNT, namespace, needs }),
    ...rbacOf({ account: SIGNALS_ACCOUNT, namespace, needs: senderNeeds }),
    ...rbacOf({ account: "kintsugi-creator", namespace, needs: creatorNeeds }),
  ]);
  await createWorkload("web");

  kube = await cluster.asAccount(namespace, CONTROLLER_ACCOUNT);
  const caches = createCaches(kube, { log: silentLog });
  const deps = { clock: systemClock, log: silentLog, metrics: createMetrics() };
  const tokenAudience = SIGNALS_AUDIENCE;
  const tokenIssuer = async (): Promise<string | undefined> => issuerOf(await tokenOf(cluster, namespace, CONTROLLER_ACCOUNT));
  gateway = createGateway({
    ...deps,
    clock,
    random: () => 0.5,
    kube,
    caches,
    namespace,
    settings: () => defaultSettings,
    tokenAudience,
    tokenIssuer,
  });
  const app = createApp({ name: "gateway" }, deps);
  gateway.addRoutes(app);
  server = await startHttpServer(app, { host: "127.0.0.1", port: 0 }, deps);
  gateway.serve(stopping.signal);
  caches.start(stopping.signal);
  await caches.synced();
  expect(caches.health().filter((cache) => cache.forbidden === true)).toEqual([]);
  token = await tokenOf(cluster, namespace, SIGNALS_ACCOUNT, [SIGNALS_AUDIENCE]);
  expect((await send(delivery([]))).status).toBe(202);
});

afterAll(async () => {
  stopping.abort();
  await server.drain(1_000);
  await gateway.stop();
  await cluster.stop();
});

const podAlert = (workload: string, suffix: string, name?: string) =>
  alertmanagerAlert({
    ...(name === undefined ? {} : { name }),
    labels: { namespace: shop, pod: `${workload}-7d8f9b5c4-${suffix}`, job: "kube-state-metrics" },
    startsAt: new Date(Date.now() - 60_000).toISOString(),
  });

describe("senders", () => {
  const signals = (audiences?: readonly string[]) => tokenOf(cluster, namespace, SIGNALS_ACCOUNT, audiences);
  const reviewsSince = (line: number): string[] => callsSince(line).filter((call) => call.includes("review"));

  test.each<[string, () => Promise<string>]>([
    ["is no token", () => Promise.resolve("made-up")],
    ["is for the API server", () => signals()],
    ["is for another audience", () => signals(["vault"])],
  ])("a token that %s is refused without a question to the API server", async (_, make) => {
    const made = await make();
    const line = now();
    expect((await send(delivery([]), made)).status).toBe(401);
    expect(reviewsSince(line)).toEqual([]);
  });

  test("a token with a false signature is refused", async () => {
    expect((await send(delivery([]), `${token.slice(0, -4)}AAAA`)).status).toBe(401);
  });

  test("a token for several audiences counts, where Kintsugi is one of them", async () => {
    expect((await send(delivery([]), await signals(["vault", SIGNALS_AUDIENCE]))).status).toBe(202);
  });

  test("an account that may create requests, but send no signals, is refused", async () => {
    const creator = await tokenOf(cluster, namespace, "kintsugi-creator", [SIGNALS_AUDIENCE]);
    expect((await send(delivery([]), creator)).status).toBe(403);
  });

  test("the account of senders can create nothing, and its token is not one for the API server", async () => {
    const sender = await cluster.asAccount(namespace, SIGNALS_ACCOUNT);
    const request = newRequest("rr-000000000000-1", namespace, {
      signal: signalOf("web"),
      target: {
        apiVersion: "apps/v1",
        kind: "Deployment",
        namespace: shop,
        name: "web",
      },
    });
    await expect(sender.create(RemediationRequest, request)).rejects.toMatchObject({ status: 403 });
    const answer = await fetch(`${cluster.config.server}/api`, { headers: { authorization: `Bearer ${token}` } });
    expect(answer.status).toBe(401);
  });
});

describe("one episode, in the audit log", () => {
  test("a new request is one call, a joining alert one, a repeated one none, an end one", async () => {
    const startedAt = now();
    const first = await send(delivery([podAlert("web", "b2b2b")]));
    expect([first.status, first.results]).toEqual([202, ["created"]]);
    const joined = await send(delivery([podAlert("web", "c4c4c"), podAlert("web", "c4c4c", "KubeContainerWaiting")]));
    expect(joined.results).toEqual(["joined", "joined"]);
    expect(joined.requests).toEqual([first.requests[0], first.requests[0]]);
    expect((await send(delivery([{ ...podAlert("web", "b2b2b"), status: "resolved" }]))).results).toEqual(["resolved"]);
    const beforeRepeats = now();
    for (let time = 0; time < 5; time += 1) expect((await send(delivery([podAlert("web", "c4c4c")]))).results).toEqual(["repeated"]);
    expect(callsSince(beforeRepeats)).toEqual([]);
    await clock.advance(1_000);
    await expect
      .poll(() => callsSince(startedAt), { timeout: 10_000 })
      .toEqual([
        "create remediationrequests",
        "patch remediationrequests/status",
        "patch remediationrequests/status",
        "patch remediationrequests/status",
      ]);
    // The fourth wrote all that was counted.
    expect(callsSince(beforeRepeats)).toHaveLength(1);

    const request = await cluster.admin.get(RemediationRequest, { namespace, name: first.requests[0]! });
    expect(request?.spec.target).toEqual({ apiVersion: "apps/v1", kind: "Deployment", namespace: shop, name: "web" });
    const entries = Object.values(request?.status?.alerts ?? {}).map(
      ({ name, count, resolvedAt }) => `${name} ${count}${resolvedAt === undefined ? "" : " resolved"}`,
    );
    expect(new Set(entries)).toEqual(new Set(["KubeContainerWaiting 1", "KubePodCrashLooping 1 resolved", "KubePodCrashLooping 6"]));
  });

  test("the Gateway's own part survives beside the controller's, and the other way round", async () => {
    const { requests } = await send(delivery([podAlert("api", "b2b2b")]));
    const key = { namespace, name: requests[0]! };
    const startedAt = new Date().toISOString();
    await cluster.admin.mergePatch(
      RemediationRequest,
      key,
      { status: { phase: "Processing", phaseStartedAt: startedAt } },
      { subresource: "status" },
    );
    expect((await send(delivery([podAlert("api", "b2b2b", "Other")]))).results).toEqual(["joined"]);
    const request = await cluster.admin.get(RemediationRequest, key);
    expect(request?.status).toMatchObject({ phase: "Processing", phaseStartedAt: startedAt });
    expect(Object.keys(request?.status?.alerts ?? {})).toHaveLength(2);
  });

  test("an alert full of secrets, oddities and length is stored within the schema, and without the secrets", async () => {
    const labels = { namespace: shop, deployment: "odd", note: "\u0000\ud800 ü 💥", ["k".repeat(400)]: "v", ["__proto__"]: "x" };
    const annotations = Object.fromEntries(Array.from({ length: 90 }, (_, index) => [`a${index}`, `token=abc123 ${"ü".repeat(9_000)}`]));
    const { results, requests } = await send(delivery([{ ...alertmanagerAlert({ annotations }), labels }]));
    expect(results).toEqual(["created"]);
    const request = await cluster.admin.get(RemediationRequest, { namespace, name: requests[0]! });
    expect(JSON.stringify(request)).not.toContain("abc123");
  });

  test("1,000 alerts of ten targets in ten deliveries at once are ten requests", async () => {
    const startedAt = now();
    const alert = (index: number) =>
      alertmanagerAlert({ name: `Alert${index % 60}`, labels: { namespace: shop, deployment: `d${index % 10}`, index: `${index}` } });
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, part) => send(delivery(Array.from({ length: 100 }, (__, index) => alert(part * 100 + index))))),
    );
    expect(new Set(answers.flatMap(({ requests }) => requests)).size).toBe(10);
    expect(answers.flatMap(({ results }) => results).filter((result) => result === "created")).toHaveLength(10);
    const creates = callsSince(startedAt).filter((call) => call === "create remediationrequests");
    expect(creates).toHaveLength(10);
  });
});

const signalOf = (deployment: string): Signal => ({
  status: "firing",
  name: "Squatter",
  fingerprint: "squatter",
  severity: "info",
  startsAtMs: 0,
  source: "prometheus",
  labels: {},
  annotations: {},
  reported: { kind: "Deployment", namespace: shop, name: deployment },
});

describe("requests that another account wrote", () => {
  const target = (name: string) => ({ apiVersion: "apps/v1", kind: "Deployment", namespace: shop, name });
  const alertOf = (deployment: string, name = "A") =>
    alertmanagerAlert({ name, labels: { namespace: shop, deployment }, startsAt: new Date(Date.now() - 60_000).toISOString() });

  test("the name of a target's first requests, taken by requests about something else, costs nothing but the number", async () => {
    const uid = (await cluster.admin.get(Namespaces, { name: "kube-system" }))?.metadata.uid ?? "";
    const stem = requestNameStem(uid, target("victim"));
    for (const n of [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12])
      await cluster.admin.create(RemediationRequest, {
        ...newRequest(`${stem}-${n}`, namespace, { signal: signalOf("other"), target: target("other") }),
        metadata: { name: `${stem}-${n}`, namespace, labels: { [TARGET_LABEL]: targetHash(target("victim")) } },
      });
    await expect.poll(async () => (await send(delivery([alertOf("victim")]))).status, { timeout: 10_000 }).toBe(202);
    const made = (await cluster.admin.list(RemediationRequest, { namespace })).filter(({ spec }) => spec.target.name === "victim");
    expect(made.map(({ metadata }) => metadata.name)).toEqual([`${stem}-13`]);
  });

  test("a request whose label is changed is found all the same", async () => {
    const { requests: names } = await send(delivery([alertOf("relabelled")]));
    const key = { namespace, name: names[0]! };
    await cluster.admin.mergePatch(RemediationRequest, key, { metadata: { labels: { [TARGET_LABEL]: "000000000000" } } });
    expect(await send(delivery([alertOf("relabelled"), alertOf("relabelled", "B"), alertOf("bystander")]))).toMatchObject({
      status: 202,
      results: ["repeated", "joined", "created"],
    });
    await cluster.admin.mergePatch(RemediationRequest, key, { metadata: { labels: null } });
    expect(await send(delivery([alertOf("relabelled", "B")]))).toMatchObject({ status: 202, results: ["repeated"], requests: names });
  });
});

test("a storm of 10,000 alerts, all of which one Deployment causes, is one incident: one create and a few patches", async () => {
  await createWorkload("stormy");
  const from = now();
  const alertOf = (index: number) =>
    alertmanagerAlert({
      name: `Alert${index % 5}`,
      labels: { namespace: shop, pod: `stormy-7d8f9b5c4-${["b2b2b", "c4c4c"][index % 2]}`, instance: `10.0.${index >> 8}.${index & 255}` },
      startsAt: new Date(Date.now() - 60_000).toISOString(),
    });
  const parts = Array.from({ length: 50 }, (_, part) => Array.from({ length: 200 }, (__, index) => alertOf(part * 200 + index)));
  const answers = await Promise.all(parts.map((alerts) => send(delivery(alerts))));
  expect(answers.map(({ status }) => status)).toEqual(parts.map(() => 202));
  const results = answers.flatMap((answer) => answer.results);
  expect(results.filter((result) => result === "created")).toHaveLength(1);
  expect(results.filter((result) => result !== "created" && result !== "joined" && result !== "repeated")).toEqual([]);
  expect(new Set(answers.flatMap((answer) => answer.requests)).size).toBe(1);
  const all = await cluster.admin.list(RemediationRequest, { namespace });
  const requests = all.filter(({ spec }) => spec.target.name === "stormy");
  expect(requests).toHaveLength(1);
  expect(requests[0]?.spec.target).toMatchObject({ kind: "Deployment", namespace: shop });
  // Fifty of them are kept by name; the rest is counted, and written once a second.
  await clock.advance(1_000);
  const calls = callsSince(from);
  expect(calls.filter((call) => call === "create remediationrequests")).toHaveLength(1);
  expect(calls.filter((call) => call !== "create remediationrequests").every((call) => call === "patch remediationrequests/status")).toBe(
    true,
  );
  // At the worst each alert that is kept by name comes by itself; then one flush for each request there is.
  expect(calls.length).toBeLessThanOrEqual(1 + 50 + all.length);
  const stored = await cluster.admin.get(RemediationRequest, { namespace, name: requests[0]?.metadata.name ?? "" });
  const alerts = Object.values(stored?.status?.alerts ?? {});
  expect(alerts.length).toBeLessThanOrEqual(51);
  expect(alerts.reduce((sum, { count }) => sum + count, 0)).toBe(10_000);
});
