// Kubernetes events as evidence: those about the target, its revisions and the pods that still exist. Pure.
import type { Event } from "#api/kubernetes.ts";
import { referenceText } from "#api/object.ts";
import { bounds, type EventEvidence } from "#evidence/evidence.ts";
import { cleanMessage } from "#evidence/text.ts";

/** `uids`: the objects it may be about. Events of pods that are gone tell of a past that is over. */
export const eventsAbout = (events: readonly Event[], uids: ReadonlySet<string>): readonly EventEvidence[] =>
  events
    .filter((event) => event.involvedObject.uid !== undefined && uids.has(event.involvedObject.uid))
    .map(eventEvidence)
    .sort((a, b) => (a.lastAt === b.lastAt ? 0 : (a.lastAt ?? "") < (b.lastAt ?? "") ? 1 : -1))
    .slice(0, bounds.events);

const eventEvidence = (event: Event): EventEvidence => {
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
