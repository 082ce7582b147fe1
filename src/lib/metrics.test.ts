// Metrics: names, types and labels as Prometheus reads them.
import { expect, test } from "vitest";

import { createMetrics } from "#lib/metrics.ts";

test("counters, gauges and histograms appear under our prefix", async () => {
  const metrics = createMetrics();
  metrics.counter({ type: "counter", name: "alerts_total", help: "Alerts", labels: ["result"] }).add({ result: "created" });
  metrics.counter({ type: "counter", name: "alerts_total", help: "Alerts", labels: ["result"] }).add({ result: "created" }, 2);
  metrics.gauge({ type: "gauge", name: "queue_depth", help: "Depth" }).set(4);
  metrics.histogram({ type: "histogram", name: "answer_seconds", help: "Seconds", buckets: [1, 2] }).observe(1.5);
  const text = await metrics.text();
  expect(text).toContain('kintsugi_alerts_total{result="created"} 3');
  expect(text).toContain("kintsugi_queue_depth 4");
  expect(text).toContain('kintsugi_answer_seconds_bucket{le="2"} 1');
  expect(metrics.contentType).toContain("text/plain");
});

test("two registries know nothing of each other, and the process' own metrics come on request", async () => {
  createMetrics().counter({ type: "counter", name: "once_total", help: "Once" }).add();
  const metrics = createMetrics({ process: true });
  expect(await metrics.text()).not.toContain("once_total");
  expect(await metrics.text()).toContain("kintsugi_process_cpu_seconds_total");
});
