// What is quoted of a log: its end, and where that is too much, its error lines with the lines around them. Pure.
import { endOf } from "#evidence/text.ts";

const trouble =
  /(?:error|exception)\b|\b(?:err|fatal|panic|traceback|fail(?:ed|ure)?|denied|refused|forbidden|unauthorized|timed? ?out|cannot|could not|unable|killed|oom|no such|not found|exhausted|too many|read-only|unavailable|unreachable)\b|(?:status|code|http\/[\d.]+"?)\D{0,4}[45]\d\d\b/i;
const linesBefore = 2;
const linesAfter = 4;
/** Whatever else is dropped, the last lines stay: a program says last why it ends. */
const lastLines = 20;
/** One line may be the whole log. */
const lineLength = 2000;

/** Of lines that are clean. */
export const logExcerpt = (lines: readonly string[], maxLines: number, maxBytes: number): string => {
  const whole = lines.map((line) => (line.length <= lineLength ? line : `${line.slice(0, lineLength - 1)}…`));
  if (whole.length <= maxLines) return endOf(whole.join("\n"), maxLines, maxBytes);
  const wanted = new Set<number>();
  for (let at = whole.length - 1; at >= 0 && wanted.size < maxLines; at -= 1) {
    if (whole.length - at <= lastLines) wanted.add(at);
    else if (trouble.test(whole[at] ?? ""))
      for (let near = Math.max(0, at - linesBefore); near <= Math.min(whole.length - 1, at + linesAfter); near += 1) wanted.add(near);
  }
  // Without an error line, its end.
  if (wanted.size <= lastLines) return endOf(whole.join("\n"), maxLines, maxBytes);
  return endOf(
    [...wanted]
      .toSorted((a, b) => a - b)
      .map((at) => whole[at])
      .join("\n"),
    maxLines,
    maxBytes,
  );
};
