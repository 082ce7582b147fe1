// What a Prometheus may say, and all it may try: only what is possible and concerns what is looked at becomes evidence.
import { describe, expect, test } from "vitest";
import type { Pod } from "#api/kubernetes.ts";
import { containerMetrics, firingAlerts, type ObjectOf, objectMetrics } from "#evidence/prometheus-answer.ts";
import {
  containersQuery,
  firingQuery,
  nodesQuery,
  requestsQuery,
  workloadMetricNames,
  workloadsQuery,
} from "#evidence/prometheus-queries.ts";

const now = Date.parse("2027-03-01T14:00:00Z");
const vector = (...result: readonly unknown[]): unknown => ({ status: "success", data: { resultType: "vector", result } });
const pod = { spec: { containers: [{ name: "web" }], initContainers: [{ name: "setup" }] } } as unknown as Pod;
const podOf = (namespace: string, name: string): Pod | undefined => (namespace === "shop" && name === "web-1" ? pod : undefined);
const sample = (value: unknown, labels: object = {}): unknown => ({
  metric: { kintsugi_metric: "cpu_throttled_ratio", namespace: "shop", pod: "web-1", container: "web", ...labels },
  value: [1_803_909_600.123, value],
});
const ignored = (count: number, of: number): string => `${count} of ${of} values were impossible, and ignored`;

describe("containers", () => {
  test("each value belongs to its container, by the name in the query", () => {
    const answer = vector(
      sample("0.4215"),
      sample("1.5e-2", { kintsugi_metric: "cpu_usage_cores" }),
      sample("268435456", { kintsugi_metric: "memory_working_set_bytes", container: "setup" }),
    );
    const object = { apiVersion: "v1", kind: "Pod", namespace: "shop", name: "web-1" };
    expect(containerMetrics(answer, podOf)).toEqual({
      items: [
        { object, container: "web", name: "cpu_throttled_ratio", value: 0.4215 },
        { object, container: "web", name: "cpu_usage_cores", value: 0.015 },
        { object, container: "setup", name: "memory_working_set_bytes", value: 268_435_456 },
      ],
    });
  });

  test.each([
    ["nothing divided by nothing", sample("NaN")],
    ["a pod that is not looked at", sample("0.5", { pod: "web-2" })],
    ["a container that the pod does not have", sample("0.5", { container: "other" })],
    ["another namespace", sample("0.5", { namespace: "payments" })],
  ])("%s is left out without a word", (_, each) => {
    expect(containerMetrics(vector(each), podOf)).toEqual({ items: [] });
  });

  test.each([
    ["infinity", sample("+Inf")],
    ["a negative value", sample("-0.5")],
    ["more than all", sample("1.5")],
    ["no number", sample("plenty")],
    ["an empty text", sample("")],
    ["hexadecimal", sample("0x1")],
    ["a number that is none of JSON's texts", sample(0.5)],
    ["a number too large for one", sample("9e999", { kintsugi_metric: "cpu_usage_cores" })],
    ["a metric that was not asked for", sample("0.5", { kintsugi_metric: "__proto__" })],
    ["a label of a megabyte", sample("0.5", { pod: "x".repeat(1_000_000) })],
    ["a label that is no text", sample("0.5", { pod: { name: "web-1" } })],
    ["no labels", { value: [1, "0.5"] }],
    ["a histogram", { metric: {}, histogram: [1, {}] }],
    ["null", null],
  ])("%s is ignored, and reported", (_, each) => {
    expect(containerMetrics(vector(each, sample("0.25")), podOf)).toMatchObject({ items: [{ value: 0.25 }], trouble: ignored(1, 2) });
  });
});

/** What Prometheus 2.42 answered to these very queries; the names are shortened. */
const recorded = {
  containers: `{"status":"success","data":{"resultType":"vector","result":[{"metric":{"container":"web","kintsugi_metric":"cpu_throttled_ratio","namespace":"shop","pod":"web-1"},"value":[1795660042.091,"0.5499999999999999"]},{"metric":{"container":"setup","kintsugi_metric":"cpu_throttled_ratio","namespace":"shop","pod":"web-1"},"value":[1795660042.091,"NaN"]},{"metric":{"container":"web","kintsugi_metric":"cpu_usage_cores","namespace":"shop","pod":"web-1"},"value":[1795660042.091,"0.012788122167859147"]},{"metric":{"container":"web","kintsugi_metric":"memory_working_set_bytes","namespace":"shop","pod":"web-1"},"value":[1795660042.091,"268000000"]}]}}`,
  firing: `{"status":"success","data":{"resultType":"vector","result":[{"metric":{"alertname":"CPUThrottlingHigh","container":"web","namespace":"shop","pod":"web-1","severity":"info"},"value":[1795660042.121,"1795660027"]}]}}`,
};

test("a real server's answers are understood", () => {
  expect(containerMetrics(JSON.parse(recorded.containers), podOf)).toMatchObject({
    items: [
      { container: "web", name: "cpu_throttled_ratio", value: 0.5499999999999999 },
      { name: "cpu_usage_cores", value: 0.012788122167859147 },
      { name: "memory_working_set_bytes", value: 268_000_000 },
    ],
  });
  expect(firingAlerts(JSON.parse(recorded.firing), ["shop"], now)).toEqual({
    items: [
      {
        name: "CPUThrottlingHigh",
        since: "2026-11-26T02:27:07Z",
        labels: { container: "web", namespace: "shop", pod: "web-1", severity: "info" },
      },
    ],
  });
});

test.each([
  ["an error in its own words", { status: "error", errorType: "timeout", error: "query timed\u001b[31m out" }, "query timed out"],
  ["an error without words", { status: "error" }, "it failed"],
  ["a matrix", { status: "success", data: { resultType: "matrix", result: [] } }, "the answer does not come from Prometheus"],
  ["a page", "<html><body>Sign in</body></html>", "the answer does not come from Prometheus"],
  ["nothing", undefined, "the answer does not come from Prometheus"],
  ["a list", [1, 2], "the answer does not come from Prometheus"],
  [
    "a result that is no list",
    { status: "success", data: { resultType: "vector", result: { 0: "a" } } },
    "the answer does not come from Prometheus",
  ],
])("%s is no answer", (_, answer, trouble) => {
  expect(containerMetrics(answer, podOf)).toEqual({ items: [], trouble });
  expect(firingAlerts(answer, "all", now)).toEqual({ items: [], trouble });
});

test("of very many values some are read", () => {
  const { items, trouble } = containerMetrics(vector(...Array.from({ length: 5_000 }, () => sample("0.5"))), podOf);
  expect(items).toHaveLength(2_000);
  expect(trouble).toBe(ignored(3_000, 5_000));
});

describe("alerts", () => {
  const alert = (value: string, labels: object): unknown => ({ metric: { alertname: "CPUThrottlingHigh", ...labels }, value: [1, value] });

  test("each with its labels and since when its condition holds", () => {
    const since = String(Date.parse("2027-03-01T13:40:00Z") / 1000);
    expect(
      firingAlerts(vector(alert(since, { __name__: "x", alertstate: "firing", namespace: "shop", severity: "info" })), ["shop"], now),
    ).toEqual({
      items: [{ name: "CPUThrottlingHigh", since: "2027-03-01T13:40:00Z", labels: { namespace: "shop", severity: "info" } }],
    });
  });

  test.each(["1", "99999999999"])("a value of %s is not a time", (value) => {
    expect(firingAlerts(vector(alert(value, { namespace: "shop" })), ["shop"], now).items).toEqual([
      { name: "CPUThrottlingHigh", labels: { namespace: "shop" } },
    ]);
  });

  test("only of the namespaces that are looked at; of none where everything is", () => {
    const all = vector(alert("1", { namespace: "payments" }), alert("1", {}));
    expect(firingAlerts(all, ["shop"], now)).toEqual({ items: [] });
    expect(firingAlerts(all, "all", now).items).toHaveLength(2);
  });

  test("labels are bounded, redacted, and without control characters", () => {
    const labels = {
      namespace: "shop",
      password: "token=eyJhbGciOi.secret",
      note: `\u001b]0;owned\u0007red\u202e\u0000${"x".repeat(3_000)}`,
      "bad key\n": "gone",
      ...Object.fromEntries(Array.from({ length: 40 }, (_, at) => [`z${at}`, "v"])),
    };
    const [found] = firingAlerts(vector(alert("1", labels)), ["shop"], now).items;
    expect(Object.keys(found?.labels ?? {})).toHaveLength(24);
    expect(found?.labels["note"]).toMatch(/^redx+…$/);
    expect(found?.labels["note"]).toHaveLength(256);
    expect(JSON.stringify(found)).not.toMatch(/gone|eyJhbGciOi/);
  });
});

describe("workloads, requests and nodes", () => {
  const web = { apiVersion: "apps/v1", kind: "Deployment", namespace: "shop", name: "web" };
  const objectOf: ObjectOf = ({ namespace, kintsugi_workload: name }) => (namespace === "shop" && name === "web" ? web : undefined);
  const received = (value: unknown, labels: object = {}): unknown => ({
    metric: { kintsugi_metric: "network_receive_packets_per_second", namespace: "shop", kintsugi_workload: "web", ...labels },
    value: [1_803_909_600.123, value],
  });
  const before = { kintsugi_before: "true" };

  test("each value comes with the usual value, if both were measured", () => {
    const answer = vector(received("40"), received("8.5", before), received("3", { kintsugi_metric: "cpu_usage_cores" }));
    expect(objectMetrics(answer, workloadMetricNames, objectOf)).toEqual({
      items: [
        { object: web, name: "network_receive_packets_per_second", value: 40, usual: 8.5 },
        { object: web, name: "cpu_usage_cores", value: 3 },
      ],
    });
  });

  test.each([
    ["a usual value alone", [received("8", before)]],
    ["a workload that is not looked at", [received("8", { kintsugi_workload: "other" })]],
    ["a latency of no request", [received("NaN")]],
  ])("%s says nothing", (_, samples) => {
    expect(objectMetrics(vector(...samples), workloadMetricNames, objectOf)).toEqual({ items: [] });
  });

  test.each([
    ["more than a network carries", received("1e12")],
    ["a usual value that is negative", received("-1", before)],
    ["a metric of another query", received("1", { kintsugi_metric: "tcp_retransmits" })],
  ])("%s is reported as impossible", (_, each) => {
    expect(objectMetrics(vector(each), workloadMetricNames, objectOf)).toEqual({ items: [], trouble: ignored(1, 1) });
  });

  test("of two values for one thing one counts", () => {
    expect(objectMetrics(vector(received("1"), received("2")), workloadMetricNames, objectOf).items).toHaveLength(1);
  });
});

/** The name that the query gives the workload of a pod, as RE2 reads it: anchored at both ends. */
const workloadOf = (name: string): string => {
  const pattern = /"pod", "([^"]+)"/.exec(workloadsQuery("all", 0))?.[1] ?? "";
  return (new RegExp(`^(?:${pattern})$`).exec(name) ?? []).slice(1).join("");
};

test.each([
  ["web-api-7d9c5b8f6-x2z4f", "web-api"],
  ["currencyservice-5cd6467fc4-fxjgq", "currencyservice"],
  ["node-exporter-x2z4f", "node-exporter"],
  ["db-0", "db"],
  ["shop-db-12", "shop-db"],
  ["bare", ""],
])("pod %s is counted to workload %s", (podName, workload) => {
  expect(workloadOf(podName)).toBe(workload);
});

describe("queries", () => {
  test("of workloads, requests and nodes are asked twice in one: now, and over the hour that ended before the trouble", () => {
    expect(nodesQuery(1_800_000)).toMatchInlineSnapshot(
      `"label_replace(topk(250, sum by (instance, node) (rate(node_netstat_Tcp_RetransSegs[5m]))), "kintsugi_metric", "tcp_retransmits", "", "") or label_replace(label_replace(topk(250, avg_over_time((sum by (instance, node) (rate(node_netstat_Tcp_RetransSegs[5m])))[1h:5m] offset 1800s)), "kintsugi_metric", "tcp_retransmits", "", ""), "kintsugi_before", "true", "", "")"`,
    );
    for (const query of [workloadsQuery(["shop"], 90_000), requestsQuery(["shop"], 90_000)]) {
      expect(query.match(/"kintsugi_metric"/g)).toHaveLength(6);
      expect(query.match(/\[1h:5m\] offset 90s\)/g)).toHaveLength(3);
      expect(query).not.toMatch(/[a-z]\{(?![^}]*namespace=~"shop")/);
    }
  });

  test("name the namespaces that are looked at, and no other", () => {
    expect(containersQuery(["shop", 'x"} or up{a="'])).not.toContain("up{");
    expect(containersQuery(["shop", "orders"])).toContain('{namespace=~"shop|orders",container!="",container!="POD"}');
    expect(containersQuery("all")).not.toContain("namespace=~");
    expect(firingQuery(["shop"])).toMatchInlineSnapshot(
      `"topk(150, ALERTS{alertstate="firing",severity!="none",namespace=~"shop"} * ignoring(alertstate) ALERTS_FOR_STATE or ignoring(alertstate) ALERTS{alertstate="firing",severity!="none",namespace=~"shop"})"`,
    );
  });

  test("of very many namespaces fit into an address, as everything does", () => {
    const many = Array.from({ length: 500 }, (_, at) => `${"n".repeat(50)}-${at}`);
    expect(containersQuery(many)).toBe(containersQuery("all"));
    for (const query of [containersQuery, (names: string[]) => workloadsQuery(names, 0), (names: string[]) => requestsQuery(names, 0)])
      expect(encodeURIComponent(query(many.slice(0, 20))).length).toBeLessThan(16_000);
  });
});
