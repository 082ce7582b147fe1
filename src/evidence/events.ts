// Kubernetes events as evidence: those about the target, its revisions and its pods, also pods that are gone. Pure.
import type { Event } from "#api/kubernetes.ts";
import { referenceText } from "#api/object.ts";
import { bounds, type EventEvidence } from "#evidence/workload-evidence.ts";
import { cleanMessage } from "#evidence/text.ts";

export interface About {
  readonly uids: ReadonlySet<string>;
  /** Names of what makes the pods: `<maker>-…` is a pod of it, also one that is gone. Its events tell when the trouble began. */
  readonly makers: readonly string[];
}

export const eventsAbout = (events: readonly Event[], about: About): readonly EventEvidence[] =>
  events
    .filter(
      ({ involvedObject: { uid, kind, name = "" } }) =>
        (uid !== undefined && about.uids.has(uid)) || (kind === "Pod" && about.makers.some((maker) => isMadeBy(name, maker))),
    )
    .map(eventEvidence)
    .toSorted((a, b) => (a.lastAt === b.lastAt ? 0 : (a.lastAt ?? "") < (b.lastAt ?? "") ? 1 : -1))
    .slice(0, bounds.events);

/** Pod names end in five characters or, in a StatefulSet, a number: `web-1` must not take the pods of `web-1-api`. */
const isMadeBy = (pod: string, maker: string): boolean =>
  pod.startsWith(`${maker}-`) && /^[a-z0-9]{1,5}$/.test(pod.slice(maker.length + 1));

export const eventEvidence = (event: Event): EventEvidence => {
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
