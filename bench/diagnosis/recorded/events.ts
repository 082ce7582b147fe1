// Events out of recorded text: the table below a described object, and the lines of `kubectl get events`.
import { referenceText } from "#api/object.ts";
import { cleanMessage } from "#evidence/text.ts";
import type { ObservedEvent } from "#evidence/evidence.ts";
import { field, fieldsOfText, tableBelow } from "#bench/diagnosis/recorded/describe-text.ts";
import { recordedType, uidOf } from "#bench/diagnosis/recorded/resource-types.ts";
import { occurrences } from "#bench/diagnosis/recorded/times.ts";

export interface About {
  readonly kind: string;
  readonly namespace?: string;
  readonly name: string;
}

export const eventsBelow = (about: About, text: string, now: number): readonly ObservedEvent[] =>
  tableBelow(field(fieldsOfText(text), "Events").below).map((row) =>
    eventOf(about, row["Type"] ?? "", row["Reason"] ?? "", row["Message"] ?? "", occurrences(row["Age"] ?? "", now)),
  );

/** `36s  Warning  FailedCreate  replicaset/web-1  message`; events of other namespaces come without theirs. */
export const listedEvents = (text: string, namespace: string | undefined, now: number): readonly ObservedEvent[] =>
  text.split("\n").flatMap((line) => {
    const match = /^(\S+)\s+(Normal|Warning)\s+(\S+)\s+([a-z.]+)\/(\S+)\s+(.*)$/.exec(line.trim());
    if (match === null) return [];
    const [, age = "", type = "", reason = "", word = "", name = "", message = ""] = match;
    const known = recordedType(word);
    if (known === undefined) return [];
    const about = { kind: known.kind, ...(known.namespaced && namespace !== undefined ? { namespace } : {}), name };
    return [eventOf(about, type, reason, message, occurrences(age, now))];
  });

/** The described ones have counts; the listed ones add what no description held. */
export const mergedEvents = (described: readonly ObservedEvent[], listed: readonly ObservedEvent[]): readonly ObservedEvent[] => {
  const key = ({ object, reason, message }: ObservedEvent): string => `${object}\n${reason}\n${message}`;
  const events = new Map<string, ObservedEvent>();
  for (const event of [...described, ...listed]) if (!events.has(key(event))) events.set(key(event), event);
  return [...events.values()].toSorted((a, b) => ((a.lastAt ?? "") < (b.lastAt ?? "") ? 1 : (a.lastAt ?? "") > (b.lastAt ?? "") ? -1 : 0));
};

const eventOf = (about: About, type: string, reason: string, message: string, when: ReturnType<typeof occurrences>): ObservedEvent => ({
  object: referenceText(about),
  uid: uidOf(about.kind, about.namespace, about.name),
  type: type === "Warning" ? "Warning" : "Normal",
  reason,
  message: cleanMessage(message, 1024),
  ...when,
});
