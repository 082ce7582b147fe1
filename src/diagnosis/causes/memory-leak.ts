// A program whose memory grows until it is killed: it runs well for a long time, then is out of memory, again and again. More memory only delays it.
import { startingMs } from "#diagnosis/causes/memory-limit-too-small.ts";
import { failingWorkloads, memoryLimitOf } from "#diagnosis/containers.ts";
import { durationText, failureQuote } from "#diagnosis/explain.ts";
import { failuresOf } from "#diagnosis/failures.ts";
import { metricQuote, quote, quoted } from "#diagnosis/quotes.ts";
import { cause } from "#diagnosis/rule.ts";
import { nameOf } from "#diagnosis/template.ts";
import { referenceTo, type View, type Workload } from "#diagnosis/view.ts";
import { deploymentRevisions } from "#diagnosis/workload-states.ts";
import type { Metric } from "#evidence/evidence.ts";
import { parseQuantity } from "#lib/quantity.ts";
import { times } from "#lib/words.ts";

/** Of its limit: the next kill is near. */
const nearShare = 0.9;

const isMore = (after: string | undefined, before: string | undefined): boolean => {
  const [a, b] = [after, before].map((text) => parseQuantity(text ?? ""));
  return a !== undefined && b !== undefined && a > b;
};

/** Measured memory of a container that is about to be killed again; a value above the limit is impossible. */
const nearLimit = (view: View, { pods }: Workload, container: string): Metric | undefined =>
  pods
    .flatMap((pod) => {
      const limit = Number(parseQuantity(memoryLimitOf(pod.spec, container) ?? "0") ?? 0n) / 1000;
      return view
        .metricsOf(referenceTo(pod))
        .filter((each) => each.name === "memory_working_set_bytes" && each.container === container)
        .filter(({ value }) => value >= nearShare * limit && value <= limit);
    })
    .at(0);

export const memoryLeak = cause({
  code: "MemoryLeak",
  title: "Memory that grows without end",
  reads: "Containers that were killed for memory after a long run, how often, and whether their limit was raised before.",
  means: "The program's memory grows with time: a larger limit delays the end and does not prevent it.",
  needs: ["objects.Pod"],
  signs: ["ended"],
  of: (view: View) =>
    failingWorkloads(view).flatMap((workload) => {
      const failure = failuresOf(view, workload).find(({ reason }) => reason === "OOMKilled");
      if (failure === undefined) return [];
      const { ranMs = 0, container } = failure;
      const raises = view
        .changesOf(workload.reference)
        .filter(({ field, before, after }) => field.endsWith("resources.limits.memory") && isMore(after, before));
      const limits = deploymentRevisions(view, workload).map(({ template }) => memoryLimitOf(template.spec, container.name));
      const isRaised = raises.length > 0 || limits.some((limit, index) => isMore(limit, limits[index + 1]));
      return [
        {
          ...{ workload, failure, ranMs, raises, isRaised, container: container.name },
          near: nearLimit(view, workload, container.name),
          last: failure.ranMs === undefined ? "" : `, last after ${durationText(ranMs)}`,
          note: isRaised ? "; a larger limit did not help before" : "",
          restarts: times(container.restarts),
        },
      ];
    }),
  when: [
    {
      is: "it runs for longer than a start takes, or a larger limit did not help",
      holds: ({ ranMs, isRaised }) => ranMs > startingMs || isRaised,
    },
  ],
  supports: [
    { is: "it was killed more than once", holds: ({ failure }) => failure.container.restarts > 1 },
    { is: "its limit was raised before, without success", holds: ({ isRaised }) => isRaised, weight: 2 },
    { is: "it runs for long before it is killed", holds: ({ ranMs }) => ranMs > startingMs },
    // A container that has just restarted has not grown yet.
    { is: "it is near its limit again", holds: ({ near }) => near !== undefined || "unknown" },
  ],
  says: "Container {container} of {workload} uses more and more memory until it is killed{last}{note}.",
  chain: "container {container} uses more memory the longer it runs → it reaches its limit and is killed → it was restarted {restarts}",
  quotes: ({ workload, failure, near, raises }) => [
    failureQuote(workload, failure),
    quoted(near, metricQuote),
    ...raises.map(({ at, by, before, after }) => quote("change", nameOf(workload), `${at} ${by}: memory limit ${before} → ${after}`)),
  ],
  remedy: "Find the leak in the program. A restart buys time; more memory only delays the next kill.",
  otherwise: "find the leak in the program; more memory only delays the next kill",
});
