// A Prometheus behind the API server, through a whole collection: found, named, absent, forbidden, slow, and none at all behind the name.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { collectEvidence } from "#evidence/collect-cluster.ts";
import { decodeEvidence, encodeEvidence } from "#evidence/evidence-file.ts";
import type { Evidence } from "#evidence/evidence.ts";
import type { ClusterReader } from "#evidence/gather.ts";
import type { PrometheusSource } from "#evidence/read-prometheus.ts";
import { errorOfAnswer, KubeError } from "#kube/errors.ts";
import type { Clock } from "#lib/clock.ts";
import { createManualClock } from "#lib/manual-clock.ts";
import { systemClock } from "#lib/system-clock.ts";
import { connect } from "#kube/connect.ts";
import { tokenCredentials } from "#test/cluster.ts";
import { type FaultAction, type ProxiedRequest, startFaultProxy } from "#test/fault-proxy.ts";
import { type EmbeddedTestCluster, startEmbeddedCluster } from "#test/embedded-test-cluster.ts";
import { objects, podsOf } from "#test/evidence-sketch.ts";
import type { Deployment } from "#api/kubernetes.ts";
import type { KubeObject } from "#api/object.ts";

const [web] = objects(`
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 1
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: "registry.example/web:1"}]}
`);
const monitoring = objects(`
apiVersion: v1
kind: Node
metadata: {name: node-a}
status: {addresses: [{type: InternalIP, address: 10.0.0.7}]}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata:
  name: prometheus-operated-abcde
  namespace: monitoring
  labels: {kubernetes.io/service-name: prometheus-operated, app.kubernetes.io/name: prometheus}
addressType: IPv4
endpoints: [{addresses: [10.0.0.9], conditions: {ready: true}}]
ports: [{name: http-web, port: 9090, protocol: TCP}]
`);
const pod = "web-7d9c5b8f6-bx2z4";
const proxied = "/api/v1/namespaces/monitoring/services/prometheus-operated:http-web/proxy/api/v1/query?query=";
const ratio = { kintsugi_metric: "cpu_throttled_ratio", namespace: "shop", pod, container: "web" };
const vector = (...result: readonly unknown[]): unknown => ({ status: "success", data: { resultType: "vector", result } });
const received = { kintsugi_metric: "network_receive_packets_per_second", namespace: "shop", kintsugi_workload: "web" };
const retransmits = { kintsugi_metric: "tcp_retransmits", instance: "10.0.0.7:9100" };
const before = { kintsugi_before: "true" };
const healthy = (path: string): unknown => {
  if (path.includes("ALERTS")) return vector({ metric: { alertname: "CPUThrottlingHigh", namespace: "shop", pod }, value: [1, "1"] });
  if (path.includes("node_netstat")) return vector({ metric: retransmits, value: [1, "7"] });
  if (path.includes("container_network"))
    return vector({ metric: received, value: [1, "80"] }, { metric: { ...received, ...before }, value: [1, "20"] });
  return path.includes("istio") ? vector() : vector({ metric: ratio, value: [1, "0.6"] });
};

let plain: EmbeddedTestCluster;
let watched: EmbeddedTestCluster;
beforeAll(async () => {
  plain = await startEmbeddedCluster();
  watched = await startEmbeddedCluster();
  for (const cluster of [plain, watched]) cluster.put(web!, ...podsOf(web!, {}));
  watched.put(...monitoring);
});
afterAll(async () => Promise.all([plain.stop(), watched.stop()]));

const asked: string[] = [];
beforeEach(() => asked.splice(0));
/** The server's own, but for what goes through it to a Service. */
const behind = (
  cluster: EmbeddedTestCluster,
  answer: (path: string, options: { timeoutMs?: number; maxBytes?: number }) => unknown,
): ClusterReader => ({
  ...cluster.admin,
  request: async (method, path, body, options = {}) => {
    if (!path.includes("/proxy/")) return cluster.admin.request(method, path, body, options);
    expect(options).toMatchObject({ maxBytes: 262_144, attempts: 1 });
    asked.push(path);
    return answer(path, options);
  },
});
const target = { apiVersion: "apps/v1", kind: "Deployment", namespace: "shop", name: "web" };
const collect = (
  reader: ClusterReader,
  prometheus: PrometheusSource | undefined = "look for it",
  clock: Clock = systemClock,
): Promise<Evidence> => collectEvidence(reader, clock, { around: { target }, prometheus });
const notMetricsServer = ({ gaps }: Evidence): readonly string[] => gaps.filter((gap) => !gap.startsWith("read metrics.k8s.io"));

describe("looked for", () => {
  test("what it says of the containers, and what fires, stand in the evidence and in its file", async () => {
    watched.requests.length = 0;
    const evidence = await collect(behind(watched, healthy));
    expect(evidence.metrics).toEqual([
      {
        object: { apiVersion: "v1", kind: "Pod", namespace: "shop", name: pod },
        container: "web",
        name: "cpu_throttled_ratio",
        value: 0.6,
      },
      { object: target, name: "network_receive_packets_per_second", value: 80, usual: 20 },
      { object: { apiVersion: "v1", kind: "Node", name: "node-a" }, name: "tcp_retransmits", value: 7 },
    ]);
    expect(evidence.firing).toEqual([{ name: "CPUThrottlingHigh", labels: { namespace: "shop", pod } }]);
    expect(evidence.alerts).toEqual([]);
    expect(notMetricsServer(evidence)).toEqual([]);
    expect(asked.map((path) => path.startsWith(proxied))).toEqual([true, true, true, true, true]);
    // Of sixty in all: the rest is left to finding the target and to planning.
    expect(watched.requests.length + asked.length).toBe(35);
    const { metrics, firing } = decodeEvidence(encodeEvidence(evidence, "a.json.gz"), "a.json.gz");
    expect({ metrics, firing }).toEqual({ metrics: evidence.metrics, firing: evidence.firing });
  });

  test("it is found in a whole cluster without another list", async () => {
    watched.requests.length = 0;
    const reader = behind(watched, healthy);
    const evidence = await collectEvidence(reader, systemClock, { around: { namespaces: "all" }, prometheus: "look for it" });
    expect(evidence.firing).toHaveLength(1);
    expect(watched.requests.filter((request) => request.includes("endpointslices"))).toHaveLength(1);
  });

  test("that there is none is no gap, and costs two lists", async () => {
    plain.requests.length = 0;
    const evidence = await collect(behind(plain, healthy));
    expect(asked).toEqual([]);
    expect(notMetricsServer(evidence)).toEqual([]);
    expect(plain.requests.filter((request) => request.startsWith("GET /apis/discovery.k8s.io/v1/endpointslices?"))).toHaveLength(2);
  });

  test("nor is it one that the whole cluster may not be looked at", async () => {
    const reader = behind(watched, healthy);
    const evidence = await collect({
      ...reader,
      pages: (type, scope, options) => {
        if (type.kind === "EndpointSlice" && scope?.namespace === undefined)
          throw new KubeError({ doing: "list", status: 403, reason: "Forbidden", message: "no" });
        return reader.pages(type, scope, options);
      },
    });
    expect(asked).toEqual([]);
    expect(notMetricsServer(evidence)).toEqual([]);
  });

  test("Prometheus is not queried unless a source is given", async () => {
    watched.requests.length = 0;
    const evidence = await collectEvidence(behind(watched, healthy), systemClock, { around: { target } });
    expect([...asked, ...watched.requests.filter((request) => request.includes("/v1/endpointslices"))]).toEqual([]);
    expect(evidence).toMatchObject({ firing: [], alerts: [] });
  });
});

const name = "ask Prometheus monitoring/prometheus-operated:http-web for";
const parts = ["containers", "firing alerts", "nodes", "requests", "workloads"] as const;
const everyPart = parts.map((part) => `${name} ${part}`).join(", ");
const failing = (status: number, body: string) => (path: string) => {
  throw errorOfAnswer(`GET ${path.split("?")[0]}`, status, body, undefined);
};
test.each<[string, (path: string) => unknown, string]>([
  [
    "may not be asked",
    failing(403, JSON.stringify({ kind: "Status", message: 'services "prometheus-operated:http-web" is forbidden', reason: "Forbidden" })),
    'not allowed: the right "get services/proxy" is needed, which kintsugi doctor --rbac diagnose shows',
  ],
  ["is not served at that path", failing(404, "404 page not found"), "no Prometheus answers there"],
  [
    "has no endpoints",
    failing(503, 'no endpoints available for service "prometheus-operated"'),
    'no endpoints available for service "prometheus-operated"',
  ],
  ["is a sign-in page", () => "<html>", "the answer does not come from Prometheus"],
])("one that %s is in the gaps, with the reason", async (_, answer, why) => {
  const evidence = await collect(behind(watched, answer));
  expect(notMetricsServer(evidence)).toEqual([`${everyPart}: ${why}`]);
  expect([...evidence.metrics, ...evidence.firing]).toEqual([]);
});

test("a part that fails leaves the other", async () => {
  const evidence = await collect(
    behind(watched, (path) => (path.includes("ALERTS") ? { status: "error", error: "many-to-many" } : healthy(path))),
  );
  expect(evidence.metrics).toHaveLength(3);
  expect(notMetricsServer(evidence)).toEqual([`${name} firing alerts: many-to-many`]);
});

test("packets of a workload on the host's network are not its own, and a name of two workloads is no workload", async () => {
  const cluster = await startEmbeddedCluster();
  const { template, ...spec } = (web as Deployment).spec;
  const onHost = { ...web!, spec: { ...spec, template: { ...template, spec: { ...template.spec, hostNetwork: true } } } };
  cluster.put(onHost as KubeObject, ...podsOf(onHost, {}), ...monitoring);
  expect((await collect(behind(cluster, healthy))).metrics.map(({ name: metric }) => metric)).toEqual([
    "cpu_throttled_ratio",
    "tcp_retransmits",
  ]);
  cluster.put({ ...web!, kind: "DaemonSet", metadata: { ...web!.metadata, uid: "uid-of-another" } });
  expect((await collect(behind(cluster, healthy))).metrics).toHaveLength(2);
  await cluster.stop();
});

test.each<[string, string | undefined, string]>([
  ["no alert", undefined, "1800s"],
  ["an alert of two hours ago", "2027-03-01T12:00:00Z", "8400s"],
  ["an alert of last year", "2026-03-01T12:00:00Z", "86400s"],
  ["an alert of tomorrow", "2027-03-02T12:00:00Z", "1800s"],
])("with %s the usual hour ended %s ago", async (_, startsAt, ago) => {
  const alert = { name: "A", fingerprint: "f", severity: "warning", source: "prometheus", labels: {}, annotations: {} } as const;
  await collectEvidence(behind(watched, healthy), createManualClock(Date.parse("2027-03-01T14:00:00Z")), {
    around: { target },
    alerts: startsAt === undefined ? [] : [{ ...alert, startsAt }],
    prometheus: "look for it",
  });
  expect(asked.filter((path) => path.includes(encodeURIComponent(`offset ${ago}`)))).toHaveLength(3);
});

test("hostile words and impossible numbers stay data", async () => {
  const evidence = await collect(
    behind(watched, (path) =>
      path.includes("ALERTS")
        ? vector({ metric: { alertname: "\u001b[2JX", namespace: "shop", note: "password=hunter2\u0007" }, value: [1, "1"] })
        : vector(
            { metric: ratio, value: [1, "NaN"] },
            { metric: { ...ratio, pod: "other" }, value: [1, "1"] },
            { metric: ratio, value: [1, "-1"] },
          ),
    ),
  );
  expect(evidence.metrics).toEqual([]);
  expect(evidence.firing).toEqual([{ name: "X", labels: { namespace: "shop", note: "password=[redacted]" } }]);
});

test.each<[string, PrometheusSource, number]>([
  ["found", "look for it", 1_000],
  ["named", { namespace: "monitoring", service: "prometheus-operated:http-web" }, 3_000],
])("one that was %s is waited for no longer than it is worth", async (_, source, ms) => {
  const seen: (number | undefined)[] = [];
  await collect(
    behind(watched, (path, { timeoutMs }) => (seen.push(timeoutMs), healthy(path))),
    source,
  );
  expect(seen).toEqual(parts.map(() => ms));
});

test("one that never answers is given up when the collection's time is over", async () => {
  const clock = createManualClock();
  const reader = behind(watched, () => undefined);
  let waiting = 0;
  const slow: ClusterReader = {
    ...reader,
    request: (method, path, body, options) =>
      path.includes("/proxy/")
        ? new Promise((_, reject) => {
            options?.signal?.addEventListener("abort", () => reject(options.signal?.reason as Error));
            waiting += 1;
            if (waiting === parts.length) void clock.advance(10_000);
          })
        : reader.request(method, path, body, options),
  };
  const evidence = await collect(slow, "look for it", clock);
  expect(notMetricsServer(evidence)).toEqual([`${everyPart}: the collection's 10 s are over`]);
});

describe("over HTTP", () => {
  const answered = (body: string, status = 200): FaultAction => ({ kind: "answer", when: "before", status, body });

  test.each<[string, FaultAction, string]>([
    [
      "a megabyte",
      answered(JSON.stringify(vector({ metric: { ...ratio, x: "y".repeat(1_000_000) }, value: [1, "0.5"] }))),
      "larger than 262144 bytes",
    ],
    ["a page", answered("<!doctype html><title>Sign in</title>"), "the answer is not JSON"],
    ["half an answer", { kind: "cut", afterBytes: 20 }, ""],
    [
      "an error of Prometheus",
      answered('{"status":"error","errorType":"execution","error":"many-to-many matching not allowed"}', 422),
      "many-to-many",
    ],
    ["no answer within a second", { kind: "hang", when: "before" }, "no complete answer within 1000 ms"],
  ])("%s becomes a gap, at once and after one try", async (_, action, why) => {
    const clock = createManualClock();
    const proxy = await startFaultProxy({
      server: watched.config.server,
      name: "embedded",
      namespace: "shop",
      credentials: tokenCredentials(watched.adminToken),
    });
    const kube = connect(proxy.config(), { clock, random: () => 0.5 });
    const isAsked = ({ path }: ProxiedRequest): boolean => path.includes("/proxy/");
    const arrives = (request: ProxiedRequest): boolean => {
      if (!isAsked(request)) return false;
      // All of them wait by now.
      if (asked.push(request.path) === parts.length && action.kind === "hang") void clock.advance(1_000);
      return true;
    };
    proxy.addRule({ match: arrives, action, times: parts.length });
    const evidence = await collect(kube, "look for it", clock);
    kube.close();
    await proxy.stop();
    expect(proxy.requests.filter(isAsked)).toHaveLength(parts.length);
    expect([...evidence.metrics, ...evidence.firing]).toEqual([]);
    const text = notMetricsServer(evidence).join("; ");
    for (const part of [everyPart, why]) expect(text).toContain(part);
  });
});
