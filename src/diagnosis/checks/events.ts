// Checks of events.
import type { Check } from "#diagnosis/rule.ts";
import type { View, Workload } from "#diagnosis/view.ts";
import type { ObservedEvent } from "#evidence/evidence.ts";
import { fromTimestamp } from "#lib/clock.ts";

/** The event still says something of now. One without a time was read a moment ago. */
export const isRecent = ({ now }: Pick<View, "now">, { lastAt }: ObservedEvent, withinMs: number): boolean =>
  now - (fromTimestamp(lastAt) ?? now) <= withinMs;

/** The newest of these that is recent. */
export const newestRecent = (view: Pick<View, "now">, events: readonly ObservedEvent[], withinMs: number): ObservedEvent | undefined =>
  events
    .filter((event) => isRecent(view, event, withinMs))
    .toSorted((a, b) => (fromTimestamp(b.lastAt) ?? 0) - (fromTimestamp(a.lastAt) ?? 0))[0];

/** Of a workload and what belongs to it. */
export const recentEvent = (view: View, workload: Workload, reason: string, withinMs: number): ObservedEvent | undefined =>
  newestRecent(
    view,
    view.eventsAround(workload).filter((event) => event.reason === reason),
    withinMs,
  );

/** A controller or a kubelet reported it more than once: it did not pass by itself. */
export const repeated: Check<{ readonly event?: ObservedEvent | undefined }> = {
  is: "the event was repeated",
  holds: ({ event }) => (event === undefined ? "unknown" : event.count > 1),
};
