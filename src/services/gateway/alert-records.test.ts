import { describe, expect, test } from "vitest";
import { ALERT_RECORDS_NAME, maxAlertRecords, parseAlertRecord } from "#api/alert-record.ts";
import { type ConfigMap, ConfigMaps } from "#api/kubernetes.ts";
import type { SignalResult } from "#api/rest/gateway.ts";
import { silentLog } from "#lib/log.ts";
import { createManualClock } from "#lib/manual-clock.ts";
import { createAlertRecords } from "#services/gateway/alert-records.ts";
import { TooManyOpenError } from "#services/gateway/recorder.ts";
import type { Read } from "#services/gateway/signal.ts";
import { createDirectKube, failure } from "#test/direct-kube.ts";

const namespace = "kintsugi-system";
const setUp = () => {
  const clock = createManualClock();
  const kube = createDirectKube(clock);
  const start = () => createAlertRecords({ kube, clock, log: silentLog, namespace });
  const stored = (): Readonly<Record<string, string>> => {
    const found = kube.objects(ConfigMaps).find(({ metadata }) => metadata.name === ALERT_RECORDS_NAME) as ConfigMap | undefined;
    return Object.fromEntries(
      Object.entries(found?.data ?? {}).map(([key, text]) => {
        const { name, result, reason } = parseAlertRecord(text)!;
        return [key, `${name} ${result}: ${reason}`];
      }),
    );
  };
  return { clock, kube, records: start(), start, stored };
};
const read = (fingerprint: string, name = "Watchdog"): Read => ({
  kind: "ignored",
  fingerprint,
  reason: "its labels name no object",
  name,
});
const ignored = (fingerprint: string, reason = "its labels name no object", more: Partial<SignalResult> = {}) => ({
  result: { fingerprint, result: "ignored" as const, reason, ...more },
});

describe("records of alerts without a request", () => {
  test("are written once for many, ten seconds later, and again only where the answer is new", async () => {
    const { clock, kube, records, stored } = setUp();
    records.note(read("a"), "prometheus", ignored("a"));
    records.note(read("b", "Other"), "prometheus", { error: new TooManyOpenError(5) });
    expect(kube.calls).toEqual([]);
    await clock.advance(10_000);
    expect(stored()).toEqual({
      a: "Watchdog ignored: its labels name no object",
      b: expect.stringMatching(/^Other notStored: 5 requests are open.*its sender delivers it again$/) as string,
    });
    const calls = kube.calls.length;
    records.note(read("a"), "prometheus", ignored("a"));
    await clock.advance(300_000);
    expect(kube.calls).toHaveLength(calls);
    records.note(read("a"), "prometheus", ignored("a", "its severity is none"));
    await clock.advance(10_000);
    expect(stored()["a"]).toBe("Watchdog ignored: its severity is none");
    expect(kube.calls).toHaveLength(calls + 1);
  });

  test.each<[string, { readonly result: SignalResult }]>([
    ["a new request", { result: { fingerprint: "a", result: "created", request: "rr-1" } }],
    ["what its request shows", ignored("a", "its end is recorded already", { request: "rr-1" })],
    ["the write-ahead log", { result: { fingerprint: "a", result: "logged" } }],
  ])("have nothing of %s", async (_name, outcome) => {
    const { clock, kube, records } = setUp();
    records.note(read("a"), "prometheus", outcome);
    await clock.advance(60_000);
    expect(kube.calls).toEqual([]);
  });

  test("are bounded, also over a restart: the oldest goes first", async () => {
    const { clock, records, start, stored } = setUp();
    for (let index = 0; index < maxAlertRecords + 20; index += 1) records.note(read(`f${index}`), "prometheus", ignored(`f${index}`));
    await records.flush();
    expect(Object.keys(stored())).toHaveLength(maxAlertRecords);
    expect(stored()).not.toHaveProperty("f19");
    await clock.advance(60_000);
    const next = start();
    next.note(read("new"), "prometheus", ignored("new"));
    await next.flush();
    expect(Object.keys(stored())).toHaveLength(maxAlertRecords);
    expect(stored()).toHaveProperty("new");
  });

  test("wait where the API server does not answer, and hold up no alert", async () => {
    const { clock, kube, records, stored } = setUp();
    kube.before = () => {
      throw failure(503, "ServiceUnavailable");
    };
    records.note(read("a"), "prometheus", ignored("a"));
    await clock.advance(10_000);
    expect(stored()).toEqual({});
    kube.before = () => {};
    await clock.advance(600_000);
    expect(stored()).toHaveProperty("a");
  });

  test("show no secret and no character that steers a terminal", async () => {
    const { records, stored } = setUp();
    records.note(read("a", "x\u001b[31m\ud800"), "signal", ignored("a", "password=hunter2 is wrong"));
    await records.flush();
    expect(JSON.stringify(stored())).not.toMatch(/hunter2|\\u001b|\\ud800/);
  });
});
