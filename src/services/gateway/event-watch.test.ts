import { afterEach, describe, expect, test } from "vitest";
import { type Event, Events, Namespaces } from "#api/kubernetes.ts";
import type { SignalResult } from "#api/rest/gateway.ts";
import { CachedNamespaces } from "#cluster/cached-kinds.ts";
import { createCaches } from "#kube/caches.ts";
import { silentLog } from "#lib/log.ts";
import { createManualClock } from "#lib/manual-clock.ts";
import { createEventWatch } from "#services/gateway/event-watch.ts";
import type { Read } from "#services/gateway/signal.ts";
import { createDirectKube } from "#test/direct-kube.ts";

const ends: AbortController[] = [];
afterEach(() => {
  for (const end of ends.splice(0)) end.abort();
});

const setUp = async (...before: Partial<Event>[]) => {
  const clock = createManualClock();
  const kube = createDirectKube(clock);
  const put = (change: Partial<Event> = {}, name = "web-1.17a"): void => {
    const at = new Date(clock.now()).toISOString();
    kube.put(Events, {
      apiVersion: "v1",
      kind: "Event",
      metadata: { name, namespace: change.involvedObject?.namespace ?? "shop" },
      involvedObject: { apiVersion: "v1", kind: "Pod", namespace: "shop", name: "web-1" },
      ...{ type: "Warning", reason: "BackOff", message: "m", count: 3, firstTimestamp: at, lastTimestamp: at },
      ...change,
    });
  };
  kube.put(Namespaces, { apiVersion: "v1", kind: "Namespace", metadata: { name: "shop", labels: { "kintsugi.dev/managed": "true" } } });
  kube.put(Namespaces, { apiVersion: "v1", kind: "Namespace", metadata: { name: "other" } });
  for (const [index, change] of before.entries()) put(change, `before-${index}`);
  const caches = createCaches(kube, { log: silentLog });
  const namespaces = caches.of(CachedNamespaces);
  const end = new AbortController();
  ends.push(end);
  caches.start(end.signal);
  await caches.synced();
  const settled: string[] = [];
  let failing = false;
  const settle = async (read: Read): Promise<SignalResult> => {
    if (failing) throw new Error("the API server is down");
    settled.push(
      read.kind === "signal" ? `${read.signal.status} ${read.signal.name} ${read.signal.reported.name}` : `${read.kind}: ${read.reason}`,
    );
    return { fingerprint: "f", result: "created" };
  };
  const watching = createEventWatch({ kube, clock, log: silentLog, namespaces, settle })(end.signal);
  watching.catch(() => {});
  const since = async (): Promise<string[]> => {
    await clock.advance(0);
    return settled.splice(0);
  };
  await clock.advance(1);
  return { clock, put, since, end, watching, fail: (value: "fails" | "works") => void (failing = value === "fails") };
};

describe("events as alerts", () => {
  test("a trouble fires, is counted at most twice a minute, ends after a quarter of an hour, and may begin again", async () => {
    const { clock, put, since } = await setUp();
    put();
    expect(await since()).toEqual(["firing BackOff web-1"]);
    await clock.advance(1_000);
    put({ count: 4 });
    expect(await since()).toEqual([]);
    await clock.advance(30_000);
    put({ count: 5 });
    expect(await since()).toEqual(["firing BackOff web-1"]);
    await clock.advance(14 * 60_000);
    expect(await since()).toEqual([]);
    await clock.advance(2 * 60_000);
    expect(await since()).toEqual(["resolved BackOff web-1"]);
    await clock.advance(60 * 60_000);
    expect(await since()).toEqual([]);
    put({ count: 6 });
    expect(await since()).toEqual(["firing BackOff web-1"]);
  });

  test("only namespaces that are opted in are followed, and the others have their reason", async () => {
    const { put, since } = await setUp();
    put({ involvedObject: { kind: "Pod", namespace: "other", name: "x" } });
    expect(await since()).toEqual(["ignored: Namespace other is not opted in: its events are not taken"]);
  });

  test("an event of long ago that a list still shows has ended", async () => {
    const { clock, since } = await setUp({ firstTimestamp: "2029-01-01T00:00:00Z", lastTimestamp: "2029-01-01T00:00:00Z" });
    expect(await since()).toEqual([]);
    await clock.advance(60_000);
    expect(await since()).toEqual(["resolved BackOff web-1"]);
  });

  test("what could not be stored is tried again, its end too", async () => {
    const { clock, put, since, fail } = await setUp();
    fail("fails");
    put();
    expect(await since()).toEqual([]);
    fail("works");
    await clock.advance(60_000);
    expect(await since()).toEqual(["firing BackOff web-1"]);
    fail("fails");
    await clock.advance(15 * 60_000);
    fail("works");
    await clock.advance(60_000);
    expect(await since()).toEqual(["resolved BackOff web-1"]);
  });

  test("it ends with its signal", async () => {
    const { clock, end, watching, since } = await setUp();
    end.abort();
    await watching;
    await clock.advance(3_600_000);
    expect(await since()).toEqual([]);
  });
});
