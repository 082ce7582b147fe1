// What an object was before a time, whole, so that it can be put back. Pure; never for people to read: it is not redacted.
import type { Kept } from "#api/observed.ts";
import { contentsOf, isHashOnly, type Track } from "#cluster/journal/track.ts";
import { fromTimestamp, toPreciseTimestamp } from "#lib/clock.ts";

/** `before`: RFC 3339. API server times are whole seconds: a write within that second does not count as earlier. */
export const keptBefore = (track: Track | undefined, before: string): Kept => {
  const time = fromTimestamp(before);
  if (time === undefined) return { unknown: `"${before}" is not a time` };
  if (track === undefined) return { unknown: "the change journal does not know it" };
  const kept = contentsOf(track).findLast(({ version }) => version.at < time);
  if (kept === undefined) return { unknown: `the change journal does not reach back to before ${before}` };
  const { version, content } = kept;
  if (content === undefined) return { unknown: `it did not exist before ${before}` };
  if (isHashOnly(content)) return { unknown: "it was too large for the change journal to keep" };
  return { object: track.object, at: toPreciseTimestamp(version.at), content };
};
