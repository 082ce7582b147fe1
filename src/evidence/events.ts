// A Kubernetes event as evidence, whichever of its two forms it was written in. Pure.
import type { Event } from "#api/kubernetes.ts";
import { referenceText } from "#api/object.ts";
import { bounds } from "#evidence/bounds.ts";
import type { ObservedEvent } from "#evidence/evidence.ts";
import { cleanMessage } from "#evidence/text.ts";

export const observedEvent = (event: Event): ObservedEvent => {
  const { kind = "Object", namespace, name = "", uid } = event.involvedObject;
  const lastAt = event.series?.lastObservedTime ?? event.lastTimestamp ?? event.eventTime ?? event.firstTimestamp;
  const firstAt = event.firstTimestamp ?? event.eventTime ?? lastAt;
  return {
    object: referenceText({ kind, namespace, name }),
    ...(uid === undefined ? {} : { uid }),
    type: event.type === "Warning" ? "Warning" : "Normal",
    reason: cleanMessage(event.reason ?? "", 128),
    message: cleanMessage(event.message ?? "", bounds.messageLength),
    count: event.series?.count ?? event.count ?? 1,
    ...(firstAt == null ? {} : { firstAt: wholeSeconds(firstAt) }),
    ...(lastAt == null ? {} : { lastAt: wholeSeconds(lastAt) }),
  };
};

/** eventTime has microseconds, the others have seconds: one form, so that they compare as text too. */
const wholeSeconds = (time: string): string => time.replace(/\.\d+/, "");
