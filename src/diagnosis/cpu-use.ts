// How a workload uses its CPU: its most throttled container where containers were measured, or else all of it. Pure.
import type { Reference } from "#api/fields.ts";
import type { Container, Pod } from "#api/kubernetes.ts";
import { containerStatusOf } from "#diagnosis/containers.ts";
import { referenceTo, type View, type Workload } from "#diagnosis/view.ts";
import type { Metric } from "#evidence/evidence.ts";
import { fromTimestamp } from "#lib/clock.ts";
import { parseQuantity } from "#lib/quantity.ts";

export interface CpuUse {
  /** Whose metrics they are. */
  readonly object: Reference;
  readonly usage: Metric | undefined;
  readonly throttled: Metric | undefined;
  readonly requests: Metric | undefined;
  /** CPU of the whole workload, times the usual. */
  readonly growth: number | undefined;
  /** Cores; 0: it has no limit. */
  readonly limit: number;
  /** How long all of it has run; absent: unknown. */
  readonly ranMs: number | undefined;
  /** Where one container was measured, its name. */
  readonly container?: string;
}

export const cpuUseOf = (view: View, workload: Workload): CpuUse => {
  const own = view.metricsOf(workload.reference).filter(({ container }) => container === undefined);
  const metric = (name: string): Metric | undefined => own.find((each) => each.name === name);
  const total = metric("cpu_usage_cores");
  const growth = total?.usual === undefined || total.usual === 0 ? undefined : total.value / total.usual;
  const shared = { requests: metric("requests_per_second"), growth };
  const throttled = metric("cpu_throttled_ratio") ?? metric("cpu_throttled_seconds");
  const worst = throttled === undefined ? mostThrottled(view, workload) : undefined;
  if (worst !== undefined) return { ...worst, ...shared };
  const { template, pods } = workload;
  const limitOfOne = template.spec.containers.reduce((sum, container) => sum + limitOf(container), 0);
  const ran = pods.flatMap((pod) => template.spec.containers.map(({ name }) => ranOf(view, pod, name)));
  return {
    ...{ object: workload.reference, usage: total, throttled, ...shared },
    limit: limitOfOne * Math.max(1, pods.length),
    ranMs: ran.length === 0 || ran.includes(undefined) ? undefined : Math.min(...ran.map((each) => each ?? 0)),
  };
};

const mostThrottled = (view: View, { pods }: Workload): Omit<CpuUse, "requests" | "growth"> | undefined => {
  const [worst] = pods
    .flatMap((pod) =>
      view.metricsOf(referenceTo(pod)).flatMap((throttled) => {
        const container = pod.spec.containers.find(({ name }) => name === throttled.container);
        return throttled.name === "cpu_throttled_ratio" && container !== undefined ? [{ pod, container, throttled }] : [];
      }),
    )
    .toSorted((a, b) => b.throttled.value - a.throttled.value);
  if (worst === undefined) return undefined;
  const { pod, container, throttled } = worst;
  const object = referenceTo(pod);
  const usage = view.metricsOf(object).find((each) => each.name === "cpu_usage_cores" && each.container === container.name);
  return { object, usage, throttled, limit: limitOf(container), container: container.name, ranMs: ranOf(view, pod, container.name) };
};

const ranOf = (view: View, pod: Pod, name: string): number | undefined => {
  const running = containerStatusOf(pod, name)?.state?.running;
  const since = fromTimestamp(running?.startedAt);
  return since === undefined ? undefined : view.now - since;
};

const limitOf = ({ resources }: Container): number => Number(parseQuantity(resources?.limits?.["cpu"] ?? "0") ?? 0n) / 1000;
