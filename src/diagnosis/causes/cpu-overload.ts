// A container that needs as much CPU as it may have, and is throttled for it, without being asked more than usual.
import { referenceText } from "#api/object.ts";
import { assess, person } from "#diagnosis/assess.ts";
import type { Cause } from "#diagnosis/cause.ts";
import { quote } from "#diagnosis/explain.ts";
import { cpuUseOf } from "#diagnosis/cpu-use.ts";
import type { Assessment } from "#diagnosis/finding.ts";
import { callersOf } from "#diagnosis/called-addresses.ts";
import type { Metric } from "#evidence/evidence.ts";
import type { View, Workload } from "#diagnosis/view.ts";

const code = "CpuOverload";
/** Mean of five minutes: a program that is held at its limit idles a little between its bursts. */
const nearLimit = 0.7;
/** Beyond what load makes of an ordinary day, where it doubles. */
const grown = 3;
/** A share of throttled periods that users notice; kube-prometheus alerts at a quarter. */
const throttledShare = 0.2;
/** What is measured is the mean of five minutes, and many a program is busy while it starts. */
const startingMs = 5 * 60_000;
/** Averages over several minutes overshoot a little. */
const mostPossible = 1.2;

export const cpuOverload: Cause = {
  code,
  title: "A workload that is throttled at its CPU limit",
  reads: "CPU usage against the limit, throttling, the rate of requests, and what they were before.",
  means: "The workload uses up its CPU limit and is throttled.",
  needs: ["metrics.cpu"],
  remedy: "Find out what the program does with the CPU. Raise the limit only if the work is wanted.",
  find: (view) => view.workloads.map((workload) => find(view, workload)),
};

const find = (view: View, workload: Workload): Assessment => {
  const { object, usage, throttled, requests, growth, limit, ranMs, container } = cpuUseOf(view, workload);
  const share = usage === undefined || limit === 0 ? undefined : usage.value / limit;
  const isNearLimit = (share ?? 0) >= nearLimit;
  const isGrown = growth === undefined ? "unknown" : growth >= grown;
  return assess(
    code,
    {
      required: [
        { claim: "it has a CPU limit", holds: limit > 0 },
        {
          claim: "it is throttled far more than usual, or where that was not measured, suddenly uses all that it may",
          holds: throttled === undefined ? (usage === undefined ? "unknown" : isNearLimit && isGrown) : isThrottled(throttled),
        },
        {
          claim: "it uses most of its CPU limit, or several times what is usual",
          holds: usage === undefined ? "unknown" : isNearLimit || isGrown === true,
        },
        { claim: "it has run for longer than a start takes", holds: ranMs === undefined ? "unknown" : ranMs >= startingMs },
      ],
      // A value that cannot be says something of its source only.
      against: container === undefined ? [] : [{ claim: "it would use more than its limit lets it", holds: (share ?? 0) > mostPossible }],
      supporting: [
        { claim: "it uses several times what is usual", holds: isGrown, weight: 2 },
        { claim: "it uses most of its limit", holds: share === undefined ? "unknown" : isNearLimit, weight: 2 },
        {
          claim: "it is not asked more than usual",
          holds: requests?.usual === undefined ? "unknown" : requests.value <= requests.usual * 1.5,
          weight: 1,
        },
      ],
    },
    () => ({
      object: workload.reference,
      summary: `${container === undefined ? "" : `Container ${container} of `}${referenceText(workload.reference)} uses ${cores(usage?.value)} of CPU${limit === 0 ? "" : ` of ${cores(limit)} it may have`} and is throttled${usage?.usual === undefined ? "" : `; usual are ${cores(usage.usual)}`}.`,
      chain: [`it uses ${cores(usage?.value)}`, "the kernel throttles it", "it and its callers are slow"],
      quotes: [usage, throttled, requests].flatMap((each) =>
        each === undefined
          ? []
          : [
              quote(
                "metric",
                referenceText(object),
                `${each.container === undefined ? "" : `${each.container} `}${each.name}: ${each.value}${each.usual === undefined ? "" : `, usually ${each.usual}`}`,
              ),
            ],
      ),
      explains: [
        workload.reference,
        ...view.servicesOf(workload).flatMap((service) => callersOf(view, service).map(({ reference }) => reference)),
      ],
      facts: person("find out what the program does with the CPU; raise the limit only if the work is wanted"),
    }),
  );
};

const isThrottled = ({ value, usual }: Metric): boolean => value >= throttledShare && (usual === undefined || value >= grown * usual);

const cores = (value: number | undefined): string => (value === undefined ? "?" : `${Number(value.toFixed(3))} cores`);
