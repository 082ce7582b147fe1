// A program that grows until it is killed: it runs well for a long time, then is out of memory, again and again. More memory only delays it.
import { deploymentRevisions } from "#diagnosis/workload-states.ts";
import { referenceText } from "#api/object.ts";
import { assess, person } from "#diagnosis/assess.ts";
import type { Cause } from "#diagnosis/cause.ts";
import { startingMs } from "#diagnosis/causes/memory-limit-too-small.ts";
import { durationText, failureQuote, quote } from "#diagnosis/explain.ts";
import { failuresOf } from "#diagnosis/failures.ts";
import { failingWorkloads } from "#diagnosis/failing-workloads.ts";
import type { Assessment, Finding } from "#diagnosis/finding.ts";
import { referenceTo, type View, type Workload } from "#diagnosis/view.ts";
import { parseQuantity } from "#lib/quantity.ts";

const code = "MemoryLeak";
const nearShare = 0.9;

export const memoryLeak: Cause = {
  code,
  title: "Memory that grows without end",
  reads: "Containers that were killed for memory after a long run, how often, and whether their limit was raised before.",
  means: "The program's memory grows with time: a larger limit delays the end and does not prevent it.",
  remedy: "Find what grows in the program. A restart buys time; more memory only delays the next kill.",
  find: (view) => failingWorkloads(view).map((workload) => find(view, workload)),
};

const find = (view: View, workload: Workload): Assessment => {
  const failure = failuresOf(view, workload).find(({ reason }) => reason === "OOMKilled");
  const container = failure?.container.name ?? "";
  const limitField = `spec.template.spec.containers[${container}].resources.limits.memory`;
  const raises = view
    .changesOf(workload.reference)
    .filter(({ field, before, after }) => field.endsWith("resources.limits.memory") && isMore(after, before));
  const revisions = deploymentRevisions(view, workload);
  const revisionsRaised = revisions.filter((revision, index) => {
    const older = revisions[index + 1];
    return older !== undefined && isMore(limitIn(revision.template, container), limitIn(older.template, container));
  });
  const near = nearLimit(view, workload, container);
  const raised = raises.length + (raises.length > 0 ? 0 : revisionsRaised.length);
  return assess(
    code,
    {
      required: [
        { claim: "a container that is killed for memory", holds: failure !== undefined },
        {
          claim: `it runs for more than ${durationText(startingMs)} first, or a larger limit did not help`,
          holds: (failure?.ranMs ?? 0) > startingMs || raised > 0,
        },
      ],
      supporting: [
        { claim: "it was killed more than once", holds: (failure?.container.restarts ?? 0) > 1, weight: 1 },
        { claim: `its limit (${limitField}) was raised before, without success`, holds: raised > 0, weight: 2 },
        { claim: "it runs for long before", holds: (failure?.ranMs ?? 0) > startingMs, weight: 1 },
        // Only where it is seen: one that was just restarted has not grown yet.
        ...(near === undefined ? [] : [{ claim: "it is near its limit again", holds: true, weight: 1 }]),
      ],
    },
    () => ({
      object: workload.reference,
      summary: `Container ${container} of ${referenceText(workload.reference)} grows until it is killed for memory${failure?.ranMs === undefined ? "" : `, last after ${durationText(failure.ranMs)}`}${raised > 0 ? "; its limit was raised before and that did not help" : ""}.`,
      chain: [
        `container ${container} uses more memory the longer it runs`,
        "it reaches its limit and is killed",
        `it was restarted ${failure?.container.restarts ?? 0} times`,
      ],
      quotes: [
        ...(failure === undefined ? [] : [failureQuote(workload, failure)]),
        ...(near === undefined ? [] : [near]),
        ...raises.map(({ at, by, before, after }) =>
          quote("change", referenceText(workload.reference), `${at} ${by}: memory limit ${before} → ${after}`),
        ),
      ],
      explains: [workload.reference],
      facts: person("find what grows in the program; more memory only delays the next kill"),
    }),
  );
};

const limitIn = (template: Pick<Workload["template"], "spec">, container: string): string | undefined =>
  template.spec.containers.find(({ name }) => name === container)?.resources?.limits?.["memory"];

const isMore = (after: string | undefined, before: string | undefined): boolean => {
  const [a, b] = [after, before].map((text) => (text === undefined ? undefined : parseQuantity(text)));
  return a !== undefined && b !== undefined && a > b;
};

/** A pod whose container is about to be killed again, by its own limit and what is measured; more than the limit is nothing that can be measured. */
const nearLimit = (view: View, { pods }: Workload, container: string): Finding["quotes"][number] | undefined => {
  for (const pod of pods) {
    const object = referenceTo(pod);
    const used = view.metricsOf(object).find((each) => each.name === "memory_working_set_bytes" && each.container === container)?.value;
    const limit = Number(parseQuantity(limitIn(pod, container) ?? "0") ?? 0n) / 1000;
    if (used !== undefined && used >= nearShare * limit && used <= limit)
      return quote("metric", referenceText(object), `${container} memory_working_set_bytes: ${used} of ${limit}`);
  }
  return undefined;
};
