// One line of a log as a record: time, level, message. Knows the usual formats; any other line is its own message. Pure, and linear in the line.
import { fromTimestamp } from "#lib/clock.ts";

export const levels = ["debug", "info", "warning", "error", "fatal"] as const;
export type Level = (typeof levels)[number];

export interface LogRecord {
  /** Epoch milliseconds, where the line says a time with its zone or in UTC. */
  readonly atMs?: number;
  readonly level?: Level;
  /** Without time, level and place in the source. */
  readonly message: string;
  /** The HTTP status of an access log. */
  readonly status?: number;
}

const lineAtMost = 4000;

export const recordOf = (line: string): LogRecord => {
  const text = line.slice(0, lineAtMost).trim();
  return json(text) ?? klog(text) ?? access(text) ?? logfmt(text) ?? prefixed(text);
};

const levelNames: Readonly<Record<string, Level>> = {
  ...{ trace: "debug", debug: "debug", dbg: "debug", verbose: "debug", fine: "debug" },
  ...{ info: "info", inf: "info", information: "info", notice: "info", log: "info", statement: "info" },
  ...{ warn: "warning", warning: "warning", wrn: "warning" },
  ...{ error: "error", err: "error", severe: "error", fail: "error" },
  ...{ fatal: "fatal", critical: "fatal", crit: "fatal", panic: "fatal", emerg: "fatal", alert: "fatal", emergency: "fatal" },
};

/** pino and bunyan count: 10 trace … 60 fatal. */
const numericLevels: readonly (readonly [least: number, level: Level])[] = [
  [60, "fatal"],
  [50, "error"],
  [40, "warning"],
  [30, "info"],
  [0, "debug"],
];

export const levelOf = (value: unknown): Level | undefined => {
  if (typeof value === "number") return numericLevels.find(([least]) => value >= least)?.[1];
  return typeof value === "string" ? levelNames[value.toLowerCase().replace(/[[\]:]/g, "")] : undefined;
};

const messageKeys = ["msg", "message", "@m", "event", "text", "short_message", "body"] as const;
const errorKeys = ["err", "error", "exception", "exc_info", "stack_trace", "cause", "reason"] as const;
const levelKeys = ["level", "severity", "lvl", "levelname", "log.level", "@l", "loglevel", "log_level"] as const;
const timeKeys = ["time", "ts", "timestamp", "@timestamp", "@t", "asctime", "date", "eventTime"] as const;

/** `message: error`, where both say something. */
const withError = (message: string, error: string): string =>
  error === "" || message.includes(error) ? message : message === "" ? error : `${message}: ${error}`;

const record = (parts: {
  atMs?: number | undefined;
  level?: Level | undefined;
  message: string;
  status?: number | undefined;
}): LogRecord => ({
  ...(parts.atMs === undefined ? {} : { atMs: parts.atMs }),
  ...(parts.level === undefined ? {} : { level: parts.level }),
  ...(parts.status === undefined ? {} : { status: parts.status }),
  message: parts.message,
});

const json = (text: string): LogRecord | undefined => {
  if (!text.startsWith("{") || !text.endsWith("}")) return undefined;
  let fields: Readonly<Record<string, unknown>>;
  try {
    fields = JSON.parse(text) as Readonly<Record<string, unknown>>;
  } catch {
    return undefined;
  }
  const message = firstText(fields, messageKeys);
  const error = firstText(fields, errorKeys);
  if (message === "" && error === "") return undefined;
  const level = levelKeys.map((key) => levelOf(fields[key])).find((each) => each !== undefined);
  return record({ atMs: timeIn(fields), level, message: withError(message, firstLine(error)) });
};

const firstText = (fields: Readonly<Record<string, unknown>>, keys: readonly string[]): string => {
  for (const key of keys) {
    const value = fields[key];
    if (typeof value === "string" && value !== "") return value;
    if (typeof value === "object" && value !== null && "message" in value && typeof value.message === "string") return value.message;
  }
  return "";
};

const firstLine = (text: string): string => text.split("\n", 1)[0] ?? "";

/** RFC 3339, or seconds, milliseconds or nanoseconds since the epoch. */
const timeIn = (fields: Readonly<Record<string, unknown>>): number | undefined => {
  for (const key of timeKeys) {
    const value = fields[key];
    if (typeof value === "number" && value > 1e8) return value > 1e17 ? value / 1e6 : value > 1e11 ? value : value * 1000;
    const at = typeof value === "string" ? fromTimestamp(value) : undefined;
    if (at !== undefined) return at;
  }
  return undefined;
};

/** `E0301 14:00:00.123456       1 reflector.go:178] message "key"="value"`; the year is not said, so neither is the time. */
const klog = (text: string): LogRecord | undefined => {
  const found = /^([IWEF])\d{4} \d\d:\d\d:\d\d\.\d{1,9} {1,8}\d{1,8} [\w./-]{1,80}:\d{1,6}\] /.exec(text);
  if (found === null) return undefined;
  const level = ({ I: "info", W: "warning", E: "error", F: "fatal" } as const)[found[1] as "I" | "W" | "E" | "F"];
  return { level, message: text.slice(found[0].length) };
};

/** nginx, Apache and Envoy: `"GET /path HTTP/1.1" 503 …`. */
const access = (text: string): LogRecord | undefined => {
  const found = /"(GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS|CONNECT) ([^ "]{1,500})[^"]{0,40}" (\d{3})\b/.exec(text);
  if (found === null) return undefined;
  const status = Number(found[3]);
  return record({
    atMs: fromTimestamp(/\[(\d{4}-\d\d-\d\dT[\d:.]{8,20}Z)\]/.exec(text)?.[1]),
    level: status >= 500 ? "error" : "info",
    message: `${found[1] ?? ""} ${(found[2] ?? "").split("?", 1)[0] ?? ""} answered ${status}`,
    status,
  });
};

const logfmt = (text: string): LogRecord | undefined => {
  if (!/(?:^|\s)(?:msg|message|level|lvl|severity)=/.test(text)) return undefined;
  const fields: Record<string, string> = {};
  for (const [, key = "", quoted, bare] of text.matchAll(/([\w.@-]{1,60})=(?:"((?:[^"\\]|\\.){0,2000})"|(\S{0,500}))/g))
    fields[key] ??= quoted === undefined ? (bare ?? "") : quoted.replaceAll(String.raw`\"`, '"');
  const message = firstText(fields, messageKeys);
  const error = firstText(fields, errorKeys);
  if (message === "" && error === "") return undefined;
  return record({
    atMs: timeIn(fields),
    level: levelKeys.map((key) => levelOf(fields[key])).find((each) => each !== undefined),
    message: withError(message, error),
  });
};

/** What precedes a message: a time, a level, a thread, a logger, in the orders of log4j, Python, Ruby, PostgreSQL, nginx and Redis. */
const prefixed = (text: string): LogRecord => {
  let rest = text;
  let atMs: number | undefined;
  let level: Level | undefined;
  for (let step = 0; step < prefixesAtMost; step += 1) {
    const time = /^\[?(\d{4}[-/]\d\d[-/]\d\d[T ]\d\d:\d\d:\d\d)([.,]\d{1,9})?( ?(?:Z|UTC|GMT|[+-]\d\d:?\d\d))?\]?[\s:-]{0,4}/.exec(rest);
    if (time !== null) {
      atMs ??= utc(time[1] ?? "", time[2], time[3]);
      rest = rest.slice(time[0].length);
      continue;
    }
    const word = /^[[(<]?([A-Za-z]{3,11})[\])>]?(?:\[\d{1,8}\])?[:\s|-]{1,8}/.exec(rest);
    const named = word === null ? undefined : levelOf(word[1]);
    if (word !== null && named !== undefined && level === undefined) {
      level = named;
      rest = rest.slice(word[0].length);
      continue;
    }
    // A thread, a logger or a process in brackets: `[main]`, `[1]`, `(http-nio-8080)`.
    const place = /^(?:\[[^\]]{1,80}\]|\d{1,8}(?=[ :]))[\s:-]{1,6}/.exec(rest);
    if (place === null || (atMs === undefined && level === undefined)) break;
    rest = rest.slice(place[0].length);
  }
  return record({ atMs, level, message: rest });
};
const prefixesAtMost = 6;

/** Programs in containers log in UTC unless they say otherwise. */
const utc = (time: string, fraction = "", zone = ""): number | undefined => {
  const offset = /[+-]\d\d:?\d\d/.exec(zone)?.[0];
  const suffix = offset === undefined ? "Z" : offset.includes(":") ? offset : `${offset.slice(0, 3)}:${offset.slice(3)}`;
  return fromTimestamp(`${time.replaceAll("/", "-").replace(" ", "T")}${fraction.replace(",", ".")}${suffix}`);
};
