// The requests of a workload by its metrics: how much slower than usual, and how many packets for each. Pure.
import type { View, Workload } from "#diagnosis/view.ts";
import type { Metric } from "#evidence/evidence.ts";

export interface Traffic {
  readonly workload: Workload;
  /** The median and the tail are slow, or only the tail. */
  readonly slow: "median" | "tail" | "unmeasured" | "no";
  /** How many times more packets than usual for each request; of all packets where requests were hardly measured before. */
  readonly packetGrowth?: PacketGrowth;
  /** Its slow latencies, its packets and its requests. */
  readonly quotes: readonly Metric[];
}

export interface PacketGrowth {
  readonly times: number;
  /** There were no requests before: they may explain the growth. */
  readonly hasNewRequests: boolean;
}

/** A user notices a wait of a tenth of a second where it was shorter, and any wait of a second. */
const noticedSeconds = 0.1;
const longSeconds = 1;
/** Fewer requests a second than this were too few to divide by. */
const fewRequests = 0.2;

export const trafficOf = (view: View, workload: Workload): Traffic | undefined => {
  const metrics = view.metricsOf(workload.reference);
  if (metrics.length === 0) return undefined;
  const latencies = metrics.filter(({ name }) => name.startsWith("request_latency_seconds_p"));
  const slowOnes = latencies.filter(isSlow);
  const isMeasured = latencies.some(({ value, usual }) => value > 0 || (usual ?? 0) > 0);
  const growth = packetGrowthOf(metrics);
  return {
    workload,
    slow: slowOnes.length === 0 ? (isMeasured ? "no" : "unmeasured") : latencies.some(isMedianUp) ? "median" : "tail",
    ...(growth === undefined ? {} : { packetGrowth: growth }),
    quotes: [...slowOnes, ...metrics.filter(({ name }) => /^network_(?:receive|transmit)|^requests_per/.test(name))],
  };
};

const isSlow = ({ value, usual }: Metric): boolean =>
  usual !== undefined && ((value >= noticedSeconds && value >= 3 * usual) || (value >= longSeconds && value >= 1.5 * usual));

/** Where the tail is slow, an ordinary request several times as slow as usual is not one that was merely unlucky. */
const isMedianUp = (metric: Metric): boolean =>
  metric.name.endsWith("_p50") && (isSlow(metric) || (metric.usual !== undefined && metric.usual > 0 && metric.value >= 3 * metric.usual));

const packetGrowthOf = (metrics: readonly Metric[]): PacketGrowth | undefined => {
  const packets = metrics.filter(({ name }) => /^network_(?:receive|transmit)_packets_per_second$/.test(name));
  const usual = packets.reduce((sum, each) => sum + (each.usual ?? 0), 0);
  if (usual <= 0) return undefined;
  const raw = packets.reduce((sum, { value }) => sum + value, 0) / usual;
  const requests = metrics.find(({ name }) => name === "requests_per_second");
  if (requests?.usual === undefined || requests.usual < fewRequests)
    return { times: raw, hasNewRequests: (requests?.value ?? 0) >= fewRequests };
  // Half of what is too few, so that no requests at all do not make every packet infinitely many.
  return { times: raw / ((requests.value + fewRequests / 2) / (requests.usual + fewRequests / 2)), hasNewRequests: false };
};
