// The runner's parts on cases of our own making: what is read, what counts as right, what renaming leaves, what a broken case comes to.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Finding, FindingCode } from "#diagnosis/finding.ts";
import { type CaseFolder, loadCase, withCases } from "#bench/diagnosis/cases.ts";
import { liveShaped } from "#bench/diagnosis/live-shape.ts";
import { renamed } from "#bench/diagnosis/rename.ts";
import { reportText, summaryOf } from "#bench/diagnosis/report.ts";
import { type Scored, scoreCase } from "#bench/diagnosis/score.ts";
import { isRight, namesOf, spelledOf } from "#bench/diagnosis/taxonomy.ts";
import type { Reference } from "#api/fields.ts";
import type { KubeObject } from "#api/object.ts";
import {
  containerMetricNames,
  nodeMetricNames,
  nodesQuery,
  requestMetricNames,
  requestsQuery,
  workloadMetricNames,
  workloadsQuery,
} from "#evidence/prometheus-queries.ts";
import { evidence, objects, podsOf } from "#test/evidence-sketch.ts";

let root = "";
const write = (name: string, metadata: unknown, cache: string | undefined): void => {
  const folder = join(root, name);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "metadata.json"), JSON.stringify(metadata));
  if (cache !== undefined) writeFileSync(join(folder, "tool_cache.json"), cache);
};
const result = { root_cause: "pv_binding_occupied", fault_object: "app/db" };
const described = (type: string, name: string, text: string): [string, string] => [
  `DescribeResource:${JSON.stringify({ resource_type: type, name, namespace: "shop" })}`,
  text,
];

beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), "kintsugi-bench-test-"));
  const cache = Object.fromEntries([
    ["collection_timestamp", "2027-03-01T14:00:00"],
    described(
      "persistentvolumeclaims",
      "data",
      "Name:          data\nNamespace:     shop\nStorageClass:  \nStatus:        Pending\nAccess Modes:  RWO\n",
    ),
    described(
      "persistentvolumes",
      "disk",
      "Name:            disk\nStorageClass:    \nStatus:          Bound\nClaim:           shop/other\nAccess Modes:    RWO\nCapacity:        1Gi\n",
    ),
    described(
      "deployments",
      "db",
      "Name:                   db\nNamespace:              shop\nSelector:               app=db\nReplicas:               1 desired | 1 updated | 1 total | 0 available | 1 unavailable\nPod Template:\n  Labels:  app=db\n  Containers:\n   main:\n    Image:  db:1\n  Volumes:\n   data:\n    Type:       PersistentVolumeClaim (a reference)\n    ClaimName:  data\n",
    ),
  ]);
  write("deep/down/shop/scheduling/10", { query: "who knows", result, process: ["never read"] }, JSON.stringify(cache));
  write("deep/down/shop/scheduling/9", { result }, JSON.stringify(cache).slice(0, 40));
  write("deep/down/other/startup/1", { result }, undefined);
  write("deep/down/other/startup/2", { result: "?" }, "{}");
  write("deep/down/other/startup/3", { result }, JSON.stringify({ "GetResources:{}": { deep: [null] }, "DescribeResource:{": 4 }));
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

const scored = (): Promise<readonly Scored[]> =>
  withCases(root, (folders) => Promise.all(folders.map((folder) => scoreCase(folder, { renamed: "too" }, () => 0))));

describe("cases", () => {
  test("are found in any folder, in the order of their numbers", async () => {
    const names = await withCases(root, async (folders: readonly CaseFolder[]) => folders.map(({ name }) => name));
    expect(names).toEqual(["other/startup/1", "other/startup/2", "other/startup/3", "shop/scheduling/9", "shop/scheduling/10"]);
  });

  test("a broken one is wrong, with a sentence, and stops nothing", async () => {
    const cases = await scored();
    expect(cases.map(({ folder, rank, problem }) => [folder.name, rank, problem?.replace(/^\S*\//, "")])).toEqual([
      ["other/startup/1", undefined, expect.stringContaining("tool_cache.json")],
      ["other/startup/2", undefined, "metadata.json names no root cause and object"],
      ["other/startup/3", undefined, undefined],
      ["shop/scheduling/9", undefined, "tool_cache.json is not valid JSON: truncated?"],
      ["shop/scheduling/10", 1, undefined],
    ]);
    expect(summaryOf(cases)).toMatchObject({
      systems: { shop: { cases: 2, a1: 0.5, a3: 0.5 }, other: { cases: 3, a1: 0, a3: 0 } },
      live: { shop: { a1: 0.5 }, other: { a1: 0 } },
      unread: 3,
      a1: 0.2,
      a1Renamed: 0.2,
    });
    expect(reportText(cases)).toContain("pv_binding_occupied → (not read)");
  });

  test("what cannot be read is said, never thrown", () => {
    expect(loadCase(join(root, "nowhere")).problem).toContain("nowhere");
  });
});

const finding = (code: string, object: Partial<Finding["object"]>, more: Partial<Finding> = {}): Finding => ({
  code: code as FindingCode,
  object: { apiVersion: "v1", kind: "Deployment", namespace: "shop", name: "web", ...object },
  score: 1,
  summary: "",
  chain: [],
  quotes: [],
  advice: { remedies: [], otherwise: "" },
  ...more,
});
const web = { apiVersion: "apps/v1", kind: "Deployment", namespace: "shop", name: "web" };

test.each<[string, Finding, string, string, boolean]>([
  ["a workload", finding("ServiceAccountMissing", {}), "missing_service_account", "app/web", true],
  ["another workload", finding("ServiceAccountMissing", {}), "missing_service_account", "app/api", false],
  ["another cause", finding("ServiceAccountMissing", {}), "oom_killed", "app/web", false],
  [
    "a quota by its namespace and resource",
    finding("QuotaExceeded", { kind: "ResourceQuota" }, { detail: { resource: "cpu" } }),
    "namespace_cpu_quota_exceeded",
    "namespace/shop",
    true,
  ],
  [
    "another resource",
    finding("QuotaExceeded", { kind: "ResourceQuota" }, { detail: { resource: "pods" } }),
    "namespace_cpu_quota_exceeded",
    "namespace/shop",
    false,
  ],
  [
    "a claim by who uses it",
    finding("VolumeOccupied", { kind: "PersistentVolumeClaim", name: "data" }, { explains: [web] }),
    "pv_binding_occupied",
    "app/web",
    true,
  ],
  ["a node", finding("KubeletDown", { kind: "Node", name: "a" }), "kubelet_unavailable", "node/a", true],
  [
    "a cordoned node by who waits for it",
    finding("NodeCordoned", { kind: "Node", name: "a" }, { explains: [web] }),
    "node_cordon_mismatch",
    "app/web",
    true,
  ],
  ["one spelling", finding("DatabaseReadOnly", {}), "db_read_only", "app/web", true],
  ["the other spelling", finding("DatabaseReadOnly", {}), "db_readonly_mode", "app/web", true],
])("right or not: %s", (_name, given, rootCause, object, right) => {
  expect(isRight(given, { rootCause, object })).toBe(right);
});

test("spellings of one cause count as one, and an unknown code has no name of theirs", () => {
  expect(spelledOf("gateway_misrouted")).toBe(spelledOf("gateway_misroute"));
  expect(namesOf(finding("Invented", {}))).toEqual([]);
});

test("renaming is consistent, long names first, and leaves the cluster's own names alone", () => {
  const given = evidence({
    objects: objects(`
apiVersion: apps/v1
kind: Deployment
metadata: { name: web }
spec: { template: { metadata: { labels: { app: web } }, spec: { containers: [{ name: main, image: "registry.example/team/web:1", env: [{ name: API, value: "web-api.shop:80" }] }] } } }
---
apiVersion: v1
kind: Service
metadata: { name: web-api }
spec: { selector: { app: web } }
`),
    logs: [
      { namespace: "shop", pod: "web-7d9-x", run: "current", text: "first\nweb failed to reach web-api in shop, not in default nor webs" },
    ],
  });
  const { evidence: other, objectOf } = renamed(given);
  const text = JSON.stringify(other);
  expect(text).not.toMatch(/\bweb\b|\bweb-api\b|\bshop\b|registry\.example/);
  expect(text).toContain("default");
  expect(text).toContain("webs");
  const name = objectOf("app/web").slice("app/".length);
  expect(other.objects[0]?.metadata.name).toBe(name);
  expect(other.objects[1]).toMatchObject({
    metadata: { name: objectOf("app/web-api").slice("app/".length) },
    spec: { selector: { app: name } },
  });
  expect(other.logs[0]?.pod).toBe(`${name}-7d9-x`);
});

describe("live-shaped evidence", () => {
  const workload = (name: string, ...containers: string[]): KubeObject[] => {
    const [deployment] = objects(`
apiVersion: apps/v1
kind: Deployment
metadata: {name: ${name}}
spec: {selector: {matchLabels: {app: ${name}}}, template: {metadata: {labels: {app: ${name}}}, spec: {containers: [{name: ${name}}]}}}
`);
    return [deployment!, ...podsOf(deployment!, { spec: { containers: containers.map((container) => ({ name: container })) } })];
  };
  const referenceOf = (name: string): Reference => ({ apiVersion: "apps/v1", kind: "Deployment", namespace: "shop", name });
  const node: Reference = { apiVersion: "v1", kind: "Node", name: "node-a" };
  const names = [
    ...new Set([...containerMetricNames, ...workloadMetricNames, ...requestMetricNames, ...nodeMetricNames]),
    ...["cpu_throttled_seconds", "request_latency_seconds_p95", "success_percent", "memory_usage", "cpu_requested_cores"],
  ];
  const given = evidence({
    objects: [...workload("meshed", "meshed", "istio-proxy"), ...workload("plain", "plain")],
    connections: [{ namespace: "shop", service: "web", port: 80, result: "refused", text: "connection refused" }],
    metrics: [referenceOf("meshed"), referenceOf("plain"), node].flatMap((object) =>
      names.map((name) => ({ object, name, value: 2, usual: 1 })),
    ),
    components: [
      { component: "kubelet", node: "a", state: "stopped", text: "its lease is late" },
      { component: "kube-proxy", node: "a", state: "stopped", text: "inactive" },
    ],
    gaps: ["read metrics.k8s.io: not installed"],
  });

  test("keeps what Prometheus measures of each kind of object, requests only where a sidecar counts them", () => {
    const shaped = liveShaped(given);
    const keptOf = (name: string): string[] => shaped.metrics.flatMap((each) => (each.object.name === name ? [each.name] : [])).toSorted();
    expect(keptOf("meshed")).toEqual([...workloadMetricNames, ...requestMetricNames].toSorted());
    expect(keptOf("plain")).toEqual([...workloadMetricNames].toSorted());
    expect(keptOf("node-a")).toEqual([...nodeMetricNames]);
    expect(shaped).toEqual({ ...given, connections: [], metrics: shaped.metrics, components: [given.components[0]] });
  });

  test("keeps no metric that no query asks for", () => {
    const queries = [workloadsQuery("all", 0), requestsQuery("all", 0), nodesQuery(0)].join(" ");
    for (const { name } of liveShaped(given).metrics) expect(queries).toContain(`"kintsugi_metric", "${name}"`);
  });
});
