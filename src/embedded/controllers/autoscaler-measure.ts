// How many replicas a resource metric asks for: what the pods use, against what they requested or what is wanted on average; a tenth more or
// less changes nothing. From pkg/controller/podautoscaler/replica_calculator.go. Pure.
import { isReady, isTerminating, phaseOf } from "#embedded/controllers/pod-state.ts";
import { type JsonRecord, type Stored, at, listOf, numberOf, recordOf, textOf } from "#embedded/json.ts";
import type { PodUsage } from "#embedded/workloads.ts";
import { canonicalQuantity, parseQuantity } from "#lib/quantity.ts";

/** `absent`: there is no metrics server. */
export type Measure = ((pod: Stored) => PodUsage | undefined) | "absent";

export type Measured =
  | { readonly replicas: number; readonly current: JsonRecord; readonly source: string; readonly isAbove: boolean }
  | { readonly reason: string; readonly problem: string };

const tolerance = 0.1;

export const measured = (metric: JsonRecord, pods: readonly Stored[], replicas: number, measure: Measure): Measured => {
  const name = textOf(at(metric, "resource", "name"));
  const failed = (why: string): Measured => ({ reason: "FailedGetResourceMetric", problem: `failed to get ${name} utilization: ${why}` });
  if (metric["type"] !== "Resource" || (name !== "cpu" && name !== "memory"))
    return { reason: "InvalidMetricSourceType", problem: `unknown metric source type "${textOf(metric["type"])}"` };
  const unreachable = `unable to get metrics for resource ${name}: unable to fetch metrics from resource metrics API: the server could not find the requested resource (get pods.metrics.k8s.io)`;
  if (measure === "absent") return failed(unreachable);
  const living = pods.filter((pod) => !isTerminating(pod) && phaseOf(pod) !== "Failed");
  const known = living.flatMap((pod) => {
    const usage = isReady(pod) ? measure(pod) : undefined;
    return usage === undefined ? [] : [{ pod, used: usage[name] }];
  });
  if (known.length === 0)
    return failed(
      living.length === 0
        ? `unable to get metrics for resource ${name}: no metrics returned from resource metrics API`
        : `did not receive metrics for targeted pods (pods might be unready)`,
    );
  const total = known.reduce((sum, { used }) => sum + used, 0);
  const average = total / known.length;
  const averageValue = canonicalQuantity(name === "cpu" ? `${Math.round(average * 1000)}m` : String(Math.round(average))) ?? "0";
  const target = recordOf(at(metric, "resource", "target"));
  let ratio: number;
  let current: JsonRecord = { averageValue };
  if (target["type"] === "Utilization") {
    const requests = known.map(({ pod }) => requestOf(pod, name));
    const missing = requests.findIndex((request) => "missing" in request);
    const gap = requests[missing];
    if (gap !== undefined && "missing" in gap)
      return failed(`missing request for ${name} in container ${gap.missing} of Pod ${known[missing]?.pod.metadata.name ?? ""}`);
    const asked = requests.reduce((sum, request) => sum + ("amount" in request ? request.amount : 0), 0);
    const utilization = Math.floor((total * 100) / asked);
    ratio = utilization / (numberOf(target["averageUtilization"]) ?? 80);
    current = { averageUtilization: utilization, averageValue };
  } else ratio = average / (Number(parseQuantity(textOf(target["averageValue"])) ?? 1n) / 1000);
  const source = `${name} resource${target["type"] === "Utilization" ? " utilization (percentage of request)" : ""}`;
  const wanted = Math.abs(ratio - 1) <= tolerance ? replicas : Math.ceil(ratio * known.length);
  return { replicas: wanted, current: { type: "Resource", resource: { name, current } }, source, isAbove: ratio > 1 };
};

const requestOf = (pod: Stored, name: string): { readonly amount: number } | { readonly missing: string } => {
  let amount = 0;
  for (const container of listOf(at(pod, "spec", "containers"))) {
    const text = at(container, "resources", "requests", name);
    if (text === undefined) return { missing: textOf(at(container, "name")) };
    amount += Number(parseQuantity(textOf(text)) ?? 0n) / 1000;
  }
  return { amount };
};
