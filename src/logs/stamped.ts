// A log as the kubelet serves it with `timestamps=true`: each line after the time at which the runtime received it (RFC 3339, nanoseconds). Pure.
import { fromTimestamp } from "#lib/clock.ts";

export interface StampedLine {
  /** Epoch milliseconds. */
  readonly atMs?: number;
  readonly text: string;
}

const stamp = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)) ?/;

/** Lines without their stamps, in order; a line without one is the rest of a line that was cut. */
export const unstamped = (text: string): readonly StampedLine[] =>
  (text.endsWith("\n") ? text.slice(0, -1) : text).split("\n").map((line): StampedLine => {
    const found = stamp.exec(line);
    const atMs = fromTimestamp(found?.[1]);
    return found === null || atMs === undefined ? { text: line } : { atMs, text: line.slice(found[0].length) };
  });

/** Lines as a program wrote them: a time in them is its own word. */
export const plainLines = (text: string): readonly StampedLine[] => text.split("\n").map((line) => ({ text: line }));
