// Whatever a sender posts: 100,000 inputs over the adapters, from a seed that is printed where one fails, and the inputs that were once thought of.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { SignalResult } from "#api/rest/gateway.ts";
import { RemediationRequest } from "#api/kinds/remediation-request.ts";
import type { Event } from "#api/kubernetes.ts";
import { defaultLabelOrder } from "#cluster/reported-object.ts";
import { newRequest } from "#services/gateway/request.ts";
import { type Delivery, fitsDelivery, type SignalSource } from "#services/gateway/sources/delivery.ts";
import { readEvent } from "#services/gateway/sources/kubernetes-events.ts";
import { signalSources } from "#services/gateway/sources/registry.ts";
import { alertmanagerAlert } from "#test/alertmanager.ts";

const now = Date.UTC(2030, 0, 1);
const context = { nowMs: now, order: defaultLabelOrder };
const target = { apiVersion: "apps/v1", kind: "Deployment", namespace: "shop", name: "web" };

interface Form {
  readonly source: SignalSource;
  readonly good: Record<string, unknown>;
  readonly envelope: (alerts: readonly unknown[]) => Record<string, unknown>;
}
const formOf: Readonly<Record<string, Omit<Form, "source">>> = {
  prometheus: { good: alertmanagerAlert(), envelope: (alerts) => ({ version: "4", alerts }) },
  grafana: { good: alertmanagerAlert(), envelope: (alerts) => ({ version: "1", orgId: 1, alerts }) },
  signal: {
    good: { status: "firing", name: "A", object: { kind: "Deployment", namespace: "shop", name: "web" }, labels: { a: "b" } },
    envelope: (signals) => ({ version: "1", signals }),
  },
};
const forms = signalSources.map((source): [string, Form] => [source.name, { source, ...formOf[source.name]! }]);

/** What holds of every delivery, whatever was posted. */
const holds = (delivery: Delivery): void => {
  if (delivery.kind === "too-many") return;
  if (delivery.kind === "unreadable") {
    expect(delivery.errors.length).toBeLessThanOrEqual(20);
    expect(JSON.stringify(delivery.errors).isWellFormed()).toBe(true);
    return;
  }
  for (const [index, read] of delivery.alerts.entries()) {
    if (read.kind === "signal") {
      const { signal } = read;
      if (signal.startsAtMs > now || signal.startsAtMs <= 0 || !/^[\w.-]{1,64}$/.test(signal.fingerprint))
        throw new Error(JSON.stringify(signal));
      if (index % requestOfEvery !== 0 && delivery.alerts.length > requestOfEvery) continue;
      const { spec } = newRequest("rr-1", "kintsugi-system", { signal, target });
      if (!RemediationRequest.spec.safeParse(spec).success || !JSON.stringify(spec).isWellFormed()) throw new Error(JSON.stringify(spec));
    } else if (!SignalResult.safeParse({ fingerprint: read.fingerprint, result: read.kind, reason: read.reason }).success)
      throw new Error(read.reason);
  }
};

const odd = fc.oneof(
  fc.anything({ maxDepth: 2, withBigInt: false }),
  fc.string({ unit: "binary", maxLength: 40 }),
  fc.constantFrom<unknown>(
    null,
    -0,
    1e308,
    "",
    "__proto__",
    "0001-01-01T00:00:00Z",
    "2999-01-01T00:00:00Z",
    "\ud800",
    "\u0000\u202e",
    [],
    {},
    "a".repeat(300),
  ),
);
const labelNames = fc.constantFrom(
  "alertname",
  "severity",
  "namespace",
  "pod",
  "node",
  "ingress",
  "job",
  "instance",
  "__proto__",
  "constructor",
  "fingerprint",
);
const oddMap = fc.dictionary(fc.oneof(labelNames, fc.string({ unit: "binary", maxLength: 12 })), odd, { maxKeys: 5 });
const fieldOf = (good: Record<string, unknown>) =>
  fc.constantFrom(...Object.keys(good), "labels", "annotations", "endsAt", "__proto__", "id", "fingerprint");
/** 33,000 for each of three senders, and 1,000 events. */
const inOneDelivery = 100;
const runs = { numRuns: 330, seed: 20301201 };
/** A request is made of every tenth alert: that takes longer than all the rest. */
const requestOfEvery = 10;

describe.each(forms)("deliveries of %s", (_name, { source, good, envelope }) => {
  test("33,000 alerts with odd fields are read or have their reason, and cost no good one", () => {
    const oddOnes = fc.array(fc.tuple(fieldOf(good), fc.oneof(odd, oddMap)), { minLength: inOneDelivery, maxLength: inOneDelivery });
    fc.assert(
      fc.property(oddOnes, (fields) => {
        const alerts = fields.map(([field, value]) => ({ ...good, [field]: value }));
        const delivery = source.parse(envelope([good, ...alerts]), context);
        if (delivery.kind !== "read" || delivery.alerts.length !== alerts.length + 1 || delivery.alerts[0]?.kind !== "signal")
          throw new Error("a good alert was lost");
        holds(delivery);
      }),
      runs,
    );
  });

  test("1,000 bodies that are cut or of another kind are refused as a whole", () => {
    const text = JSON.stringify(envelope([good]));
    fc.assert(
      fc.property(fc.integer({ min: 0, max: text.length - 1 }), (length) => {
        expect(() => JSON.parse(text.slice(0, length)) as unknown).toThrow();
      }),
      { numRuns: 500, seed: runs.seed },
    );
    fc.assert(
      fc.property(odd, (body) => holds(source.parse(body, context))),
      { numRuns: 500, seed: runs.seed },
    );
  });
});

test("1,000 odd events are taken or left, and never throw", () => {
  const event: Event = {
    ...{
      apiVersion: "v1",
      kind: "Event",
      metadata: { name: "e", namespace: "shop", uid: "u", resourceVersion: "1", creationTimestamp: "2029-12-31T00:00:00Z" },
    },
    ...{ involvedObject: { kind: "Pod", namespace: "shop", name: "web-1" }, type: "Warning", reason: "BackOff", count: 5 },
  };
  const field = fc.constantFrom("reason", "message", "count", "series", "firstTimestamp", "lastTimestamp", "eventTime", "type");
  const texts = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.constantFrom<unknown>(null, undefined, "0001-01-01T00:00:00Z", "2999-01-01T00:00:00Z"),
  );
  fc.assert(
    fc.property(field, texts, (name, value) => {
      const seen = readEvent({ ...event, [name]: name === "count" || name === "series" ? undefined : value } as Event, now);
      if (seen !== undefined && (seen.lastMs > now || seen.signal.startsAtMs > now)) throw new Error("it is in the future");
    }),
    { numRuns: 1_000, seed: runs.seed },
  );
});

describe("the written corpus", () => {
  interface Case {
    readonly name: string;
    readonly source: string;
    readonly body: string;
    readonly is: "unparsable" | "unreadable" | readonly string[];
  }
  const cases = JSON.parse(readFileSync(join(import.meta.dirname, "corpus.json"), "utf8")) as readonly Case[];

  test.each(cases.map((each) => [each.name, each] as const))("%s", (_name, { source: name, body, is }) => {
    // `@<count>*<text>@` is that text, repeated.
    const text = body.replaceAll(/@(\d+)\*([^@]+)@/g, (_all, count: string, part: string) => part.repeat(Number(count)));
    expect(fitsDelivery(Buffer.from(text))).toBe(true);
    if (is === "unparsable") {
      expect(() => JSON.parse(text) as unknown).toThrow();
      return;
    }
    const delivery = signalSources.find((source) => source.name === name)!.parse(JSON.parse(text), context);
    holds(delivery);
    expect(delivery.kind === "read" ? delivery.alerts.map(({ kind }) => kind) : delivery.kind).toEqual(is);
  });
});
