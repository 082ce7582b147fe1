// The whole runtime at work against an API server while a tenth of all requests fails: it must come to the same end, without a needless write.
import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { type ConfigMap, ConfigMaps, Jobs } from "#api/kubernetes.ts";
import { keyOf } from "#api/object.ts";
import { createCaches, wholeView } from "#kube/caches.ts";
import { type Controller, runController } from "#kube/controller.ts";
import { ensure, ownedBy } from "#kube/ensure.ts";
import type { Store } from "#kube/store.ts";
import { writeStatus } from "#kube/write-status.ts";
import { silentLog } from "#lib/log.ts";
import { systemClock } from "#lib/system-clock.ts";
import type { FaultAction, ProxiedRequest } from "#test/fault-proxy.ts";
import { type ProxiedCluster, evenRandom, startProxiedCluster } from "#test/proxied-cluster.ts";

let cluster: ProxiedCluster;
beforeEach(async () => {
  cluster = await startProxiedCluster();
});
afterEach(() => cluster.stop());

const seeded = (seed: number) => (): number => {
  // mulberry32: enough to be uneven, and the same every time.
  seed = (seed + 0x6d2b79f5) | 0;
  let mixed = Math.imul(seed ^ (seed >>> 15), 1 | seed);
  mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
  return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
};

const faults: readonly FaultAction[] = [
  { kind: "reset", when: "before" },
  { kind: "reset", when: "after" },
  { kind: "answer", when: "before", status: 500 },
  { kind: "answer", when: "after", status: 503 },
  { kind: "answer", when: "before", status: 409 },
  { kind: "answer", when: "before", status: 401 },
  { kind: "answer", when: "before", status: 429, headers: { "retry-after": "0" } },
  { kind: "cut", afterBytes: 100 },
];
const parents = 25;
const name = (index: number): string => `parent-${index}`;

/** For every parent one child with the same value: created, kept up to date, never touched when it is right. */
const createMirror = (store: Store<ConfigMap>): Controller => ({
  name: "mirror",
  concurrency: 4,
  watches: [{ store, keysOf: (object) => [{ namespace: cluster.namespace, name: object.metadata.name.replace("-child", "") }] }],
  reconcile: async (key, { signal }) => {
    const parent = store.get(key);
    if (parent === undefined) return "rest";
    const metadata = { namespace: cluster.namespace, name: `${key.name}-child`, ownerReferences: [ownedBy(parent)] };
    const ensured = await ensure(
      cluster.kube,
      store,
      ConfigMaps,
      { apiVersion: "v1", kind: "ConfigMap", metadata, data: { ...parent.data } },
      parent.metadata,
      signal,
    );
    const child = ensured.object;
    if (child.data?.["value"] === parent.data?.["value"]) return "rest";
    const guard = { op: "test", path: "/metadata/resourceVersion", value: child.metadata.resourceVersion } as const;
    const written = await cluster.kube.jsonPatch(
      ConfigMaps,
      keyOf(child),
      [guard, { op: "replace", path: "/data/value", value: parent.data?.["value"] }],
      { signal },
    );
    store.noteWrite(written);
    return "rest";
  },
});

test.for([1, 2, 3])("seed %i", async (seed) => {
  const random = seeded(seed);
  const isMine = (request: ProxiedRequest): boolean => request.path.includes("/configmaps");
  cluster.proxy.onRequest((request) => (isMine(request) && random() < 0.1 ? faults[Math.floor(random() * faults.length)] : undefined));
  const stop = new AbortController();
  const caches = createCaches(cluster.kube, { log: silentLog });
  const store = caches.of(wholeView(ConfigMaps), { namespace: cluster.namespace });
  caches.start(stop.signal);
  const running = runController(createMirror(store), { clock: systemClock, random: evenRandom, log: silentLog }, stop.signal);

  const write = (value: string, first: boolean): Promise<unknown> =>
    Promise.all(
      Array.from({ length: parents }, (_item, index) =>
        first
          ? cluster.direct.create(ConfigMaps, {
              apiVersion: "v1",
              kind: "ConfigMap",
              metadata: { namespace: cluster.namespace, name: name(index) },
              data: { value },
            })
          : cluster.direct.mergePatch(ConfigMaps, { namespace: cluster.namespace, name: name(index) }, { data: { value } }),
      ),
    );
  const settled = (value: string): Promise<void> =>
    vi.waitFor(
      async () => {
        const objects = await cluster.direct.list(ConfigMaps, { namespace: cluster.namespace });
        expect(objects.map((object) => object.data?.["value"])).toEqual(Array.from({ length: parents * 2 }, () => value));
      },
      { timeout: 30_000, interval: 50 },
    );
  await write("one", true);
  await settled("one");
  cluster.proxy.cutWatches();
  await write("two", false);
  await settled("two");

  // Without faults these are 25 creates and 25 patches.
  const writes = cluster.proxy.requests.filter((request) => request.isWrite && isMine(request));
  expect(writes.filter((request) => request.upstreamStatus === 201)).toHaveLength(parents);
  expect(writes.filter((request) => request.upstreamStatus === 200)).toHaveLength(parents);
  expect(writes.length).toBeLessThanOrEqual(parents * 4);
  expect(writes.some((request) => request.fault !== undefined)).toBe(true);
  stop.abort();
  await running;
});

test("a child of our name that is not ours is left alone, and found again when it is ours", async () => {
  const stop = new AbortController();
  const caches = createCaches(cluster.kube, { log: silentLog });
  const store = caches.of(wholeView(ConfigMaps), { namespace: cluster.namespace });
  const create = (named: string) =>
    cluster.direct.create(ConfigMaps, { apiVersion: "v1", kind: "ConfigMap", metadata: { namespace: cluster.namespace, name: named } });
  const [owner, other] = [await create("owner"), await create("theirs")];
  const child = (named: string) => ({
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { namespace: cluster.namespace, name: named, ownerReferences: [ownedBy(owner)] },
  });
  const ensured = async (named: string) => {
    const { state, object } = await ensure(cluster.kube, store, ConfigMaps, child(named), owner.metadata, stop.signal);
    return [state, object.metadata.uid];
  };
  // An empty cache: only the API server knows.
  expect(await ensured("theirs")).toEqual(["conflict", other.metadata.uid]);
  const [state, uid] = await ensured("ours");
  expect(state).toBe("created");
  expect(await ensured("ours")).toEqual(["found", uid]);
  caches.start(stop.signal);
  await caches.synced();
  expect([await ensured("theirs"), await ensured("ours")]).toEqual([
    ["conflict", other.metadata.uid],
    ["found", uid],
  ]);
  stop.abort();
});

test("a status is written once, seen at once, and not again when nothing changes", async () => {
  const job = await cluster.direct.create(Jobs, {
    apiVersion: "batch/v1",
    kind: "Job",
    metadata: { namespace: cluster.namespace, name: "job" },
    spec: { template: { spec: { restartPolicy: "Never", containers: [{ name: "c", image: "c" }] } } },
  });
  const store = createCaches(cluster.kube, { log: silentLog }).of(wholeView(Jobs), { namespace: cluster.namespace });
  const status = { active: 1, startTime: "2030-01-01T00:00:00Z" };
  const written = await writeStatus(cluster.kube, store, Jobs, job, status);
  expect(store.get(keyOf(job))?.status?.active).toBe(1);
  const before = cluster.proxy.requests.length;
  await writeStatus(cluster.kube, store, Jobs, written, { ...written.status });
  expect(cluster.proxy.requests).toHaveLength(before);
});
