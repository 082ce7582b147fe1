// Checks of pods that wait for a node: the scheduler's own counts, and which of its refusals keeps a pod out.
import type { Quote } from "#api/fields.ts";
import { objectQuote } from "#diagnosis/quotes.ts";
import type { Condition } from "#diagnosis/rule.ts";
import type { NodeRefusal, Unscheduled } from "#diagnosis/scheduling.ts";

/** The scheduler counts nodes under this refusal. */
export const schedulerCounts = (refusal: NodeRefusal): Condition<Unscheduled> => ({
  is: `the scheduler counts nodes under "${refusal}"`,
  holds: ({ counts }) => (counts[refusal] ?? 0) > 0,
});

/** Of all refusals, this one keeps the pod out of most nodes that its own constraints allow. */
export const keptOutBy = (refusal: NodeRefusal, word: string): Condition<Unscheduled> => ({
  is: `${word} keeps the pod out of most nodes`,
  not: ({ pod, counts, blocker }) =>
    `${word} keeps Pod ${pod.metadata.name} out of ${counts[refusal] ?? 0} nodes, ${blocker ?? "another refusal"} out of more`,
  holds: ({ blocker }) => blocker === refusal,
});

export const schedulerQuote = ({ pod, message }: Unscheduled): Quote => objectQuote(pod, `PodScheduled is False: ${message}`);
