// What metrics.k8s.io says of pods and nodes, as evidence. Pure: the answer in, numbers out; a value that cannot be read is left out.
import * as z from "zod";
import { parseQuantity } from "#lib/quantity.ts";
import type { Metric } from "#evidence/evidence.ts";

const Usage = z.object({ cpu: z.string().max(32).optional(), memory: z.string().max(32).optional() });
const Metadata = z.object({ name: z.string().min(1).max(253), namespace: z.string().max(63).optional() });
const PodMetrics = z.object({
  metadata: Metadata,
  timestamp: z.string().max(40).optional(),
  containers: z.array(z.object({ usage: Usage })).max(100),
});
const NodeMetrics = z.object({ metadata: Metadata, timestamp: z.string().max(40).optional(), usage: Usage });
const List = z.object({ items: z.array(z.unknown()).max(20_000) });

const maxMetrics = 4000;

export const metricsOf = (kind: "Pod" | "Node", answer: unknown): readonly Metric[] => {
  const list = List.safeParse(answer).data?.items ?? [];
  return list.flatMap((item) => (kind === "Pod" ? podMetrics(item) : nodeMetrics(item))).slice(0, maxMetrics);
};

const podMetrics = (item: unknown): readonly Metric[] => {
  const pod = PodMetrics.safeParse(item).data;
  if (pod === undefined) return [];
  const sum = (of: "cpu" | "memory"): number => pod.containers.reduce((total, { usage }) => total + (numberOf(usage[of]) ?? 0), 0);
  return metricsFor("Pod", pod, sum("cpu"), sum("memory"));
};

const nodeMetrics = (item: unknown): readonly Metric[] => {
  const node = NodeMetrics.safeParse(item).data;
  return node === undefined ? [] : metricsFor("Node", node, numberOf(node.usage.cpu), numberOf(node.usage.memory));
};

const metricsFor = (
  kind: string,
  { metadata, timestamp }: { readonly metadata: z.output<typeof Metadata>; readonly timestamp?: string | undefined },
  cpu: number | undefined,
  memory: number | undefined,
): readonly Metric[] => {
  const object = {
    apiVersion: "v1",
    kind,
    ...(metadata.namespace === undefined ? {} : { namespace: metadata.namespace }),
    name: metadata.name,
  };
  const at = timestamp === undefined ? {} : { at: timestamp };
  return [
    ...(cpu === undefined ? [] : [{ object, name: "cpu_usage_cores", value: cpu, ...at }]),
    ...(memory === undefined ? [] : [{ object, name: "memory_working_set_bytes", value: memory, ...at }]),
  ];
};

/** Metrics come in nano-cores, finer than any other quantity. */
const numberOf = (text: string | undefined): number | undefined => {
  if (text === undefined) return undefined;
  const fine = /^(\d{1,18})([nu])$/.exec(text);
  if (fine !== null) return Number(fine[1]) / (fine[2] === "n" ? 1e9 : 1e6);
  const value = parseQuantity(text);
  return value === undefined ? undefined : Number(value) / 1000;
};
