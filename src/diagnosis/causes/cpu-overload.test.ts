// A container that is throttled, as a Prometheus reports it: never by that alone, and not where its own object contradicts it.
import { expect, test } from "vitest";
import { cpuOverload } from "#diagnosis/causes/cpu-overload.ts";
import type { Metric } from "#evidence/evidence.ts";
import { answers, objects, podsOf } from "#test/evidence-sketch.ts";

const web = (limits: string) =>
  objects(`
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 1
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
        - {name: web, image: "registry.example/web:1", resources: {limits: ${limits}}}
        - {name: proxy, image: "registry.example/proxy:1"}
`)[0]!;
const running = (startedAt: string) => ({
  status: {
    containerStatuses: ["web", "proxy"].map((name) => ({
      name,
      image: "i",
      ready: true,
      restartCount: 0,
      state: { running: { startedAt } },
    })),
  },
});
const long = "2027-03-01T12:00:00Z";
const measured = (container: string, throttled: number, cores?: number): Metric[] => {
  const object = { apiVersion: "v1", kind: "Pod", namespace: "shop", name: "web-7d9c5b8f6-bx2z4" };
  return [
    { object, container, name: "cpu_throttled_ratio", value: throttled },
    ...(cores === undefined ? [] : [{ object, container, name: "cpu_usage_cores", value: cores }]),
  ];
};
const foundIn = (metrics: readonly Metric[], limits = "{cpu: 200m}", startedAt = long): string[] => {
  const workload = web(limits);
  return answers(cpuOverload, { objects: [workload, ...podsOf(workload, running(startedAt))], metrics });
};

test("throttled at its own limit is found, for a person", () => {
  expect(foundIn([...measured("web", 0.6, 0.19), ...measured("proxy", 0.01, 2)])).toEqual(["CpuOverload Deployment web → person"]);
});

test.each<[string, readonly Metric[], string?, string?]>([
  ["throttled a little", measured("web", 0.05, 0.19)],
  ["throttled, and its use is not known", measured("web", 0.9)],
  ["throttled now and then below its limit", measured("web", 0.6, 0.05)],
  ["a container that has no limit", measured("proxy", 0.9, 0.19)],
  ["a limit of its memory alone", measured("web", 0.9, 0.19), "{memory: 64Mi}"],
  ["more than the kernel would let it use", measured("web", 0.9, 40)],
  ["a start", measured("web", 0.9, 0.19), "{cpu: 200m}", "2027-03-01T13:58:00Z"],
  ["another container's use", [...measured("web", 0.9), ...measured("proxy", 0.1, 0.19)]],
  ["no metrics at all", []],
])("%s is not", (_, metrics, limits, startedAt) => {
  expect(foundIn(metrics, limits, startedAt)).toEqual([]);
});
