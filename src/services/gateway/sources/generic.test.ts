import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { GenericSignal } from "#api/rest/generic-signal.ts";
import { defaultLabelOrder } from "#cluster/reported-object.ts";
import { openapiDocument } from "#services/gateway/openapi.ts";
import type { Delivery } from "#services/gateway/sources/delivery.ts";
import { generic } from "#services/gateway/sources/generic.ts";

const now = Date.UTC(2030, 0, 1);
const object = { kind: "Deployment", namespace: "shop", name: "checkout" };
const signal = { status: "firing", name: "CheckoutSlow", object };
const parse = (signals: readonly unknown[], version: unknown = "1"): Delivery =>
  generic.parse({ version, signals }, { nowMs: now, order: defaultLabelOrder });
const readOne = (value: unknown) => {
  const parsed = parse([signal, value]);
  return parsed.kind === "read" ? parsed.alerts[1] : undefined;
};

test("the least signal: what is wrong with which object", () => {
  expect(readOne(signal)).toEqual({
    kind: "signal",
    signal: {
      status: "firing",
      name: "CheckoutSlow",
      fingerprint: expect.stringMatching(/^[0-9a-f]{16}$/),
      severity: "unknown",
      startsAtMs: now,
      source: "signal",
      labels: { alertname: "CheckoutSlow" },
      annotations: {},
      reported: object,
    },
  });
});

test("a whole signal", () => {
  const whole = {
    ...signal,
    status: "resolved",
    id: "trouble-1",
    severity: "critical",
    startsAt: "2029-12-31T23:00:00Z",
    endsAt: "2029-12-31T23:30:00Z",
    labels: { team: "shop" },
    annotations: { summary: "slow" },
    url: "https://example.com/t/1",
  };
  expect(readOne(whole)).toMatchObject({
    signal: {
      status: "resolved",
      fingerprint: "trouble-1",
      severity: "critical",
      startsAtMs: Date.parse("2029-12-31T23:00:00Z"),
      endsAtMs: Date.parse("2029-12-31T23:30:00Z"),
      labels: { alertname: "CheckoutSlow", team: "shop" },
      generatorURL: "https://example.com/t/1",
    },
  });
});

test("the same trouble has the same fingerprint when it begins and when it ends, another object another one", () => {
  const fingerprint = (value: unknown): string | undefined => {
    const read = readOne(value);
    return read?.kind === "signal" ? read.signal.fingerprint : undefined;
  };
  expect(fingerprint({ ...signal, status: "resolved" })).toBe(fingerprint(signal));
  expect(fingerprint({ ...signal, object: { ...object, name: "other" } })).not.toBe(fingerprint(signal));
});

test("without an object, the labels name it", () => {
  const { object: _none, ...bare } = signal;
  expect(readOne({ ...bare, labels: { namespace: "shop", pod: "web-1" } })).toMatchObject({
    signal: { reported: { kind: "Pod", name: "web-1" } },
  });
  expect(readOne(bare)).toMatchObject({ kind: "ignored", reason: expect.stringContaining("no object") });
});

test("a custom kind is named with its API version", () => {
  const rollout = { apiVersion: "argoproj.io/v1alpha1", kind: "Rollout", namespace: "shop", name: "web" };
  expect(readOne({ ...signal, object: rollout })).toMatchObject({ signal: { reported: rollout } });
});

describe("a signal that is not as the schema says is rejected with the field", () => {
  test.each<[string, object, RegExp]>([
    ["no name", { name: undefined }, /\/name/],
    ["no status", { status: undefined }, /\/status/],
    ["an unknown field", { colour: "red" }, /colour/],
    ["an unknown severity", { severity: "sev1" }, /\/severity/],
    ["a kind that is none", { object: { ...object, kind: "deployment" } }, /not a kind/],
    ["a name that is none", { object: { ...object, name: "../x" } }, /not the name of an object/],
    ["a namespace that is none", { object: { ...object, namespace: "A B" } }, /not the name of a namespace/],
    ["an id with a slash", { id: "a/b" }, /\/id/],
    ["a start that is no time", { startsAt: "now" }, /\/startsAt/],
    ["an end that is the zero time", { endsAt: "0001-01-01T00:00:00Z" }, /\/endsAt/],
    ["labels that are no texts", { labels: { a: 1 } }, /labels\/a/],
  ])("%s", (_name, change, reason) => {
    expect(readOne({ ...signal, ...change })).toMatchObject({ kind: "rejected", reason: expect.stringMatching(reason) });
  });
});

test("the published schema is the one that is read: its required fields and its bounds", () => {
  const { components, paths } = openapiDocument() as {
    components: { schemas: { GenericSignal: { required: string[]; properties: object; additionalProperties: boolean } } };
    paths: object;
  };
  const { required, properties, additionalProperties } = components.schemas.GenericSignal;
  expect(required).toEqual(["status", "name"]);
  expect(additionalProperties).toBe(false);
  expect(Object.keys(properties)).toEqual(Object.keys(GenericSignal.shape));
  expect(Object.keys(paths)).toEqual([
    "/api/v1/signals/prometheus",
    "/api/v1/signals/grafana",
    "/api/v1/signals/generic",
    "/api/v1/signals/openapi.json",
  ]);
});

test("the example of the reference page is read", async () => {
  const page = await readFile(join(import.meta.dirname, "../../../../docs/reference/signals.md"), "utf8");
  const example = /```json\n(.*?)```/s.exec(page)?.[1] ?? "";
  const parsed = generic.parse(JSON.parse(example), { nowMs: now, order: defaultLabelOrder });
  expect(parsed).toMatchObject({ kind: "read", alerts: [{ kind: "signal", signal: { name: "CheckoutSlow", reported: object } }] });
});
