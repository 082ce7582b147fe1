// What logs say, in the formats and words of the usual runtimes and client libraries.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { digestOf, severityOf } from "#logs/digest.ts";
import { folded } from "#logs/folded.ts";
import { type Meaning, meaningOf } from "#logs/meaning.ts";
import { recordOf } from "#logs/record.ts";
import { plainLines } from "#logs/stamped.ts";
import { templateOf } from "#logs/template.ts";

const at = Date.parse("2027-03-01T14:00:00Z");

describe("a line is read in its own format", () => {
  test.each<[string, string, string | undefined, string, number?]>([
    ["JSON", '{"level":"error","ts":"2027-03-01T14:00:00Z","msg":"cannot load","err":"no rows"}', "error", "cannot load: no rows", at],
    ["pino", '{"level":50,"time":1803909600000,"msg":"boom"}', "error", "boom", at],
    ["zap, in seconds", '{"level":"warn","ts":1803909600.5,"msg":"slow"}', "warning", "slow", at + 500],
    ["JSON with a nested error", '{"severity":"ERROR","message":"x","error":{"message":"refused"}}', "error", "x: refused"],
    [
      "logfmt",
      'time=2027-03-01T14:00:00Z level=error msg="cannot dial" err="connection refused"',
      "error",
      "cannot dial: connection refused",
      at,
    ],
    ["klog", "E0301 14:00:00.123456       1 reflector.go:178] Failed to watch", "error", "Failed to watch"],
    ["log4j", "2027-03-01 14:00:00,000 ERROR [main] com.example.App - cannot start", "error", "com.example.App - cannot start", at],
    ["Spring Boot", "2027-03-01T14:00:00.000Z  WARN 1 --- [nio-8080] o.s.web : slow", "warning", "o.s.web : slow", at],
    ["Python", "ERROR:root:cannot connect", "error", "root:cannot connect"],
    [
      "PostgreSQL",
      '2027-03-01 14:00:00.000 UTC [42] FATAL:  password authentication failed for user "app"',
      "fatal",
      'password authentication failed for user "app"',
      at,
    ],
    [
      "nginx error",
      "2027/03/01 14:00:00 [error] 7#7: *1 connect() failed (111: Connection refused)",
      "error",
      "7#7: *1 connect() failed (111: Connection refused)",
      at,
    ],
    [
      "nginx access",
      '10.0.0.1 - - [01/Mar/2027:14:00:00 +0000] "GET /pay?id=1 HTTP/1.1" 502 157 "-" "curl"',
      "error",
      "GET /pay answered 502",
    ],
    ["Envoy access", '[2027-03-01T14:00:00.000Z] "POST /api HTTP/2" 503 UH 0 19', "error", "POST /api answered 503", at],
    ["plain words", "listening on :8080", undefined, "listening on :8080"],
    ["a bracketed level", "[WARN] cache miss", "warning", "cache miss"],
    ["an offset", "2027-03-01 15:00:00 +01:00 ERROR x", "error", "x", at],
    ["broken JSON", '{"level":"error"', undefined, '{"level":"error"'],
  ])("%s", (_name, line, level, message, ms) => {
    expect(recordOf(line)).toMatchObject({ ...(level === undefined ? {} : { level }), message, ...(ms === undefined ? {} : { atMs: ms }) });
    if (level === undefined) expect(recordOf(line).level).toBeUndefined();
  });
});

describe("a message means", () => {
  test.each<[string, Meaning | undefined]>([
    ["dial tcp 10.2.0.9:5432: connect: connection refused", "connection refused"],
    ["Error: connect ECONNREFUSED 10.2.0.9:6379", "connection refused"],
    ["java.net.UnknownHostException: payments: Name or service not known", "unknown host"],
    ["getaddrinfo EAI_AGAIN redis", "unknown host"],
    ["dial tcp: lookup db on 10.96.0.10:53: no such host", "unknown host"],
    ["read tcp 10.0.0.1:1->10.0.0.2:2: read: connection reset by peer", "connection reset"],
    ["context deadline exceeded (Client.Timeout exceeded while awaiting headers)", "timed out"],
    ["x509: certificate has expired or is not yet valid", "certificate"],
    ['FATAL: password authentication failed for user "app"', "authentication"],
    ["Access denied for user 'app'@'10.0.0.1' (using password: YES)", "authentication"],
    ["open /data/db: permission denied", "permission"],
    ["429 Too Many Requests", "rate limited"],
    ["HikariPool-1 - Connection is not available, request timed out after 30000ms.", "pool exhausted"],
    ["sqlalchemy.exc.TimeoutError: QueuePool limit of size 5 overflow 10 reached", "pool exhausted"],
    ["FATAL: sorry, too many clients already", "too many connections"],
    ["ERROR: deadlock detected", "deadlock"],
    ["opening storage failed: lock DB directory: resource temporarily unavailable; lock held", "lock held"],
    ['relation "orders" does not exist', "schema mismatch"],
    ["write /data/wal: no space left on device", "no space"],
    ["OSError: [Errno 30] Read-only file system", "read-only"],
    ["java.lang.OutOfMemoryError: Java heap space", "out of memory"],
    ["accept tcp: too many open files", "too many open files"],
    ["listen tcp :8080: bind: address already in use", "address in use"],
    ["Error: Cannot find module './config.json'", "missing file"],
    ["environment variable PAYMENTS_URL is not set", "missing setting"],
    ["KeyError: 'DATABASE_URL'", "missing setting"],
    ['nginx: [emerg] unknown directive "proxy_pas"', "invalid configuration"],
    ["upstream responded with 503", "server error"],
    ["SyntaxError: Unexpected token } in JSON", "syntax"],
    ["user 42 logged in", undefined],
  ])("%s: %s", (message, meaning) => expect(meaningOf(message)).toBe(meaning));
});

test.each([
  ["order 4711 failed after 3.2s", "order <n> failed after <n>"],
  ["dial tcp 10.2.0.9:5432: connection refused", "dial tcp <ip>:5432: connection refused"],
  ["request 3f2504e0-4f89-11d3-9a0c-0305e82c3301 timed out", "request <id> timed out"],
  ["upstream answered 503 in 12ms", "upstream answered 503 in <n>"],
  ["at 2027-03-01T14:00:00.5Z at 0xdeadbeef", "at <time> at <hex>"],
])("the template of %j is %j", (message, template) => expect(templateOf(message)).toBe(template));

test("stack frames and causes belong to their message", () => {
  const text = [
    "Traceback (most recent call last):",
    '  File "/app/main.py", line 3, in <module>',
    "    connect()",
    "ConnectionError: cannot reach db:5432",
    "INFO: next",
    "java.lang.IllegalStateException: no pool",
    "\tat com.example.App.main(App.java:1)",
    "Caused by: java.net.ConnectException: Connection refused",
    "\t... 12 more",
  ].join("\n");
  expect(folded(plainLines(text)).map((lines) => lines.length)).toEqual([4, 1, 4]);
  expect(digestOf(plainLines(text)).messages.map(({ message, meaning, level }) => [level, message, meaning])).toEqual([
    ["error", "ConnectionError: cannot reach db:5432", undefined],
    ["error", "java.net.ConnectException: Connection refused (java.lang.IllegalStateException: no pool)", "connection refused"],
  ]);
});

test("equal messages are counted, with their first and last time, the most severe first", () => {
  const line = (second: number, text: string): string => `2027-03-01T14:00:0${second}Z ${text}`;
  const text = [
    line(0, "INFO started"),
    line(1, "WARN slow call of 120ms"),
    line(2, "ERROR dial tcp 10.0.0.1:5432: connection refused"),
    line(3, "WARN slow call of 98ms"),
    line(5, "ERROR dial tcp 10.0.0.2:5432: connection refused"),
  ].join("\n");
  const { messages, records } = digestOf(plainLines(text));
  expect(records).toBe(5);
  expect(
    messages.map(({ level, template, count, firstMs, lastMs }) => [level, template, count, (firstMs ?? 0) - at, (lastMs ?? 0) - at]),
  ).toEqual([
    ["error", "dial tcp <ip>:5432: connection refused", 2, 2000, 5000],
    ["warning", "slow call of <n>", 2, 1000, 3000],
  ]);
});

test.each([
  ["a level is believed", 'level=info msg="retrying"', "info"],
  ["words of trouble in a line without a level", "could not connect to db", "error"],
  ["the same in a line that says info", "INFO could not connect to db", "warning"],
  ["a counter at zero", "processed 12 rows, errors=0", "info"],
  ["no errors", "finished with 0 errors", "info"],
  ["a name of a setting", "retry on error: true", "info"],
  ["a debug line", "DEBUG connection refused, trying the next address", "debug"],
])("%s", (_name, line, level) => expect(severityOf(recordOf(line))).toBe(level));

test("access logs are counted by class of status", () => {
  const line = (status: number): string => `10.0.0.1 - - [01/Mar/2027:14:00:00 +0000] "GET / HTTP/1.1" ${status} 1`;
  expect(digestOf([200, 200, 404, 502, 503].map(line).map((each) => ({ text: each }))).statuses).toEqual({ "2xx": 2, "4xx": 1, "5xx": 2 });
});

test("any text has a digest, bounded by its lines", () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: "grapheme", maxLength: 120 }), { maxLength: 60 }), (lines) => {
      const { messages, records } = digestOf(plainLines(lines.join("\n")));
      expect(records).toBeLessThanOrEqual(lines.join("\n").split("\n").length);
      expect(messages.reduce((sum, { count }) => sum + count, 0)).toBeLessThanOrEqual(records);
      for (const { template } of messages) expect(template).not.toContain("\u0000");
    }),
    { numRuns: 200 },
  );
});
