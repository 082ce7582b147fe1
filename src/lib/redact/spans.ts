// Parts of a text that are hidden, and the text without them. Pure; a part that overlaps another is one with it.

export const mark = "[redacted]";

/** Reports each part that has to be hidden. */
export type Hide = (start: number, end: number) => void;
/** Looks at a text once, in time linear in its length. */
export type Scan = (text: string, hide: Hide) => void;

export type Span = readonly [start: number, end: number];

export const spansOf = (text: string, scans: readonly Scan[]): readonly Span[] => {
  const found: Span[] = [];
  for (const scan of scans)
    scan(text, (start, end) => {
      if (end > start && !isHidden(text, start, end)) found.push([start, end]);
    });
  return found.length < 2 ? found : merged(found.toSorted((a, b) => a[0] - b[0]));
};

/** Nothing but marks of an earlier pass. */
const isHidden = (text: string, start: number, end: number): boolean => {
  let at = start;
  while (at < end) {
    const after = afterMark(text, at);
    if (after === at) return false;
    at = after;
  }
  return true;
};

/** Behind the mark that begins here; the same place where none does. Also `[redacted: another value]`. */
export const afterMark = (text: string, at: number): number => {
  if (!text.startsWith("[redacted", at)) return at;
  const end = text.indexOf("]", at);
  return end < 0 || end > at + 64 ? at : end + 1;
};

const merged = (sorted: readonly Span[]): readonly Span[] => {
  const spans: Span[] = [];
  for (const [start, end] of sorted) {
    const last = spans.at(-1);
    if (last !== undefined && start <= last[1]) spans[spans.length - 1] = [last[0], Math.max(last[1], end)];
    else spans.push([start, end]);
  }
  return spans;
};

export const without = (text: string, spans: readonly Span[]): string => {
  let result = "";
  let from = 0;
  for (const [start, end] of spans) {
    result += text.slice(from, start) + mark;
    from = end;
  }
  return result + text.slice(from);
};
