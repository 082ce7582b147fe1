// A log as counted messages: what it says, how often, since when, and the first line of each. Pure; a digest of a part of a log counts that part.
import { type Level, levelOf, levels, type LogRecord, recordOf } from "#logs/record.ts";
import { type Meaning, meaningOf } from "#logs/meaning.ts";
import { templateOf } from "#logs/template.ts";

export interface Message {
  readonly template: string;
  readonly level: Level;
  readonly meaning?: Meaning;
  readonly count: number;
  /** Epoch milliseconds of the first and the last occurrence that say a time. */
  readonly firstMs?: number;
  readonly lastMs?: number;
  /** The first occurrence, as it was logged. */
  readonly line: string;
  /** Its message alone. */
  readonly message: string;
}

export interface Digest {
  /** Most severe first, then most frequent. */
  readonly messages: readonly Message[];
  readonly records: number;
  /** Access-log lines by class of status: `2xx`, `5xx`. */
  readonly statuses: Readonly<Record<string, number>>;
}

const templatesAtMost = 2000;

/** A stack frame, an indented line, or `Caused by:` belongs to the record before it. */
const continues = /^(?:\s|at [\w$.<]|Caused by: |\.\.\. \d|---|\}|\)|\])/;
const traceback = /^Traceback \(most recent call last\):/;

/** Lines of one record together; the last line of a Python traceback, which is its message, too. */
export const folded = (text: string): readonly (readonly string[])[] => {
  const groups: string[][] = [];
  let inTraceback = false;
  for (const line of text.split("\n")) {
    if (line.trim() === "") continue;
    const last = groups.at(-1);
    const belongs = last !== undefined && (continues.test(line) || inTraceback);
    inTraceback = traceback.test(line.trim()) || (inTraceback && /^\s/.test(line));
    if (belongs) last.push(line);
    else groups.push([line]);
  }
  return groups;
};

const wordsOfTrouble =
  /\b(?:error|exception|fatal|panic|failed|failure|refused|denied|timed? ?out|unavailable|exhausted|cannot|could not|unable|rejected|overflow|aborted|corrupt(?:ed)?)\b|(?:error|exception)\b/i;
/** Counters and settings that name trouble and report none: `errors=0`, `0 failed`, `retry on error: true`. */
const wordsOfNone =
  /\b(?:0|no|zero|without) (?:error|failure|fail|exception)|(?:error|failure|failed|exception)s?[=:]\s?(?:0|none|null|false|nil|\[\])(?:\W|$)|on[ _-](?:error|failure)|error[_-]?(?:log|page|handler|rate: 0)/i;

/** What a line says of itself, or its words where it says no level. */
export const severityOf = ({ level, message }: LogRecord): Level => {
  if (level !== undefined && level !== "info") return level;
  // A program that logs all of its output as info says with words what failed.
  const troubled = wordsOfTrouble.test(message) && !wordsOfNone.test(message);
  if (!troubled) return "info";
  return level === undefined ? "error" : "warning";
};

export const digestOf = (text: string): Digest => {
  const known = new Map<string, { first: LogRecord; line: string; level: Level; count: number; firstMs?: number; lastMs?: number }>();
  const statuses: Record<string, number> = {};
  let records = 0;
  for (const lines of folded(text)) {
    records += 1;
    const record = recordWithCause(lines);
    if (record.status !== undefined) {
      const of = `${Math.floor(record.status / 100)}xx`;
      statuses[of] = (statuses[of] ?? 0) + 1;
    }
    const level = severityOf(record);
    if (level === "debug" || level === "info") continue;
    const template = templateOf(record.message);
    const found = known.get(template);
    if (found !== undefined) {
      found.count += 1;
      if (record.atMs !== undefined) {
        found.firstMs = Math.min(found.firstMs ?? record.atMs, record.atMs);
        found.lastMs = Math.max(found.lastMs ?? record.atMs, record.atMs);
      }
      if (levels.indexOf(level) > levels.indexOf(found.level)) found.level = level;
    } else if (known.size < templatesAtMost)
      known.set(template, {
        first: record,
        line: lines[0] ?? "",
        level,
        count: 1,
        ...(record.atMs === undefined ? {} : { firstMs: record.atMs, lastMs: record.atMs }),
      });
  }
  const messages = [...known].map(([template, { first, line, level, count, firstMs, lastMs }]): Message => {
    const meaning = meaningOf(first.message);
    return {
      template,
      level,
      ...(meaning === undefined ? {} : { meaning }),
      count,
      ...(firstMs === undefined ? {} : { firstMs }),
      ...(lastMs === undefined ? {} : { lastMs }),
      line,
      message: first.message,
    };
  });
  return { messages: messages.toSorted(bySeverity), records, statuses };
};

const bySeverity = (a: Message, b: Message): number =>
  levels.indexOf(b.level) - levels.indexOf(a.level) || b.count - a.count || (a.template < b.template ? -1 : 1);

/** The record of the first line; a Python traceback's message is its last line, a Java exception's cause its last `Caused by:`. */
const recordWithCause = (lines: readonly string[]): LogRecord => {
  const first = recordOf(lines[0] ?? "");
  if (lines.length === 1) return first;
  const last = lines.at(-1) ?? "";
  const cause = lines.findLast((line) => line.trimStart().startsWith("Caused by: "))?.trim();
  const isTraceback = lines.some((line) => traceback.test(line.trim()));
  const more = cause ?? (isTraceback && !/^\s/.test(last) ? last.trim() : undefined);
  if (more === undefined) return first;
  const message = traceback.test(first.message) ? more : `${first.message}: ${more}`;
  return { ...first, message, ...(first.level === undefined ? { level: levelOf("error") ?? "error" } : {}) };
};
