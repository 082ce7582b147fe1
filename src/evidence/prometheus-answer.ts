// What Prometheus answered, as evidence. Pure: whatever came in, only what has its form, is possible and concerns what is looked at comes out.
// The server may be another one, or lie: numbers are finite and within reason, labels bounded and clean. Never throws.
import * as z from "zod";
import type { Reference } from "#api/fields.ts";
import type { Pod } from "#api/kubernetes.ts";
import { referenceText } from "#api/object.ts";
import { toTimestamp } from "#lib/clock.ts";
import type { FiringAlert, Metric } from "#evidence/evidence.ts";
import { beforeLabel, containerMetricNames, metricLabel, type MetricName } from "#evidence/prometheus-queries.ts";
import { cleanMessage } from "#evidence/text.ts";

const maxSamples = 2_000;
const maxLabels = 24;
const maxLabelLength = 256;

// https://prometheus.io/docs/prometheus/latest/querying/api/#instant-queries
const Vector = z.object({
  status: z.literal("success"),
  data: z.object({ resultType: z.literal("vector"), result: z.array(z.unknown()) }),
});
const Failure = z.object({ status: z.literal("error"), error: z.string().optional() });
const Sample = z.object({
  metric: z.record(z.string().max(128), z.string().max(4096)),
  value: z.tuple([z.number(), z.string().max(64)]),
});
type Sample = z.output<typeof Sample>;

export interface Answered<T> {
  readonly items: readonly T[];
  /** What is wrong with the answer, or missing from it. */
  readonly trouble?: string;
}

/** The largest value that is possible. */
const largest: Readonly<Record<MetricName, number>> = {
  cpu_throttled_ratio: 1,
  cpu_usage_cores: 10_000,
  memory_working_set_bytes: 2 ** 50,
  network_receive_packets_per_second: 1e9,
  network_transmit_packets_per_second: 1e9,
  requests_per_second: 1e8,
  request_latency_seconds_p50: 86_400,
  request_latency_seconds_p90: 86_400,
  tcp_retransmits: 1e8,
};

interface Value {
  readonly name: MetricName;
  readonly value: number;
}

/** "nothing": nothing divided by nothing, such as the latency of no request. */
const valueOf = ({ metric, value: [, text] }: Sample, names: readonly MetricName[]): Value | "nothing" | "unusable" => {
  const name = names.find((each) => each === metric[metricLabel]);
  if (name === undefined) return "unusable";
  if (text === "NaN") return "nothing";
  const value = numberOf(text);
  const most = largest[name];
  return value === undefined || value > most * 1.000_001 ? "unusable" : { name, value: Math.min(value, most) };
};

/** Guarantee: only of containers that the given pods have. */
export const containerMetrics = (answer: unknown, podOf: (namespace: string, name: string) => Pod | undefined): Answered<Metric> =>
  read(answer, (sample) => {
    const found = valueOf(sample, containerMetricNames);
    if (typeof found === "string") return found;
    const { namespace = "", pod = "", container = "" } = sample.metric;
    const seen = podOf(namespace, pod);
    const containers = [...(seen?.spec.containers ?? []), ...(seen?.spec.initContainers ?? [])];
    // Deleted since, or never there.
    if (!containers.some((each) => each.name === container)) return "nothing";
    return { object: { apiVersion: "v1", kind: "Pod", namespace, name: pod }, container, ...found };
  });

/** What a sample is about, among the objects that are looked at; of others it says nothing. */
export type ObjectOf = (labels: Readonly<Record<string, string>>, name: MetricName) => Reference | undefined;

/** Each value with what is usual, where the answer has both. Guarantee: only of the objects that are given, and one of each name. */
export const objectMetrics = (answer: unknown, names: readonly MetricName[], objectOf: ObjectOf): Answered<Metric> => {
  const { items, ...trouble } = read(answer, (sample) => {
    const found = valueOf(sample, names);
    if (typeof found === "string") return found;
    const object = objectOf(sample.metric, found.name);
    return object === undefined ? "nothing" : { object, ...found, isUsual: sample.metric[beforeLabel] === "true" };
  });
  const usual = new Map(items.flatMap((each) => (each.isUsual ? [[keyOf(each), each.value]] : [])));
  const now = new Map(items.flatMap((each) => (each.isUsual ? [] : [[keyOf(each), each]])));
  return {
    items: [...now].map(([key, { object, name, value }]): Metric => {
      const before = usual.get(key);
      return { object, name, value, ...(before === undefined ? {} : { usual: before }) };
    }),
    ...trouble,
  };
};

const keyOf = ({ object, name }: Pick<Metric, "object" | "name">): string => `${name} ${referenceText(object)}`;

/** Guarantee: only of the namespaces that are looked at; of no namespace where everything is. */
export const firingAlerts = (answer: unknown, namespaces: readonly string[] | "all", now: number): Answered<FiringAlert> =>
  read(answer, ({ metric, value: [, text] }) => {
    const name = cleanMessage(metric["alertname"] ?? "", maxLabelLength);
    const value = numberOf(text);
    if (name === "" || value === undefined) return "unusable";
    const { namespace } = metric;
    if (namespaces !== "all" && (namespace === undefined || !namespaces.includes(namespace))) return "nothing";
    const since = value * 1000;
    // 1 is the value of ALERTS itself: the server does not say since when.
    const isTime = value > 1_000_000_000 && since <= now;
    return { name, labels: labelsOf(metric), ...(isTime ? { since: toTimestamp(since) } : {}) };
  });

const read = <T extends object>(answer: unknown, itemOf: (sample: Sample) => T | "nothing" | "unusable"): Answered<T> => {
  const failure = Failure.safeParse(answer).data;
  if (failure !== undefined) return { items: [], trouble: cleanMessage(failure.error ?? "it failed", 200) };
  const vector = Vector.safeParse(answer).data;
  if (vector === undefined) return { items: [], trouble: "the answer does not come from Prometheus" };
  const { result } = vector.data;
  const items: T[] = [];
  let unusable = 0;
  for (const each of result.slice(0, maxSamples)) {
    const sample = Sample.safeParse(each).data;
    const item = sample === undefined ? "unusable" : itemOf(sample);
    if (typeof item === "object") items.push(item);
    else if (item === "unusable") unusable += 1;
  }
  const ignored = unusable + Math.max(0, result.length - maxSamples);
  return ignored === 0 ? { items } : { items, trouble: `${ignored} of ${result.length} values were impossible, and ignored` };
};

/** As Prometheus writes a number that is finite and not negative. */
const numberOf = (text: string): number | undefined => {
  if (!/^\d{1,25}(?:\.\d{1,30})?(?:e[+-]?\d{1,3})?$/.test(text)) return undefined;
  const value = Number(text);
  return Number.isFinite(value) ? value : undefined;
};

const ownLabels = new Set(["__name__", "alertname", "alertstate", metricLabel]);

const labelsOf = (metric: Sample["metric"]): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(metric)
      .filter(([key]) => !ownLabels.has(key) && /^[a-zA-Z_][a-zA-Z0-9_]{0,62}$/.test(key))
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .slice(0, maxLabels)
      .map(([key, value]) => [key, cleanMessage(value, maxLabelLength)]),
  );
