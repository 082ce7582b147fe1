// Events, leases and finalizers as the API server keeps them.
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";

import { ConfigMaps, Events, Leases } from "#api/kubernetes.ts";
import { isGuardFailed } from "#kube/errors.ts";
import { createEventRecorder } from "#kube/events.ts";
import { removeFinalizer } from "#kube/finalize.ts";
import { lead } from "#kube/leader.ts";
import { silentLog } from "#lib/log.ts";
import { createManualClock } from "#lib/manual-clock.ts";
import { systemClock } from "#lib/system-clock.ts";
import { type ProxiedCluster, evenRandom, startProxiedCluster } from "#test/proxied-cluster.ts";

let cluster: ProxiedCluster;
beforeAll(async () => {
  cluster = await startProxiedCluster();
});
afterAll(() => cluster.stop());

const createConfigMap = (name: string, finalizers: string[] = []) =>
  cluster.kube.create(ConfigMaps, { apiVersion: "v1", kind: "ConfigMap", metadata: { namespace: cluster.namespace, name, finalizers } });

describe("events", () => {
  const setUp = () => {
    const clock = createManualClock(Date.UTC(2030, 0, 1));
    const deps = {
      kube: cluster.kube,
      clock,
      log: silentLog,
      component: "kintsugi-test",
      instance: "test-0",
      namespace: cluster.namespace,
    };
    return { clock, recorder: createEventRecorder(deps), another: createEventRecorder(deps) };
  };
  const about = (name: string) => ({ apiVersion: "v1", kind: "ConfigMap", namespace: cluster.namespace, name, uid: `uid-${name}` });
  const eventsOf = (name: string) =>
    cluster.kube.list(Events, { namespace: cluster.namespace, fieldSelector: `involvedObject.name=${name}` });

  test("the same event is one object that counts, also for another process", async () => {
    const { clock, recorder, another } = setUp();
    const event = {
      about: about("counted"),
      type: "Warning",
      reason: "Failed",
      message: "login with pass\u200bword=hunter2\u001b[0m\u009b",
    } as const;
    recorder.record(event);
    for (let repeat = 0; repeat < 5; repeat += 1) recorder.record(event);
    await recorder.flush();
    await clock.advance(60_000);
    recorder.record(event);
    another.record(event);
    await recorder.flush();
    await another.flush();
    const events = await eventsOf("counted");
    expect(events).toHaveLength(1);
    expect(events[0]).toMatchObject({
      reason: "Failed",
      type: "Warning",
      message: "login with password=[redacted]",
      source: { component: "kintsugi-test" },
    });
    expect([events[0]?.firstTimestamp, events[0]?.lastTimestamp]).toEqual(["2030-01-01T00:00:00Z", "2030-01-01T00:01:00Z"]);
    const patches = cluster.proxy.requests.filter((request) => request.method === "PATCH" && request.path.includes("/events/counted."));
    expect(patches.map((request) => (JSON.parse(request.body) as { count: number }).count)).toEqual([7, 8]);
  });

  test("different reasons are different events; an event about a cluster-scoped object is in default", async () => {
    const { recorder } = setUp();
    for (const reason of ["Started", "Ended"])
      recorder.record({ about: { apiVersion: "v1", kind: "Node", name: "node-1" }, type: "Normal", reason, message: "x".repeat(5_000) });
    await recorder.flush();
    const events = await cluster.kube.list(Events, { namespace: "default", fieldSelector: "involvedObject.name=node-1" });
    expect(events.map((event) => event.reason).toSorted()).toEqual(["Ended", "Started"]);
    expect(events[0]?.message).toHaveLength(1_024);
  });

  test("an event that expired is recorded anew, and a server that refuses is no error", async () => {
    const { clock, recorder } = setUp();
    const event = { about: about("expired"), type: "Normal", reason: "Seen", message: "seen" } as const;
    recorder.record(event);
    await recorder.flush();
    for (const found of await eventsOf("expired"))
      await cluster.kube.delete(Events, { namespace: cluster.namespace, name: found.metadata.name });
    for (let minute = 0; minute < 2; minute += 1) {
      await clock.advance(60_000);
      recorder.record(event);
      await recorder.flush();
    }
    expect(await eventsOf("expired")).toHaveLength(1);
    cluster.proxy.addRule({
      match: (request) => request.path.endsWith("/events"),
      action: { kind: "answer", when: "before", status: 403 },
    });
    recorder.record({ ...event, reason: "Refused" });
    await expect(recorder.flush()).resolves.toBeUndefined();
  });
});

test("the lease is taken, renewed and handed back", async () => {
  const lease = { namespace: cluster.namespace, name: "leader" };
  const stop = new AbortController();
  const leading = Promise.withResolvers<void>();
  const options = { lease, identity: "me", retryMs: 20 };
  const done = lead(
    options,
    { kube: cluster.kube, clock: systemClock, random: evenRandom, log: silentLog },
    stop.signal,
    async (signal) => {
      leading.resolve();
      await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
    },
  );
  await leading.promise;
  const taken = await cluster.direct.get(Leases, lease);
  expect(taken?.spec).toMatchObject({ holderIdentity: "me", leaseDurationSeconds: 15, leaseTransitions: 0 });
  await vi.waitFor(async () => {
    expect((await cluster.direct.get(Leases, lease))?.spec.renewTime).not.toBe(taken?.spec.renewTime);
  });
  stop.abort();
  await done;
  expect((await cluster.direct.get(Leases, lease))?.spec.holderIdentity).toBe("");
});

describe("a finalizer", () => {
  test("is taken off alone", async () => {
    const both = await createConfigMap("finalized", ["kintsugi.dev/job", "kintsugi.dev/other"]);
    await removeFinalizer(cluster.kube, ConfigMaps, both, "kintsugi.dev/job");
    const after = (await cluster.kube.get(ConfigMaps, { namespace: cluster.namespace, name: "finalized" }))!;
    expect(after.metadata.finalizers).toEqual(["kintsugi.dev/other"]);
    await removeFinalizer(cluster.kube, ConfigMaps, after, "kintsugi.dev/other");
  });

  test("is not taken off in place of another's that has its position now", async () => {
    const stale = await createConfigMap("raced");
    await cluster.direct.mergePatch(
      ConfigMaps,
      { namespace: cluster.namespace, name: "raced" },
      { metadata: { finalizers: ["example.com/theirs"] } },
    );
    const seen = { ...stale, metadata: { ...stale.metadata, finalizers: ["kintsugi.dev/job"] } };
    expect(
      isGuardFailed(await removeFinalizer(cluster.kube, ConfigMaps, seen, "kintsugi.dev/job").catch((reason: unknown) => reason)),
    ).toBe(true);
  });

  test("of an object that is gone is no error", async () => {
    const object = await createConfigMap("leaving", ["kintsugi.dev/job"]);
    await cluster.kube.delete(ConfigMaps, { namespace: cluster.namespace, name: "leaving" });
    await removeFinalizer(cluster.kube, ConfigMaps, object, "kintsugi.dev/job");
    expect(await cluster.kube.get(ConfigMaps, { namespace: cluster.namespace, name: "leaving" })).toBeUndefined();
    await removeFinalizer(cluster.kube, ConfigMaps, object, "kintsugi.dev/job");
  });
});
