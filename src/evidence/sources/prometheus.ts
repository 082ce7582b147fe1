// A Prometheus: metrics of containers, workloads, requests and nodes with what is usual, and firing alerts. Trusted least, and asked last. Reads only.
import type { Metric } from "#evidence/evidence.ts";
import { readPrometheus } from "#evidence/read-prometheus.ts";
import type { SourceName } from "#evidence/source-names.ts";
import { type EvidenceSource, scopeOf } from "#evidence/sources/source.ts";

type Provided = Extract<SourceName, `metrics.${string}`>;

/** The metrics of each name. One whose exporter the server does not scrape has no value. */
const metricNames: Readonly<Record<Provided, RegExp>> = {
  "metrics.cpu": /^cpu_/,
  "metrics.memory": /^memory_/,
  "metrics.network": /^(?:network_|tcp_)/,
  "metrics.requests": /^request/,
};

const provides = Object.keys(metricNames) as Provided[];

export const prometheus: EvidenceSource = {
  name: "prometheus",
  // `get services/proxy` of the one Service that it is: no right that a role has for all.
  needs: [],
  provides,
  collect: async (collection) => {
    const { question, gather, budget, reader, clock } = collection;
    const asked = { namespaces: scopeOf(collection), alerts: question.alerts ?? [] };
    const { metrics, firing } = await readPrometheus({ reader, gather, budget, now: clock.now }, question.prometheus, asked);
    return { metrics, firing, lacks: provides.filter((name) => !metrics.some(isOf(name))) };
  },
};

const isOf =
  (provided: Provided) =>
  ({ name }: Metric): boolean =>
    metricNames[provided].test(name);
