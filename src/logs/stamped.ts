// A log as the kubelet serves it with `timestamps=true`: each line after the time at which the runtime received it (RFC 3339, nanoseconds). Pure.
import { fromTimestamp } from "#lib/clock.ts";

export interface StampedLine {
  /** Epoch milliseconds. */
  readonly atMs?: number;
  readonly text: string;
}

const stamp = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d{1,9})?(Z|[+-]\d\d:\d\d) ?/;

/** Lines without their stamps, in order; a line without one is the rest of a line that was cut. */
export const unstamped = (text: string): readonly StampedLine[] => {
  const secondOf = rememberingLast((second) => fromTimestamp(second));
  return (text.endsWith("\n") ? text.slice(0, -1) : text).split("\n").map((line): StampedLine => {
    const [whole = "", second = "", fraction = "", zone = ""] = stamp.exec(line) ?? [];
    const ms = whole === "" ? undefined : secondOf(`${second}${zone}`);
    return ms === undefined ? { text: line } : { atMs: ms + Math.floor(Number(fraction) * 1000), text: line.slice(whole.length) };
  });
};

/** Lines of one second follow each other. */
const rememberingLast = <T>(read: (key: string) => T): ((key: string) => T) => {
  let last: { readonly key: string; readonly value: T } | undefined;
  return (key) => (last?.key === key ? last : (last = { key, value: read(key) })).value;
};

/** Lines as a program wrote them: a time in them is its own word. */
export const plainLines = (text: string): readonly StampedLine[] => text.split("\n").map((line) => ({ text: line }));
