// What the journal has of some namespaces and of the cluster itself in the time before an incident: the form in which evidence takes it in. Pure.
import { type ObjectChange, changesOf } from "#cluster/journal/change.ts";
import type { Track } from "#cluster/journal/track.ts";
import { fromTimestamp } from "#lib/clock.ts";

const maxChanges = 500;

/** Newest first, at most 500. Objects without a namespace bear on all of them. */
export const recentChanges = (tracks: readonly Track[], namespaces: readonly string[] | "all", since: number): readonly ObjectChange[] =>
  tracks
    .filter(({ object: { namespace } }) => namespace === undefined || namespaces === "all" || namespaces.includes(namespace))
    .flatMap(changesOf)
    .filter(({ at }) => (fromTimestamp(at) ?? 0) >= since)
    .toSorted((a, b) => (a.at === b.at ? 0 : a.at < b.at ? 1 : -1))
    .slice(0, maxChanges);
