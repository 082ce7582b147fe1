// Names derived from other names, the same in every process. Never longer than a label's value may be, never two different ones alike.
import { sha256 } from "#lib/canonical-json.ts";
import { trimmedEnd } from "#lib/trimmed-end.ts";

/** A Job's name becomes a label's value: no name of ours is longer. */
export const maxNameLength = 63;
const tailLength = 8;

/** The parts joined by dashes; where that is too long, cut and ended with a hash of the whole. */
export const childName = (...parts: readonly (string | number)[]): string => {
  const name = parts.join("-");
  if (name.length <= maxNameLength) return name;
  const head = trimmedEnd(name.slice(0, maxNameLength - tailLength - 1), "-.");
  return `${head}-${sha256(name).slice(0, tailLength)}`;
};
