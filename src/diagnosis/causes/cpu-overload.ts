// A container that needs as much CPU as its limit allows, and is throttled for it, without more requests than usual.
import { callersOfWorkload } from "#diagnosis/called-addresses.ts";
import { cpuUseOf } from "#diagnosis/cpu-use.ts";
import { metricQuote, numberText, quoted } from "#diagnosis/quotes.ts";
import { cause } from "#diagnosis/rule.ts";
import { nameOf } from "#diagnosis/template.ts";
import type { View } from "#diagnosis/view.ts";
import type { Metric } from "#evidence/evidence.ts";

/** Mean of five minutes: a program that is held at its limit idles a little between its bursts. */
const nearLimit = 0.7;
/** Beyond the load of an ordinary day, where it doubles. */
const grown = 3;
/** A share of throttled periods that users notice; kube-prometheus alerts at a quarter. */
const throttledShare = 0.2;
/** The metric is the mean of five minutes, and many programs are busy while they start. */
const startingMs = 5 * 60_000;
/** Averages over several minutes overshoot a little. */
const mostPossible = 1.2;
/** Load varies by half within an ordinary hour. */
const moreRequests = 1.5;

const isThrottled = ({ value, usual }: Metric): boolean => value >= throttledShare && (usual === undefined || value >= grown * usual);

const cores = (value: number | undefined): string => (value === undefined ? "?" : `${numberText(value)} cores`);

export const cpuOverload = cause({
  code: "CpuOverload",
  title: "A workload that is throttled at its CPU limit",
  reads: "CPU usage against the limit, throttling, the rate of requests, and their usual values.",
  means: "The workload uses up its CPU limit and is throttled.",
  needs: ["metrics.cpu"],
  signs: ["metric"],
  of: (view: View) =>
    view.workloads.flatMap((workload) => {
      const use = cpuUseOf(view, workload);
      const { usage, limit, growth, container } = use;
      if (usage === undefined || limit === 0) return [];
      const share = usage.value / limit;
      return [
        {
          ...{ ...use, workload, usage, share },
          isNearLimit: share >= nearLimit,
          isGrown: growth === undefined ? ("unknown" as const) : growth >= grown,
          owner: container === undefined ? nameOf(workload) : `Container ${container} of ${nameOf(workload)}`,
          used: cores(usage.value),
          bound: cores(limit),
          before: usage.usual === undefined ? "" : `; it usually uses ${cores(usage.usual)}`,
        },
      ];
    }),
  when: [
    {
      is: "it is throttled far more than usual or, where that was not measured, suddenly reaches its limit",
      holds: ({ throttled, isNearLimit, isGrown }) => (throttled === undefined ? isNearLimit && isGrown : isThrottled(throttled)),
    },
    { is: "it uses most of its CPU limit, or several times the usual", holds: ({ isNearLimit, isGrown }) => isNearLimit || isGrown },
    { is: "it has run for longer than a start takes", holds: ({ ranMs }) => (ranMs === undefined ? "unknown" : ranMs >= startingMs) },
  ],
  // An impossible value proves that its source is wrong.
  unless: [{ is: "its usage is above its limit", holds: ({ container, share }) => container !== undefined && share > mostPossible }],
  supports: [
    { is: "it uses several times the usual", holds: ({ isGrown }) => isGrown, weight: 2 },
    { is: "it uses most of its limit", holds: ({ isNearLimit }) => isNearLimit, weight: 2 },
    {
      is: "it gets no more requests than usual",
      holds: ({ requests }) => (requests?.usual === undefined ? "unknown" : requests.value <= requests.usual * moreRequests),
    },
  ],
  says: "{owner} uses {used} of its CPU limit of {bound} and is throttled{before}.",
  chain: "{owner} uses {used} → the kernel throttles it at {bound} → it and its callers are slow",
  quotes: ({ usage, throttled, requests }) => [usage, throttled, requests].map((metric) => quoted(metric, metricQuote)),
  explains: ({ workload }, view) => callersOfWorkload(view, workload),
  otherwise: "find the source of the CPU load; raise the limit only if the work is wanted",
});
