// What the contract cannot show: no metrics server runs on the testbed.
import { expect, test } from "vitest";
import { createEmbeddedCluster } from "#embedded/embedded-cluster.ts";
import { createManualClock } from "#lib/manual-clock.ts";
import type { Body } from "#test/contract/cluster.ts";
import { seeded } from "#test/embedded/virtual-time.ts";
import type { Condition } from "#test/contract/workloads/workload-cluster.ts";

const open = async (use: { cpu: number }, container: object = { resources: { requests: { cpu: "100m" } } }) => {
  const clock = createManualClock();
  const cluster = createEmbeddedCluster({ clock, random: seeded(1), workloads: { usage: () => ({ cpu: use.cpu, memory: 0 }) } });
  await clock.advance(1000);
  const call = (method: string, path: string, body?: unknown): Body =>
    cluster.handle({
      method,
      path,
      headers: { authorization: `Bearer ${cluster.adminToken}`, "content-type": "application/json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    }).body as Body;
  call("POST", "/apis/apps/v1/namespaces/default/deployments", {
    metadata: { name: "web" },
    spec: {
      replicas: 2,
      selector: { matchLabels: { app: "web" } },
      template: { metadata: { labels: { app: "web" } }, spec: { containers: [{ name: "web", image: "web:1", ...container }] } },
    },
  });
  await clock.advance(5000);
  const path = "/apis/autoscaling/v2/namespaces/default/horizontalpodautoscalers";
  const metrics = [{ type: "Resource", resource: { name: "cpu", target: { type: "Utilization", averageUtilization: 50 } } }];
  call("POST", path, {
    metadata: { name: "web" },
    spec: { scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: "web" }, minReplicas: 1, maxReplicas: 5, metrics },
  });
  const replicas = (): unknown => call("GET", "/apis/apps/v1/namespaces/default/deployments/web").spec["replicas"];
  const conditions = (): readonly (readonly [string, string, string])[] =>
    (call("GET", `${path}/web`).status["conditions"] as readonly Condition[]).map(({ type, status, reason }) => [type, status, reason]);
  const events = (): readonly string[] => call("GET", "/api/v1/namespaces/default/events").items.map(({ message }) => message);
  return { clock, use, replicas, conditions, events, status: () => call("GET", `${path}/web`).status };
};

test("twice the wanted use doubles the replicas, up to the most that is allowed", async () => {
  const { clock, replicas, conditions, events, status } = await open({ cpu: 0.1 });
  await clock.advance(15_000);
  expect(replicas()).toBe(4);
  expect(events()).toContain("New size: 4; reason: cpu resource utilization (percentage of request) above target");
  await clock.advance(60_000);
  expect(replicas()).toBe(5);
  expect(conditions()).toContainEqual(["ScalingLimited", "True", "TooManyReplicas"]);
  expect(conditions()).toContainEqual(["ScalingActive", "True", "ValidMetricFound"]);
  expect(status()["currentMetrics"]).toEqual([
    { type: "Resource", resource: { name: "cpu", current: { averageUtilization: 100, averageValue: "100m" } } },
  ]);
});

test("less use takes replicas away only when it has lasted for five minutes", async () => {
  const { clock, use, replicas, conditions, events } = await open({ cpu: 0.05 });
  await clock.advance(60_000);
  expect(replicas()).toBe(2);
  expect(conditions()).toEqual([
    ["AbleToScale", "True", "ReadyForNewScale"],
    ["ScalingActive", "True", "ValidMetricFound"],
    ["ScalingLimited", "False", "DesiredWithinRange"],
  ]);
  use.cpu = 0.01;
  await clock.advance(120_000);
  expect(replicas()).toBe(2);
  expect(conditions()).toContainEqual(["AbleToScale", "True", "ScaleDownStabilized"]);
  await clock.advance(300_000);
  expect(replicas()).toBe(1);
  expect(events()).toContain("New size: 1; reason: All metrics below target");
});

test("a container without a request cannot be measured", async () => {
  const { clock, replicas, conditions, events } = await open({ cpu: 1 }, {});
  await clock.advance(60_000);
  expect(replicas()).toBe(2);
  expect(conditions()).toContainEqual(["ScalingActive", "False", "FailedGetResourceMetric"]);
  expect(
    events().some((message) => message.startsWith("failed to get cpu utilization: missing request for cpu in container web of Pod web-")),
  ).toBe(true);
});
