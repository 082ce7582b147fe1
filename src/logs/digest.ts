// A log as counted messages: what it says, how often, since when, and the first line of each. Pure; a digest of a part of a log counts that part.
import { folded, recordOfLines } from "#logs/folded.ts";
import { type Meaning, meaningOf } from "#logs/meaning.ts";
import { type Level, levels, type LogRecord } from "#logs/record.ts";
import { slowRoutes } from "#logs/slow-routes.ts";
import type { StampedLine } from "#logs/stamped.ts";
import { templateOf } from "#logs/template.ts";

export interface Message {
  readonly template: string;
  readonly level: Level;
  readonly meaning?: Meaning;
  readonly count: number;
  /** Epoch milliseconds of the first and the last occurrence that say a time. */
  readonly firstMs?: number;
  readonly lastMs?: number;
  /** The first occurrence, verbatim. */
  readonly line: string;
  /** Its message alone. */
  readonly message: string;
}

export interface Digest {
  /** Most severe first, then most frequent. */
  readonly messages: readonly Message[];
  readonly records: number;
  /** Epoch milliseconds of the first record that says a time. */
  readonly fromMs?: number;
  /** Access-log lines by class of status: `2xx`, `5xx`. */
  readonly statuses: Readonly<Record<string, number>>;
}

const templatesAtMost = 2000;

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

/** Of lines with the times at which they were written, where the source says them; a time in the line itself is only used without. */
export const digestOf = (lines: readonly StampedLine[]): Digest => {
  const known = new Map<string, Counted>();
  const statuses: Record<string, number> = {};
  const answers: { readonly record: LogRecord; readonly line: string; readonly atMs: number | undefined }[] = [];
  let records = 0;
  let fromMs: number | undefined;
  for (const group of folded(lines)) {
    records += 1;
    const line = group[0]?.text ?? "";
    const record = recordOfLines(group.map(({ text }) => text));
    const atMs = group[0]?.atMs ?? record.atMs;
    fromMs = smaller(fromMs, atMs);
    if (record.status !== undefined) {
      const of = `${Math.floor(record.status / 100)}xx`;
      statuses[of] = (statuses[of] ?? 0) + 1;
    }
    if (record.tookMs !== undefined && record.route !== undefined) answers.push({ record, line, atMs });
    const level = severityOf(record);
    if (level !== "debug" && level !== "info") count(known, { message: record.message, line, level, atMs });
  }
  for (const { message, occurrences } of slowRoutes(answers))
    for (const { line, atMs } of occurrences) count(known, { message, line, level: "warning", atMs });
  return {
    messages: [...merged(known)].map(messageOf).toSorted(bySeverity),
    records,
    ...(fromMs === undefined ? {} : { fromMs }),
    statuses,
  };
};

/** A port distinguishes faults; a number that differs from line to line does not: `product:4711`. */
const portsAtMost = 5;

const merged = (known: ReadonlyMap<string, Counted>): ReadonlyMap<string, Counted> => {
  const alike = Map.groupBy(known, ([template]) => template.replaceAll(/:\d{2,5}\b/g, ":<n>"));
  return new Map(
    [...alike].flatMap(([template, all]) =>
      all.length <= portsAtMost ? all : [[template, all.map(([, counted]) => counted).reduce(sum)] satisfies [string, Counted]],
    ),
  );
};

const sum = (a: Counted, b: Counted): Counted => {
  const [firstMs, lastMs] = [smaller(a.firstMs, b.firstMs), larger(a.lastMs, b.lastMs)];
  return {
    ...(levels.indexOf(b.level) > levels.indexOf(a.level) ? b : a),
    count: a.count + b.count,
    ...(firstMs === undefined ? {} : { firstMs }),
    ...(lastMs === undefined ? {} : { lastMs }),
  };
};

const smaller = (a: number | undefined, b: number | undefined): number | undefined =>
  a === undefined || b === undefined ? (a ?? b) : Math.min(a, b);
const larger = (a: number | undefined, b: number | undefined): number | undefined =>
  a === undefined || b === undefined ? (a ?? b) : Math.max(a, b);

type Counted = { -readonly [K in keyof Omit<Message, "template" | "meaning">]: Message[K] };

type Occurrence = Pick<Counted, "message" | "line" | "level"> & { readonly atMs: number | undefined };

const count = (known: Map<string, Counted>, { message, line, level, atMs }: Occurrence): void => {
  const template = templateOf(message);
  const found = known.get(template);
  if (found === undefined) {
    const times = atMs === undefined ? {} : { firstMs: atMs, lastMs: atMs };
    if (known.size < templatesAtMost) known.set(template, { message, line, level, count: 1, ...times });
    return;
  }
  found.count += 1;
  if (levels.indexOf(level) > levels.indexOf(found.level)) found.level = level;
  if (atMs === undefined) return;
  if (found.firstMs === undefined || atMs < found.firstMs) found.firstMs = atMs;
  if (found.lastMs === undefined || atMs > found.lastMs) found.lastMs = atMs;
};

const messageOf = ([template, counted]: [string, Counted]): Message => {
  const meaning = meaningOf(counted.message);
  return { template, ...(meaning === undefined ? {} : { meaning }), ...counted };
};

const bySeverity = (a: Message, b: Message): number =>
  levels.indexOf(b.level) - levels.indexOf(a.level) || b.count - a.count || (a.template < b.template ? -1 : 1);
