// Events of the namespaces that are looked at. Reads only.
import { type Event, Events } from "#api/kubernetes.ts";
import type { ResourceType } from "#api/object.ts";
import { observedEvent } from "#evidence/events.ts";
import { clusterRight } from "#evidence/kinds-read.ts";
import { type Collection, type EvidenceSource, placesOf } from "#evidence/sources/source.ts";
import type { ObservedEvent } from "#evidence/evidence.ts";

export const events: EvidenceSource = {
  name: "events",
  needs: [clusterRight(Events, ["list"])],
  provides: ["events"],
  collect: async (collection) => ({ events: await readEvents(collection, placesOf(collection)) }),
};

export const readEvents = async (
  { gather, extent }: Collection,
  places: readonly (string | undefined)[],
): Promise<readonly ObservedEvent[]> => {
  const read: ObservedEvent[] = [];
  const kind = { type: Events as ResourceType, pageSize: Math.min(500, extent.events) };
  const keep = (event: unknown): void => void read.push(observedEvent(event as Event));
  await Promise.all(places.map((namespace) => gather.each(kind, namespace === undefined ? {} : { namespace }, keep)));
  return read;
};
