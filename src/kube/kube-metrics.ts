// The metrics of the Kubernetes runtime, the same in every process. Pure data.
import type { MetricDefinition } from "#lib/metrics.ts";

export const kubeMetrics = {
  requests: { type: "counter", name: "kube_requests_total", help: "Requests to the API server", labels: ["method", "status"] },
  requestTime: { type: "histogram", name: "kube_request_seconds", help: "Response time of the API server", labels: ["method"] },
  cachedObjects: { type: "gauge", name: "cache_objects", help: "Objects in the caches", labels: ["resource"] },
  cacheTroubles: { type: "counter", name: "cache_troubles_total", help: "Failed lists and watches", labels: ["resource"] },
  reconciles: { type: "counter", name: "reconcile_total", help: "Reconciles by outcome", labels: ["controller", "outcome"] },
  reconcileTime: { type: "histogram", name: "reconcile_seconds", help: "Duration of a reconcile", labels: ["controller"] },
  queueDepth: { type: "gauge", name: "queue_depth", help: "Keys waiting for a worker", labels: ["controller"] },
} as const satisfies Record<string, MetricDefinition>;
