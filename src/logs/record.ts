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
  /** Of an access log: the answer. */
  readonly status?: number;
  /** Of an access log: method and path, without its query. */
  readonly route?: string;
  /** Of an access log that says it: how long the answer took, in milliseconds. */
  readonly tookMs?: number;
}

const lineAtMost = 4000;

export const recordOf = (line: string): LogRecord => {
  const text = line.slice(0, lineAtMost).trim();
  return json(text) ?? klog(text) ?? access(text) ?? logfmt(text) ?? prefixed(text);
};

/** The first line of a record of .NET's console logger, whose message is on the next: `fail: Microsoft.AspNetCore.Server.Kestrel[13]`. */
export const dotnetLevelOf = (line: string): Level | undefined => {
  const found = /^(trce|dbug|info|warn|fail|crit): [\w.]{1,200}\[\d{1,8}\]$/.exec(line.slice(0, lineAtMost).trim());
  return found === null ? undefined : levelOf(found[1]);
};

const levelNames: Readonly<Record<string, Level>> = {
  ...{ trace: "debug", debug: "debug", dbg: "debug", verbose: "debug", fine: "debug", trce: "debug", dbug: "debug" },
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

type Parts = { readonly [K in keyof LogRecord]: LogRecord[K] | undefined } & { readonly message: string };

/** Without what is not known. */
const record = ({ atMs, level, message, status, route, tookMs }: Parts): LogRecord => {
  const found: { -readonly [K in keyof LogRecord]: LogRecord[K] } = { message };
  if (atMs !== undefined) found.atMs = atMs;
  if (level !== undefined) found.level = level;
  if (status !== undefined) found.status = status;
  if (route !== undefined) found.route = route;
  if (tookMs !== undefined) found.tookMs = tookMs;
  return found;
};

const json = (text: string): LogRecord | undefined => {
  if (!text.startsWith("{") || !text.endsWith("}")) return undefined;
  let fields: Readonly<Record<string, unknown>>;
  try {
    fields = JSON.parse(text) as Readonly<Record<string, unknown>>;
  } catch {
    return undefined;
  }
  return structured(fields);
};

/** Of JSON and logfmt: the message, or what an access log says in fields. */
const structured = (fields: Readonly<Record<string, unknown>>): LogRecord | undefined => {
  const message = firstText(fields, messageKeys);
  const error = firstText(fields, errorKeys);
  const answer = answerIn(fields);
  if (message === "" && error === "" && answer === undefined) return undefined;
  const level = levelKeys.map((key) => levelOf(fields[key])).find((each) => each !== undefined);
  const said = withError(message, firstLine(error));
  const isFailed = (answer?.status ?? 0) >= 500;
  return record({
    atMs: timeIn(fields),
    level: level === undefined || (isFailed && level === "info") ? (isFailed ? "error" : level) : level,
    message: answer !== undefined && (said === "" || isFailed) && error === "" ? answeredText(answer) : said,
    ...answer,
  });
};

interface Answer {
  readonly route: string;
  readonly status: number;
  readonly tookMs?: number;
}

const answeredText = ({ route, status }: Answer): string => `${route} answered ${status}`;
const statusKeys = ["status", "status_code", "statusCode", "response_code", "code"] as const;
const pathKeys = ["path", "url", "uri", "route", "request_uri", "request_path"] as const;

/** Method, path and status in fields, as the access logs of Envoy, nginx, pino-http and others have them; `req` and `res` may hold them. */
const answerIn = (fields: Readonly<Record<string, unknown>>): Answer | undefined => {
  const nested = ["req", "request", "res", "response", "http"].map((key) => fields[key]).filter((each) => typeof each === "object");
  const all: Readonly<Record<string, unknown>> = Object.assign({}, ...nested, fields) as Readonly<Record<string, unknown>>;
  const status = statusKeys.map((key) => Number(all[key])).find((each) => each >= 100 && each < 600);
  const path = firstText(all, pathKeys);
  if (status === undefined || !path.startsWith("/")) return undefined;
  const method = firstText(all, ["method", "request_method", "verb"]);
  const tookMs = tookIn(all);
  return { route: `${method === "" ? "" : `${method} `}${withoutQuery(path)}`, status, ...(tookMs === undefined ? {} : { tookMs }) };
};

const withoutQuery = (path: string): string => path.split("?", 1)[0] ?? "";

const inMs = ["responseTime", "duration_ms", "durationMs", "latency_ms", "latencyMs", "elapsed_ms", "took_ms"] as const;
const inSeconds = ["request_time", "duration_seconds", "upstream_response_time"] as const;
const withUnit = ["duration", "latency", "elapsed", "took"] as const;

const tookIn = (fields: Readonly<Record<string, unknown>>): number | undefined => {
  const number = (key: string): number => (fields[key] === undefined || fields[key] === "" ? Number.NaN : Number(fields[key]));
  const known = [...inMs.map(number), ...inSeconds.map((key) => 1000 * number(key))].find((each) => Number.isFinite(each));
  return known ?? withUnit.map((key) => durationMsOf(fields[key])).find((each) => each !== undefined);
};

const unitMs: Readonly<Record<string, number>> = { ns: 1e-6, us: 1e-3, µs: 1e-3, ms: 1, s: 1000, m: 60_000 };

/** `8.231s`, `12 ms`. A number without a unit could be of any. */
const durationMsOf = (value: unknown): number | undefined => {
  const found = typeof value === "string" ? /^(\d{1,12}(?:\.\d{1,9})?) ?(ns|us|µs|ms|s|m)$/.exec(value) : null;
  return found === null ? undefined : Number(found[1]) * (unitMs[found[2] ?? ""] ?? Number.NaN);
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

const methods = "GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS|CONNECT";
/** nginx, Apache and Envoy: `"GET /path HTTP/1.1" 503 …`. */
const commonLog = new RegExp(String.raw`"(?<method>${methods}) (?<path>[^ "]{1,500})[^"]{0,40}" (?<status>\d{3})\b`);
/** Gin: `| 200 | 8.2s | 10.1.1.1 | GET "/path"`. */
const ginLog = new RegExp(
  String.raw`\| (?<status>\d{3}) \| {1,12}(?<took>[\d.]{1,12}(?:ns|µs|ms|s|m)) \|[^|]{1,60}\| (?<method>${methods}) {1,8}"(?<path>[^ "]{1,500})"`,
);
/** Morgan: `GET /path 200 8231.1 ms - 51`. */
const morganLog = new RegExp(
  String.raw`^(?<method>${methods}) (?<path>/[^ ]{0,500}) (?<status>\d{3}) (?<took>[\d.]{1,12} ms) - (?:\d{1,12}|-)$`,
);

const access = (text: string): LogRecord | undefined => {
  const found = (commonLog.exec(text) ?? ginLog.exec(text) ?? morganLog.exec(text))?.groups;
  if (found === undefined) return undefined;
  const status = Number(found["status"]);
  const route = `${found["method"] ?? ""} ${withoutQuery(found["path"] ?? "")}`;
  return record({
    atMs: fromTimestamp(/\[(\d{4}-\d\d-\d\dT[\d:.]{8,20}Z)\]/.exec(text)?.[1]),
    level: status >= 500 ? "error" : "info",
    message: answeredText({ route, status }),
    route,
    status,
    tookMs: durationMsOf(found["took"]),
  });
};

const logfmt = (text: string): LogRecord | undefined => {
  if (!/(?:^|\s)(?:msg|message|level|lvl|severity)=/.test(text)) return undefined;
  const fields: Record<string, string> = {};
  for (const [, key = "", quoted, bare] of text.matchAll(/([\w.@-]{1,60})=(?:"((?:[^"\\]|\\.){0,2000})"|(\S{0,500}))/g))
    fields[key] ??= quoted === undefined ? (bare ?? "") : quoted.replaceAll(String.raw`\"`, '"');
  return structured(fields);
};

/** What precedes a message: a time, a level, a thread, a logger, in the orders of log4j, Python, Ruby, PostgreSQL, nginx and Redis. */
const prefixed = (text: string): LogRecord => {
  const own = ruby(text) ?? redis(text) ?? phpFpm(text);
  if (own !== undefined) return own;
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
    const word = /^[[(<]?([A-Za-z]{3,11})(?:\/[\w-]{1,60})? ?[\])>]?(?:\[\d{1,8}\])?(?:[:\s|-]{1,8}|(?<=[\])>])(?=\[))/.exec(rest);
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

/** `E, [2027-03-01T14:00:00.123456 #1] ERROR -- : message` */
const ruby = (text: string): LogRecord | undefined => {
  const found = /^[DIWEFA], \[([\d-]{10}T[\d:]{8})(\.\d{1,9})? #\d{1,8}\] {1,3}([A-Z]{3,5}) -- [^:]{0,80}: /.exec(text);
  if (found === null) return undefined;
  return record({ atMs: utc(found[1] ?? "", found[2]), level: levelOf(found[3]), message: text.slice(found[0].length) });
};

/** `1:M 01 Mar 2027 14:00:00.123 # message`; `#` is its highest level, a warning. */
const redis = (text: string): LogRecord | undefined => {
  const found = /^\d{1,8}:[A-Z] \d\d [A-Z][a-z]{2} \d{4} [\d:.]{8,15} ([.*#-]) /.exec(text);
  return found === null ? undefined : { level: found[1] === "#" ? "warning" : "info", message: text.slice(found[0].length) };
};

/** `[01-Mar-2027 14:00:00] WARNING: message` */
const phpFpm = (text: string): LogRecord | undefined => {
  const found = /^\[\d\d-[A-Z][a-z]{2}-\d{4} [\d:]{8}[^\]]{0,40}\] ([A-Z]{3,9}): /.exec(text);
  return found === null ? undefined : record({ level: levelOf(found[1]), message: text.slice(found[0].length) });
};

/** Programs in containers log in UTC unless they say otherwise. */
const utc = (time: string, fraction = "", zone = ""): number | undefined => {
  const offset = /[+-]\d\d:?\d\d/.exec(zone)?.[0];
  const suffix = offset === undefined ? "Z" : offset.includes(":") ? offset : `${offset.slice(0, 3)}:${offset.slice(3)}`;
  return fromTimestamp(`${time.replaceAll("/", "-").replace(" ", "T")}${fraction.replace(",", ".")}${suffix}`);
};
