// What is left of recorded evidence when only that counts which a live collection can provide: the score of the product beside the score of the recording. Pure.
import { leaseComponents } from "#evidence/components.ts";
import type { Evidence } from "#evidence/evidence.ts";
import { liveMetrics } from "#evidence/prometheus-queries.ts";

const metricNames: ReadonlySet<string> = new Set(liveMetrics);

/** Without connections, usual values, metrics and component states that no live source has. */
export const liveShaped = (evidence: Evidence): Evidence => ({
  ...evidence,
  connections: [],
  metrics: evidence.metrics.flatMap(({ usual: _usual, ...metric }) => (metricNames.has(metric.name) ? [metric] : [])),
  components: evidence.components.filter(({ component }) => leaseComponents.has(component)),
});
