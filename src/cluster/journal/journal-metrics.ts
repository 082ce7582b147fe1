// The metrics of the change journal. Pure data.
import type { MetricDefinition } from "#lib/metrics.ts";

export const journalMetrics = {
  objects: { type: "gauge", name: "journal_objects", help: "Objects in the change journal" },
  bytes: { type: "gauge", name: "journal_bytes", help: "Approximate memory of the change journal" },
  refused: {
    type: "gauge",
    name: "journal_refused_shards",
    help: "Saved parts of the change journal that failed verification when it was loaded",
  },
  saveFailures: { type: "counter", name: "journal_save_failures_total", help: "Failed writes of the change journal" },
} as const satisfies Record<string, MetricDefinition>;
