// Checks of events.
import type { Check } from "#diagnosis/rule.ts";
import type { ObservedEvent } from "#evidence/evidence.ts";

/** A controller or a kubelet reported it more than once: it did not pass by itself. */
export const repeated: Check<{ readonly event?: ObservedEvent | undefined }> = {
  is: "the event was repeated",
  holds: ({ event }) => (event === undefined ? "unknown" : event.count > 1),
};
