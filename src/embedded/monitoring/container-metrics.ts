// Metrics about what containers take, named and labelled as the kubelet's cAdvisor endpoint has them. Pure.
import { type Stored, at, textOf } from "#embedded/json.ts";
import { type Sample, nameLabel } from "#embedded/monitoring/series.ts";

export interface Measured {
  list(storageKey: string): readonly Stored[];
  containersOf(pod: Stored): readonly { readonly container: string; readonly cpuSeconds: number; readonly memoryBytes: number }[];
}

type Usage = ReturnType<Measured["containersOf"]>[number];

const memory = ({ memoryBytes }: Usage): number => memoryBytes;
const metrics: ReadonlyMap<string, (usage: Usage) => number> = new Map([
  ["container_memory_working_set_bytes", memory],
  ["container_memory_usage_bytes", memory],
  ["container_memory_rss", memory],
  ["container_cpu_usage_seconds_total", ({ cpuSeconds }: Usage) => cpuSeconds],
]);

export const isContainerMetric = (name: string): boolean => metrics.has(name);

/** A container that does not run has no series. */
export const containerSamples = (name: string, { list, containersOf }: Measured): Sample[] => {
  const value = metrics.get(name);
  if (value === undefined) return [];
  return list("/pods").flatMap((pod) =>
    containersOf(pod).map((usage) => ({
      labels: {
        [nameLabel]: name,
        namespace: pod.metadata.namespace ?? "",
        pod: pod.metadata.name,
        container: usage.container,
        job: "cadvisor",
        instance: textOf(at(pod, "spec", "nodeName")),
      },
      value: value(usage),
    })),
  );
};
