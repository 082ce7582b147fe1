import { expect, test } from "vitest";
import { createEmbeddedCluster } from "#embedded/embedded-cluster.ts";
import { containerSamples, isContainerMetric } from "#embedded/monitoring/container-metrics.ts";
import { createManualClock } from "#lib/manual-clock.ts";

test("what a container takes is measured while it runs, and not before", async () => {
  const clock = createManualClock();
  const behave = (): object => ({ memoryBytes: 1_000, memoryGrowthBytesPerSecond: 100, cpuCores: 0.5 });
  const cluster = createEmbeddedCluster({ clock, random: () => 0.5, workloads: { behave } });
  await clock.advance(10_000);
  const headers = { authorization: `Bearer ${cluster.adminToken}`, "content-type": "application/json" };
  const body = JSON.stringify({ metadata: { name: "a" }, spec: { containers: [{ name: "c", image: "i" }] } });
  cluster.handle({ method: "POST", path: "/api/v1/namespaces/default/pods", headers, body });
  const memory = (): number | undefined => containerSamples("container_memory_working_set_bytes", cluster)[0]?.value;
  const cpu = (): number | undefined => containerSamples("container_cpu_usage_seconds_total", cluster)[0]?.value;
  expect(memory()).toBeUndefined();
  await clock.advance(10_000);
  expect(containerSamples("container_memory_working_set_bytes", cluster)[0]?.labels).toEqual({
    __name__: "container_memory_working_set_bytes",
    namespace: "default",
    pod: "a",
    container: "c",
    job: "cadvisor",
    instance: expect.stringMatching(/^n[12]$/),
  });
  const [memoryBefore = 0, cpuBefore = 0] = [memory(), cpu()];
  await clock.advance(10_000);
  expect(memory()).toBe(memoryBefore + 1_000);
  expect(cpu()).toBe(cpuBefore + 5);
});

test("what it does not know has no samples", () => {
  const nothing = { list: () => [], containersOf: () => [] };
  expect([isContainerMetric("toString"), isContainerMetric("container_memory_rss")]).toEqual([false, true]);
  expect(containerSamples("toString", nothing)).toEqual([]);
});
