import { expect, test } from "vitest";
import * as fc from "fast-check";
import { RemediationRequest } from "#api/kinds/remediation-request.ts";
import { alertsPatch, countedEntry, newRequest, resolvedEntry } from "#services/gateway/request.ts";
import type { Signal } from "#services/gateway/signal.ts";

const target = { apiVersion: "apps/v1", kind: "Deployment", namespace: "shop", name: "web" };
const signal: Signal = {
  status: "firing",
  name: "A",
  fingerprint: "first",
  severity: "critical",
  startsAtMs: Date.UTC(2030, 0, 1),
  source: "prometheus",
  labels: { alertname: "A" },
  annotations: {},
  reported: { kind: "Pod", namespace: "shop", name: "web-1" },
};
const made = (change: Partial<Signal>) => newRequest("rr-1", "kintsugi-system", { signal: { ...signal, ...change }, target }).spec.alert;
const stored = (alerts?: NonNullable<RemediationRequest["status"]>["alerts"]): RemediationRequest => ({
  ...newRequest("rr-1", "kintsugi-system", { signal, target }),
  metadata: { name: "rr-1", namespace: "kintsugi-system", uid: "u", resourceVersion: "1", creationTimestamp: "2030-01-01T00:00:00Z" },
  ...(alerts === undefined ? {} : { status: { alerts } }),
});

test("secrets in labels, annotations and the address are taken out before anything is stored", () => {
  const alert = made({
    labels: { note: "password=hunter2" },
    annotations: { description: "Authorization: Bearer abcdefghijklmnop" },
    generatorURL: "http://admin:hunter2@prometheus:9090/graph",
  });
  expect(JSON.stringify(alert)).not.toMatch(/hunter2|abcdefghijklmnop/);
  expect(alert.generatorURL).toBe("http://admin:[redacted]@prometheus:9090/graph");
});

test("a key says that its value is secret, and a label shows names and numbers only", () => {
  const labels = {
    password: "canary",
    db_pass: "canary",
    pod: "web-7d9c5b6f4-x2x1z",
    instance: "10.0.0.1:9100",
    severity: "page",
    opaque: "canary9Xk2Lm!",
  };
  const alert = made({ labels, annotations: { token: "canary", summary: "3 pods of 7 crash" } });
  expect(JSON.stringify(alert)).not.toContain("canary");
  expect(alert.labels).toMatchObject({ pod: "web-7d9c5b6f4-x2x1z", instance: "10.0.0.1:9100", severity: "page", opaque: "[value]" });
  expect(alert.annotations).toEqual({ token: "[redacted]", summary: "3 pods of 7 crash" });
});

test("what an alert carries cannot steer a terminal or deceive a reader", () => {
  const alert = made({
    name: "A\u001b]0;x\u0007",
    labels: { a: "\u202egpj.exe\u009b31m" },
    annotations: { b: "pass\u200bword=hunter2" },
    generatorURL: "http://p/\u2028\u061c",
  });
  expect(JSON.stringify(alert)).not.toMatch(/\\u00|[\u0080-\u009f\u061c\u200b\u2028\u202e]|hunter2/);
});

test("an address that is too long is left out rather than cut", () => {
  expect(made({ generatorURL: `http://p/?${"x".repeat(3_000)}` })).not.toHaveProperty("generatorURL");
});

test("texts, entries and maps are bounded", () => {
  const many = Object.fromEntries(Array.from({ length: 100 }, (_, index) => [`k${index}`, "v".repeat(10_000)]));
  const { annotations } = made({ annotations: { ...many, ["k".repeat(300)]: "v" } });
  expect(Object.keys(annotations)).toHaveLength(64);
  expect(annotations.k0).toHaveLength(4096);
  expect(Object.values(annotations).join("").length).toBeLessThanOrEqual(16_384);
});

test("whatever an alert carries, the request is valid", () => {
  const texts = fc.dictionary(fc.string({ unit: "binary" }), fc.string({ unit: "binary", maxLength: 300 }));
  fc.assert(
    fc.property(texts, texts, fc.string({ unit: "binary", minLength: 1 }), (labels, annotations, name) => {
      const { spec } = newRequest("rr-1", "kintsugi-system", {
        signal: { ...signal, labels, annotations, name: name.slice(0, 256) },
        target,
      });
      expect(RemediationRequest.spec.safeParse(spec).success).toBe(true);
      expect(JSON.stringify(spec).isWellFormed()).toBe(true);
    }),
  );
});

test("the first alert is brought along until the status shows it", () => {
  const entry = { name: "B", startsAt: "2030-01-01T00:00:00.000Z", lastSeen: "2030-01-01T00:00:00Z", count: 1 };
  const first = { name: "A", startsAt: "2030-01-01T00:00:00.000Z", lastSeen: "2030-01-01T00:00:00.000Z", count: 1 };
  expect(alertsPatch(stored(), { b: entry })).toEqual({ status: { alerts: { first, b: entry } } });
  expect(alertsPatch(stored({ first }), { b: entry })).toEqual({ status: { alerts: { b: entry } } });
  expect(alertsPatch(stored(), { first: entry })).toEqual({ status: { alerts: { first: entry } } });
});

test("an end in the future, or a missing one, is now", () => {
  const now = Date.UTC(2030, 0, 2);
  expect(resolvedEntry(stored(), { ...signal, endsAtMs: now + 5 }, now).resolvedAt).toBe("2030-01-02T00:00:00.000Z");
  expect(resolvedEntry(stored(), signal, now).resolvedAt).toBe("2030-01-02T00:00:00.000Z");
  expect(resolvedEntry(stored(), { ...signal, endsAtMs: now - 5_000 }, now).resolvedAt).toBe("2030-01-01T23:59:55.000Z");
});

test("what is counted under other begins at nothing and adds up", () => {
  const counted = { times: 3, firstSeenMs: Date.UTC(2030, 0, 2), lastSeenMs: Date.UTC(2030, 0, 3) };
  const entry = { name: "other", startsAt: "2030-01-02T00:00:00Z", lastSeen: "2030-01-03T00:00:00Z", count: 3 };
  expect(countedEntry(stored(), "other", counted)).toEqual(entry);
  expect(countedEntry(stored({ other: entry }), "other", counted)).toEqual({ ...entry, count: 6 });
});
