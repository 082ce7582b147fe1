// Leading on a virtual clock, over a lease that is kept in memory: who leads when, and when not.
import { describe, expect, test } from "vitest";

import type { Lease } from "#api/kubernetes.ts";
import { KubeError } from "#kube/errors.ts";
import { type LeaderDeps, lead } from "#kube/leader.ts";
import { applyPatch } from "#lib/json-patch.ts";
import { silentLog } from "#lib/log.ts";
import { type ManualClock, createManualClock } from "#lib/manual-clock.ts";

/** One lease behind the three calls that the leader makes, as the API server would answer them. */
const createLeaseServer = () => {
  const server = {
    lease: undefined as Lease | undefined,
    /** The names of those who cannot reach it. */
    unreachable: new Set<string>(),
    /** Calls of these never come back. */
    hanging: new Set<string>(),
    writes: 0,
  };
  let version = 0;
  const reach = async (who: string): Promise<void> => {
    if (server.hanging.has(who)) await new Promise(() => {});
    if (server.unreachable.has(who)) throw new KubeError({ doing: "get Lease", status: 0, reason: "Connection", message: "unreachable" });
  };
  const store = (lease: Lease): Lease => {
    version += 1;
    server.writes += 1;
    server.lease = { ...lease, metadata: { ...lease.metadata, resourceVersion: String(version) } };
    return server.lease;
  };
  const kubeOf = (who: string): LeaderDeps["kube"] =>
    ({
      get: async () => {
        await reach(who);
        return server.lease;
      },
      create: async (_type: unknown, object: Lease) => {
        await reach(who);
        if (server.lease !== undefined)
          throw new KubeError({ doing: "create Lease", status: 409, reason: "AlreadyExists", message: "exists" });
        return store(object);
      },
      jsonPatch: async (_type: unknown, _key: unknown, patch: Parameters<typeof applyPatch>[1]) => {
        await reach(who);
        return store(applyPatch(server.lease, patch) as Lease);
      },
    }) as unknown as LeaderDeps["kube"];
  return { server, kubeOf };
};

const setUp = () => {
  const clock = createManualClock();
  const { server, kubeOf } = createLeaseServer();
  const leading = new Set<string>();
  const compete = (identity: string, work: (signal: AbortSignal, clock: ManualClock) => Promise<void> = untilAborted) => {
    const stop = new AbortController();
    const done = lead(
      { lease: { namespace: "kintsugi-system", name: "controllers" }, identity },
      { kube: kubeOf(identity), clock, random: () => 0, log: silentLog },
      stop.signal,
      async (signal) => {
        leading.add(identity);
        try {
          await work(signal, clock);
        } finally {
          leading.delete(identity);
        }
      },
    );
    return { stop, done };
  };
  const leaders = (): string[] => [...leading];
  return { clock, server, compete, leaders };
};
const untilAborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener("abort", () => resolve(), { once: true });
  });

test("of two one leads, for as long as it lives", async () => {
  const { clock, compete, leaders, server } = setUp();
  compete("a");
  compete("b");
  await clock.advance(0);
  const first = leaders();
  expect(first).toHaveLength(1);
  await clock.advance(600_000);
  expect(leaders()).toEqual(first);
  expect(server.lease?.spec).toMatchObject({ holderIdentity: first[0], leaseDurationSeconds: 15, leaseTransitions: 0 });
  expect(server.lease?.spec.renewTime).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/);
});

test("who stops hands the lease back, and the other leads at its next try", async () => {
  const { clock, compete, leaders, server } = setUp();
  const a = compete("a");
  await clock.advance(0);
  compete("b");
  await clock.advance(10_000);
  expect(leaders()).toEqual(["a"]);
  a.stop.abort();
  await a.done;
  expect(server.lease?.spec.holderIdentity).toBe("");
  await clock.advance(2_000);
  expect(leaders()).toEqual(["b"]);
  expect(server.lease?.spec.leaseTransitions).toBe(1);
});

test("who cannot renew stops leading before the other begins", async () => {
  for (const fault of ["unreachable", "hanging"] as const) {
    const { clock, compete, leaders, server } = setUp();
    compete("a");
    await clock.advance(0);
    compete("b");
    await clock.advance(20_000);
    server[fault].add("a");
    const seen: string[] = [];
    for (let second = 0; second < 30; second += 1) {
      await clock.advance(1_000);
      seen.push(leaders().join("+") || "none");
    }
    expect([fault, [...new Set(seen)]]).toEqual([fault, ["a", "none", "b"]]);
    expect(seen.indexOf("none")).toBeGreaterThanOrEqual(7);
    expect(seen.indexOf("b")).toBeLessThanOrEqual(18);
  }
});

test("who lost the lease competes again", async () => {
  const { clock, compete, leaders, server } = setUp();
  compete("a");
  await clock.advance(0);
  server.unreachable.add("a");
  await clock.advance(60_000);
  expect(leaders()).toEqual([]);
  server.unreachable.delete("a");
  await clock.advance(2_000);
  expect(leaders()).toEqual(["a"]);
});

test("a lease that another has taken away ends the term at once", async () => {
  const { clock, compete, leaders, server } = setUp();
  compete("a");
  await clock.advance(0);
  const lease = server.lease!;
  server.lease = { ...lease, metadata: { ...lease.metadata, resourceVersion: "99" }, spec: { ...lease.spec, holderIdentity: "thief" } };
  await clock.advance(2_000);
  expect(leaders()).toEqual([]);
  await clock.advance(14_000);
  expect(leaders()).toEqual([]);
  await clock.advance(4_000);
  expect(leaders()).toEqual(["a"]);
});

test("a dead leader's clock is not believed: what counts is how long its lease did not change here", async () => {
  const { clock, compete, leaders, server } = setUp();
  const metadata = { namespace: "kintsugi-system", name: "controllers", uid: "u", resourceVersion: "1", creationTimestamp: "" };
  const spec = { holderIdentity: "gone", leaseDurationSeconds: 15, renewTime: "2099-01-01T00:00:00.000000Z" };
  server.lease = { apiVersion: "coordination.k8s.io/v1", kind: "Lease", metadata, spec };
  compete("a");
  await clock.advance(14_000);
  expect(leaders()).toEqual([]);
  await clock.advance(4_000);
  expect(leaders()).toEqual(["a"]);
});

describe("the work", () => {
  test("that ends by itself ends the leading, and the lease is handed back", async () => {
    const { compete, clock, server } = setUp();
    const { done } = compete("a", async () => {});
    await clock.advance(0);
    await done;
    expect(server.lease?.spec.holderIdentity).toBe("");
  });

  test("that fails says so to the caller", async () => {
    const { compete } = setUp();
    const { done } = compete("a", () => Promise.reject(new Error("broken")));
    await expect(done).rejects.toThrow("broken");
  });

  test("is waited for before a new term begins", async () => {
    const { clock, compete, leaders, server } = setUp();
    let terms = 0;
    const release = Promise.withResolvers<void>();
    compete("a", async (signal) => {
      terms += 1;
      await untilAborted(signal);
      if (terms === 1) await release.promise;
    });
    await clock.advance(0);
    server.unreachable.add("a");
    await clock.advance(12_000);
    server.unreachable.delete("a");
    await clock.advance(60_000);
    expect([terms, leaders()]).toEqual([1, ["a"]]);
    release.resolve();
    await clock.advance(5_000);
    expect(terms).toBe(2);
  });
});
