// How a workload uses its CPU, by whoever measured it: the workload as a whole with what is usual, or else its most throttled container as it is now. Pure.
import type { Reference } from "#api/fields.ts";
import type { Pod } from "#api/kubernetes.ts";
import { fromTimestamp } from "#lib/clock.ts";
import { parseQuantity } from "#lib/quantity.ts";
import { referenceTo, type View, type Workload } from "#diagnosis/view.ts";
import type { Metric } from "#evidence/evidence.ts";

export interface CpuUse {
  /** Whose metrics they are. */
  readonly object: Reference;
  readonly usage?: Metric | undefined;
  readonly throttled?: Metric | undefined;
  readonly requests?: Metric | undefined;
  /** Cores by the object's own word; 0: it has no limit. */
  readonly limit: number;
  /** Where one container was measured. */
  readonly container?: { readonly name: string; readonly ranMs: number | undefined };
}

export const cpuUseOf = (view: View, workload: Workload): CpuUse => {
  const own = view.metricsOf(workload.reference).filter(({ container }) => container === undefined);
  const metric = (name: string): Metric | undefined => own.find((each) => each.name === name);
  const throttled = metric("cpu_throttled_ratio") ?? metric("cpu_throttled_seconds");
  const worst = throttled === undefined ? mostThrottled(view, workload) : undefined;
  if (worst !== undefined) return worst;
  const { containers } = workload.template.spec;
  return {
    object: workload.reference,
    usage: metric("cpu_usage_cores"),
    throttled,
    requests: metric("requests_per_second"),
    limit: containers.reduce((sum, container) => sum + limitOf(container), 0),
  };
};

const mostThrottled = (view: View, { pods }: Workload): CpuUse | undefined => {
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
  return {
    object,
    usage,
    throttled,
    limit: limitOf(container),
    container: { name: container.name, ranMs: ranOf(view, pod, container.name) },
  };
};

const ranOf = (view: View, pod: Pod, name: string): number | undefined => {
  const running = pod.status?.containerStatuses?.find((status) => status.name === name)?.state?.running;
  const since = fromTimestamp(running?.startedAt);
  return since === undefined ? undefined : view.now - since;
};

const limitOf = ({ resources }: Pod["spec"]["containers"][number]): number =>
  Number(parseQuantity(resources?.limits?.["cpu"] ?? "0") ?? 0n) / 1000;
