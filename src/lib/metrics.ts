// Prometheus metrics as values that are passed in, every name under kintsugi_. Never holds a registry of its own at module level.
import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from "prom-client";

export type Labels = Readonly<Record<string, string>>;

interface Definition<T extends string> {
  readonly type: T;
  /** Without the prefix, with its unit at the end: `reconcile_seconds`. */
  readonly name: string;
  readonly help: string;
  readonly labels?: readonly string[];
}
export type CounterDefinition = Definition<"counter">;
export type GaugeDefinition = Definition<"gauge">;
export type HistogramDefinition = Definition<"histogram"> & { readonly buckets?: readonly number[] };
/** A metric as data: its module creates it from this, and the reference page is generated from it. */
export type MetricDefinition = CounterDefinition | GaugeDefinition | HistogramDefinition;

export interface CounterMetric {
  add(labels?: Labels, value?: number): void;
}
export interface GaugeMetric {
  set(value: number, labels?: Labels): void;
}
export interface HistogramMetric {
  observe(value: number, labels?: Labels): void;
}

/** Asking twice for one name gives the same metric. */
export interface Metrics {
  counter(definition: CounterDefinition): CounterMetric;
  gauge(definition: GaugeDefinition): GaugeMetric;
  histogram(definition: HistogramDefinition): HistogramMetric;
  /** Calls `update` before each exposition: for values that are read, not counted. */
  onCollect(update: () => void): void;
  /** The exposition text for `/metrics`. */
  text(): Promise<string>;
  readonly contentType: string;
}

export const metricPrefix = "kintsugi_";

/** Seconds; from a cache hit to a slow model. */
const defaultBuckets = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300];

export const createMetrics = (options: { readonly process?: true } = {}): Metrics => {
  const registry = new Registry();
  if (options.process) collectDefaultMetrics({ register: registry, prefix: metricPrefix });

  const updates: (() => void)[] = [];
  const once = <M>(name: string, make: (fullName: string) => M): M => {
    const fullName = `${metricPrefix}${name}`;
    return (registry.getSingleMetric(fullName) as M | undefined) ?? make(fullName);
  };
  const common = (metric: MetricDefinition, name: string) => ({
    name,
    help: metric.help,
    labelNames: [...(metric.labels ?? [])],
    registers: [registry],
  });

  return {
    counter: (metric) => {
      const counter = once(metric.name, (name) => new Counter<string>(common(metric, name)));
      return { add: (labels, value) => counter.inc(labels ?? {}, value ?? 1) };
    },
    gauge: (metric) => {
      const gauge = once(metric.name, (name) => new Gauge<string>(common(metric, name)));
      return { set: (value, labels) => gauge.set(labels ?? {}, value) };
    },
    histogram: (metric) => {
      const buckets = [...(metric.buckets ?? defaultBuckets)];
      const histogram = once(metric.name, (name) => new Histogram<string>({ ...common(metric, name), buckets }));
      return { observe: (value, labels) => histogram.observe(labels ?? {}, value) };
    },
    onCollect: (update) => void updates.push(update),
    text: () => {
      for (const update of updates) update();
      return registry.metrics();
    },
    contentType: registry.contentType,
  };
};
