// Checks of events.
import type { EventEvidence } from "#evidence/workload-evidence.ts";
import type { Check } from "#diagnosis/rule.ts";

/** A controller or a kubelet reported it more than once: it did not pass by itself. */
export const repeated: Check<{ readonly event?: EventEvidence | undefined }> = {
  is: "the event was repeated",
  holds: ({ event }) => (event === undefined ? "unknown" : event.count > 1),
};
