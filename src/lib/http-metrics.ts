// The metric of every HTTP service. Pure data.
import type { HistogramDefinition } from "#lib/metrics.ts";

export const httpRequestSeconds: HistogramDefinition = {
  type: "histogram",
  name: "http_request_seconds",
  help: "Response time of our services",
  labels: ["service", "method", "status"],
};
