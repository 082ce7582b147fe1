// Lines of a log that belong to one record: a message with its stack frames, its cause and its continuation. Pure, and linear in the lines.
import { dotnetLevelOf, levelOf, levels, type LogRecord, recordOf } from "#logs/record.ts";
import type { StampedLine } from "#logs/stamped.ts";

/** A stack frame, an indented line, or `Caused by:` belongs to the record before it. */
const continues = /^(?:\s|at [\w$.<]|Caused by: |\.\.\. \d|---|\}|\)|\])/;
const traceback = /^Traceback \(most recent call last\):/;
/** Python, between the tracebacks of one chain. */
const chained = /^(?:During handling of the above exception|The above exception was the direct cause)/;
/** An exception on a line of its own, below the message that announces it: `java.sql.SQLException: …`. */
const exceptionLine = /^(?:[\w$]{1,80}\.){1,12}[\w$]{1,120}(?:Exception|Error|Throwable)(?::|$)/;

/** Lines of one record together; the last line of a Python traceback, which is its message, too. */
export const folded = <L extends Pick<StampedLine, "text">>(lines: readonly L[]): readonly (readonly L[])[] => {
  const groups: L[][] = [];
  let inTraceback = false;
  for (const line of lines) {
    const { text } = line;
    if (text.trim() === "") continue;
    const last = groups.at(-1);
    const isTraceback = traceback.test(text.trim());
    const belongs =
      last !== undefined &&
      (continues.test(text) ||
        inTraceback ||
        chained.test(text) ||
        (isTraceback && (isAnnounced(last) || chained.test(last.at(-1)?.text ?? ""))) ||
        (exceptionLine.test(text) && isAnnounced(last)));
    inTraceback = isTraceback || (inTraceback && /^\s/.test(text));
    if (belongs) last.push(line);
    else groups.push([line]);
  }
  return groups;
};

/** One line that names its level as an error: what follows without a level says more about it. */
const isAnnounced = (group: readonly Pick<StampedLine, "text">[]): boolean => {
  if (group.length !== 1) return false;
  const { level } = recordOf(group[0]?.text ?? "");
  return level !== undefined && levels.indexOf(level) >= levels.indexOf("error");
};

/**
 * One record of its lines. Of a failure with its causes the innermost is the message, because it says why, and what was attempted follows in brackets:
 * the last `Caused by:` (Java) or `--->` (.NET), the last line of a Python traceback.
 */
export const recordOfLines = (lines: readonly string[]): LogRecord => {
  const dotnet = lines.length > 1 ? dotnetLevelOf(lines[0] ?? "") : undefined;
  const first = dotnet === undefined ? recordOf(lines[0] ?? "") : { level: dotnet, message: (lines[1] ?? "").trim() };
  if (lines.length === 1) return first;
  const inner = innermost(lines);
  if (inner === undefined || first.message.includes(inner)) return first;
  const isBare = traceback.test(first.message);
  return {
    ...first,
    message: isBare ? inner : `${inner} (${first.message})`,
    ...(first.level === undefined ? { level: levelOf("error") ?? "error" } : {}),
  };
};

const innermost = (lines: readonly string[]): string | undefined => {
  const cause = lines.findLast((line) => /^\s*(?:Caused by: |---> )/.test(line));
  if (cause !== undefined) return cause.trim().replace(/^(?:Caused by: |---> )/, "");
  const last = lines.at(-1) ?? "";
  if (lines.some((line) => traceback.test(line.trim())) && !/^\s/.test(last)) return last.trim();
  return lines
    .slice(1)
    .find((line) => exceptionLine.test(line))
    ?.trim();
};
