// A container that needs as much CPU as it may have, and is throttled for it, without being asked more than usual.
import { referenceText } from "#api/object.ts";
import { assess, person } from "#diagnosis/assess.ts";
import type { Cause } from "#diagnosis/cause.ts";
import { quote } from "#diagnosis/explain.ts";
import { cpuUseOf } from "#diagnosis/cpu-use.ts";
import type { Assessment } from "#diagnosis/finding.ts";
import { callersOf } from "#diagnosis/called-addresses.ts";
import type { View, Workload } from "#diagnosis/view.ts";

const code = "CpuOverload";
/** Where usage is this near to the limit, the kernel's quota is what holds it. */
const nearLimit = 0.7;
const grown = 3;
/** A program may start for minutes, and what is measured is the mean of five. */
const startingMs = 10 * 60_000;
/** Averages over several minutes overshoot a little. */
const mostPossible = 1.2;

export const cpuOverload: Cause = {
  code,
  title: "A workload that is throttled at its CPU limit",
  reads: "CPU usage against the limit, throttling, the rate of requests, and what they were before.",
  means: "The workload uses up its CPU limit and is throttled.",
  remedy: "Find out what the program does with the CPU. Raise the limit only if the work is wanted.",
  find: (view) => view.workloads.map((workload) => find(view, workload)),
};

const find = (view: View, workload: Workload): Assessment => {
  const { object, usage, throttled, requests, limit, container } = cpuUseOf(view, workload);
  const share = usage === undefined || limit === 0 ? undefined : usage.value / limit;
  const slower = (throttled?.value ?? 0) >= 0.2 && (throttled?.usual === undefined || throttled.value >= grown * throttled.usual);
  return assess(
    code,
    {
      required: [
        { claim: "it is throttled far more than usual", holds: throttled === undefined ? "unknown" : slower },
        {
          claim: "it uses most of its CPU limit, or several times what is usual",
          holds:
            usage === undefined
              ? "unknown"
              : (share ?? 0) >= nearLimit || (usage.usual !== undefined && usage.value >= grown * usage.usual),
        },
        ...(container === undefined
          ? []
          : [
              { claim: "its container has a CPU limit", holds: limit > 0 },
              // Many a program is busy while it starts.
              {
                claim: "it has run for longer than a start takes",
                holds: container.ranMs === undefined ? ("unknown" as const) : container.ranMs >= startingMs,
              },
            ]),
      ],
      // Whoever says so has measured something else, or lies.
      against: container === undefined ? [] : [{ claim: "it would use more than its limit lets it", holds: (share ?? 0) > mostPossible }],
      supporting: [
        {
          claim: "it uses several times what is usual",
          holds: usage?.usual === undefined ? "unknown" : usage.value >= grown * usage.usual,
          weight: 2,
        },
        { claim: "it uses most of its limit", holds: share === undefined ? "unknown" : share >= nearLimit, weight: 2 },
        {
          claim: "it is not asked more than usual",
          holds: requests?.usual === undefined ? "unknown" : requests.value <= requests.usual * 1.5,
          weight: 1,
        },
      ],
    },
    () => ({
      object: workload.reference,
      summary: `${container === undefined ? "" : `Container ${container.name} of `}${referenceText(workload.reference)} uses ${cores(usage?.value)} of CPU${limit === 0 ? "" : ` of ${cores(limit)} it may have`} and is throttled${usage?.usual === undefined ? "" : `; usual are ${cores(usage.usual)}`}.`,
      chain: [`it uses ${cores(usage?.value)}`, "the kernel throttles it", "it and those who call it are slow"],
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

const cores = (value: number | undefined): string => (value === undefined ? "?" : `${Number(value.toFixed(3))} cores`);
