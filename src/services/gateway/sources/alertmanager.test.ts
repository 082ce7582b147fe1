import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { defaultLabelOrder } from "#cluster/reported-object.ts";
import { alertmanager } from "#services/gateway/sources/alertmanager.ts";
import { fitsDelivery, maxDeliveredAlerts } from "#services/gateway/sources/delivery.ts";
import type { Read } from "#services/gateway/signal.ts";
import { alertmanagerAlert, delivery } from "#test/alertmanager.ts";

const now = Date.UTC(2030, 0, 1);
const parseDelivery = (body: unknown, nowMs: number) => alertmanager.parse(body, { nowMs, order: defaultLabelOrder });
const readAll = (alerts: readonly unknown[]): readonly Read[] => {
  const parsed = parseDelivery(delivery(alerts), now);
  if (parsed.kind !== "read") throw new Error(JSON.stringify(parsed));
  return parsed.alerts;
};
const readOne = (alert: unknown): Read => readAll([alertmanagerAlert(), alert])[1]!;

describe("an envelope that is not Alertmanager's", () => {
  test.each<[string, unknown, string]>([
    ["null", null, ""],
    ["a list", [], ""],
    ["a number", 12, ""],
    ["no version", { alerts: [] }, "/version"],
    ["a version of the future", { ...delivery([]), version: "5" }, "/version"],
    ["a version of another type", { ...delivery([]), version: 4 }, "/version"],
    ["no alerts", { version: "4" }, "/alerts"],
    ["alerts of another type", { version: "4", alerts: {} }, "/alerts"],
  ])("%s", (_name, body, pointer) => {
    expect(parseDelivery(body, now)).toMatchObject({ kind: "unreadable", errors: [{ pointer }] });
  });

  test("unreadable alerts are listed one by one, up to twenty", () => {
    const parsed = parseDelivery(delivery(Array.from({ length: 30 }, () => 1)), now);
    expect(parsed.kind === "unreadable" && parsed.errors.map((error) => error.pointer)).toEqual(
      Array.from({ length: 20 }, (_, index) => `/alerts/${index}`),
    );
  });

  test("an empty delivery is read: there is just nothing in it", () => {
    expect(parseDelivery(delivery([]), now)).toEqual({ kind: "read", alerts: [] });
  });
});

test("a whole alert, its nanoseconds cut and its zero time left out", () => {
  expect(readOne(alertmanagerAlert({ fingerprint: "a1b2c3d4e5f60718" }))).toEqual({
    kind: "signal",
    signal: {
      status: "firing",
      name: "KubePodCrashLooping",
      fingerprint: "a1b2c3d4e5f60718",
      severity: "critical",
      startsAtMs: Date.parse("2029-12-31T23:59:00.123Z"),
      source: "prometheus",
      labels: { alertname: "KubePodCrashLooping", severity: "critical", namespace: "shop", deployment: "web" },
      annotations: { summary: "Pod restarts again and again" },
      generatorURL: "http://prometheus.monitoring:9090/graph?g0.expr=x",
      reported: { kind: "Deployment", namespace: "shop", name: "web" },
    },
  });
});

test("the end of a resolved alert is read, the one of a firing alert is not", () => {
  const endsAt = "2030-01-01T00:10:00+01:00";
  expect(readOne(alertmanagerAlert({ status: "resolved", endsAt }))).toMatchObject({ signal: { endsAtMs: Date.parse(endsAt) } });
  expect(readOne(alertmanagerAlert({ endsAt }))).not.toHaveProperty("signal.endsAtMs");
});

test.each<[string, string | undefined, string]>([
  ["critical", "critical", "critical"],
  ["page", "page", "critical"],
  ["an upper-case one", "WARNING", "warning"],
  ["info", "info", "info"],
  ["a custom one", "sev2", "unknown"],
  ["what every object has", "constructor", "unknown"],
])("the severity %s", (_name, severity, expected) => {
  const labels: Record<string, string> = { namespace: "shop", deployment: "web", ...(severity === undefined ? {} : { severity }) };
  expect(readOne(alertmanagerAlert({ labels }))).toMatchObject({ signal: { severity: expected } });
});

test.each<[string, object, "rejected" | "ignored", RegExp]>([
  ["without labels", { labels: undefined }, "rejected", /labels/],
  ["with no label at all", { labels: {} }, "rejected", /no labels/],
  ["with a label that is no text", { labels: { namespace: 1 } }, "rejected", /labels\/namespace/],
  ["without a start", { startsAt: undefined }, "rejected", /startsAt/],
  ["with a start that is not a time", { startsAt: "yesterday" }, "rejected", /startsAt/],
  ["with the zero time as its start", { startsAt: "0001-01-01T00:00:00Z" }, "rejected", /startsAt/],
  ["with a start in a year of five digits", { startsAt: "+012000-01-01T00:00:00Z" }, "rejected", /startsAt/],
  ["with an unknown status", { status: "pending" }, "rejected", /status/],
  ["that reports no fault", { labels: { alertname: "InfoInhibitor", severity: "none", namespace: "shop" } }, "ignored", /none/],
  ["that names no object", { labels: { alertname: "Watchdog" } }, "ignored", /no object/],
])("an alert %s", (_name, change, kind, reason) => {
  const read = readOne({ ...alertmanagerAlert(), ...change });
  expect(read).toMatchObject({ kind, reason: expect.stringMatching(reason) });
});

test.each([[undefined], [""], ["other"], ["a/b"], ["x".repeat(65)], ["__proto__"], [null]])(
  "the fingerprint %j is replaced by one of the labels",
  (fingerprint) => {
    const read = readOne({ ...alertmanagerAlert(), fingerprint });
    const again = readOne({ ...alertmanagerAlert(), fingerprint });
    expect(read.kind === "signal" && read.signal.fingerprint).toMatch(/^[0-9a-f]{16}$/);
    expect(again).toEqual(read);
  },
);

test("a rejected alert is known by its fingerprint, else by its place", () => {
  expect(readOne({ fingerprint: "abc" })).toMatchObject({ fingerprint: "abc" });
  expect(readOne({ fingerprint: 1 })).toMatchObject({ fingerprint: "alert-1" });
  expect(readOne(null)).toMatchObject({ fingerprint: "alert-1", reason: expect.stringContaining("the alert") });
});

test("200 alerts of which 3 are bad: 197 are kept", () => {
  const alerts = Array.from({ length: 200 }, (_, index) =>
    [7, 70, 199].includes(index) ? { labels: index } : alertmanagerAlert({ labels: { namespace: "shop", pod: `web-${index}` } }),
  );
  const reads = readAll(alerts);
  expect(reads.filter((read) => read.kind === "signal")).toHaveLength(197);
  expect(reads.flatMap((read, index) => (read.kind === "rejected" ? [index] : []))).toEqual([7, 70, 199]);
});

describe("whatever comes", () => {
  const junk = fc.anything({ withNullPrototype: true, withBigInt: false });

  test("parsing never throws", () => {
    fc.assert(fc.property(junk, (body) => void parseDelivery(body, now)));
    fc.assert(fc.property(fc.array(junk), (alerts) => void parseDelivery(delivery(alerts), now)));
  });

  test("an alert with any one field replaced never throws, and never costs its neighbour", () => {
    const field = fc.constantFrom("status", "labels", "annotations", "startsAt", "endsAt", "generatorURL", "fingerprint");
    fc.assert(
      fc.property(field, junk, (name, value) => {
        const [good, other] = readAll([alertmanagerAlert(), { ...alertmanagerAlert(), [name]: value }]);
        expect(good?.kind).toBe("signal");
        expect(other).toBeDefined();
      }),
    );
  });

  test("deep nesting and huge numbers are just wrong", () => {
    const deep: unknown = JSON.parse(`${"[".repeat(100_000)}${"]".repeat(100_000)}`);
    expect(parseDelivery(delivery([deep]), now).kind).toBe("unreadable");
    expect(readOne({ ...alertmanagerAlert(), startsAt: 1e308, labels: deep })).toMatchObject({ kind: "rejected" });
  });
});

describe("a delivery of too many alerts", () => {
  const bytesOf = (value: unknown): Uint8Array => Buffer.from(typeof value === "string" ? value : JSON.stringify(value));
  const full = (count: number) => delivery(Array.from({ length: count }, (_, index) => alertmanagerAlert({ name: `A${index}` })));

  test("10,000 alerts are read, one more is too many", () => {
    expect(fitsDelivery(bytesOf(full(maxDeliveredAlerts)))).toBe(true);
    expect(parseDelivery(full(maxDeliveredAlerts), now)).toMatchObject({ kind: "read" });
    expect(parseDelivery(full(maxDeliveredAlerts + 1), now)).toEqual({ kind: "too-many" });
  });

  test.each<[string, string]>([
    ["millions of empty alerts", `{"version":"4","alerts":[${"{},".repeat(3_400_000)}{}]}`],
    ["millions of empty lists", `{"version":"4","alerts":[${"[],".repeat(3_400_000)}[]]}`],
    ["millions of levels", "[".repeat(5_000_000)],
  ])("%s are refused before an object is made of them", (_, body) => {
    expect(fitsDelivery(bytesOf(body))).toBe(false);
  });

  test("braces and brackets inside of texts do not count, whatever escapes are around them", () => {
    const texts = ['{[{["\\"{[', "\\", '\\\\"{', "{".repeat(50_000), "\u2028[{"];
    const alert = alertmanagerAlert({ annotations: Object.fromEntries(texts.map((text, index) => [`a${index}`, text])) });
    expect(fitsDelivery(bytesOf(delivery([alert])))).toBe(true);
  });

  test("an alert with very many wrong labels is one fault", () => {
    const labels = Object.fromEntries(Array.from({ length: 100_000 }, (_, index) => [`l${index}`, 1]));
    expect(readOne({ ...alertmanagerAlert(), labels })).toMatchObject({ kind: "rejected", reason: "/labels/l0: it is not a text" });
  });
});

test("a start in the future counts from now, and is known not to be comparable", () => {
  expect(readOne(alertmanagerAlert({ startsAt: "2099-01-01T00:00:00Z" }))).toMatchObject({
    signal: { startsAtMs: now, startsInFuture: true },
  });
  const past = readOne(alertmanagerAlert({ startsAt: "2029-12-31T23:59:59Z" }));
  expect(past.kind === "signal" && past.signal.startsInFuture).toBe(undefined);
});
