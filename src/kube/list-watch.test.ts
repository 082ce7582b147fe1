// The list-watch and the cache on it against an API server that fails in every way we know: what the cache shows must become true again.
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";

import { type ConfigMap, ConfigMaps } from "#api/kubernetes.ts";
import type { KubeObject, NewObject } from "#api/object.ts";
import { type Caches, createCaches, wholeView } from "#kube/caches.ts";
import { connect } from "#kube/connect.ts";
import type { Store } from "#kube/store.ts";
import type { Clock } from "#lib/clock.ts";
import { silentLog } from "#lib/log.ts";
import { createManualClock } from "#lib/manual-clock.ts";
import { createMetrics } from "#lib/metrics.ts";
import { systemClock } from "#lib/system-clock.ts";
import type { FaultAction, ProxiedRequest } from "#test/fault-proxy.ts";
import { type ProxiedCluster, evenRandom, startProxiedCluster } from "#test/proxied-cluster.ts";

let cluster: ProxiedCluster;
let stop: AbortController;
beforeEach(async () => {
  cluster = await startProxiedCluster();
  stop = new AbortController();
});
afterEach(async () => {
  stop.abort();
  await cluster.stop();
});

const isWatch = (request: ProxiedRequest): boolean => request.isWatch;
const isList = (request: ProxiedRequest): boolean => request.method === "GET" && !request.isWatch;
const count = (match: (request: ProxiedRequest) => boolean): number => cluster.proxy.requests.filter(match).length;

const configMap = (name: string, value = "1", labels: Record<string, string> = {}): NewObject<ConfigMap> => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { namespace: cluster.namespace, name, labels },
  data: { value },
});
const write = async (name: string, value: string): Promise<void> => {
  await cluster.direct.mergePatch(ConfigMaps, { namespace: cluster.namespace, name }, { data: { value } });
};
const remove = (name: string) => cluster.direct.delete(ConfigMaps, { namespace: cluster.namespace, name });

interface Followed {
  readonly caches: Caches;
  readonly store: Store<ConfigMap>;
  /** `applied a=1`, `deleted a`: every change that a listener was reported. */
  readonly reported: readonly string[];
}
const follow = (clock: Clock = systemClock, token?: string, metrics = createMetrics()): Followed => {
  const kube = connect(cluster.proxy.config(token), { clock, random: evenRandom, metrics });
  const caches = createCaches(kube, { log: silentLog });
  const store = caches.of(wholeView(ConfigMaps), { namespace: cluster.namespace });
  const reported: string[] = [];
  store.onChange(({ kind, object }) =>
    reported.push(kind === "applied" ? `applied ${object.metadata.name}=${object.data?.["value"]}` : `deleted ${object.metadata.name}`),
  );
  caches.start(stop.signal);
  return { caches, store, reported };
};
const known = (store: Store<ConfigMap>): string =>
  store
    .list()
    .map((item) => `${item.metadata.name}=${item.data?.["value"]}`)
    .toSorted()
    .join(" ");
const eventually = (check: () => void): Promise<void> => vi.waitFor(check, { timeout: 20_000, interval: 10 });
const watching = () => eventually(() => expect(cluster.proxy.openWatches).toBe(1));

test("the cache shows what is there, and what is created, changed and deleted", async () => {
  await cluster.direct.create(ConfigMaps, configMap("a"));
  const { store, reported, caches } = follow();
  await caches.synced();
  expect(known(store)).toBe("a=1");
  expect(store.get({ namespace: cluster.namespace, name: "a" })?.metadata.managedFields).toBeUndefined();
  await cluster.direct.create(ConfigMaps, configMap("b"));
  await write("a", "2");
  await remove("b");
  await eventually(() => expect(reported).toEqual(["applied a=1", "applied b=1", "applied a=2", "deleted b"]));
  expect(known(store)).toBe("a=2");
  expect(count(isList)).toBe(1);
});

test("objects that leave the selector leave the cache", async () => {
  const caches = createCaches(cluster.kube, { log: silentLog });
  const store = caches.of(wholeView(ConfigMaps), { namespace: cluster.namespace, labelSelector: "in=yes" });
  await cluster.direct.create(ConfigMaps, configMap("a", "1", { in: "yes" }));
  caches.start(stop.signal);
  await eventually(() => expect(known(store)).toBe("a=1"));
  await cluster.direct.mergePatch(ConfigMaps, { namespace: cluster.namespace, name: "a" }, { metadata: { labels: { in: "no" } } });
  await eventually(() => expect(known(store)).toBe(""));
});

describe("a watch that fails is resumed without a new list", () => {
  const faults: readonly (readonly [string, FaultAction])[] = [
    ["429 with Retry-After", { kind: "answer", when: "before", status: 429, headers: { "retry-after": "1" } }],
    ["500", { kind: "answer", when: "before", status: 500 }],
    ["401", { kind: "answer", when: "before", status: 401 }],
    ["a connection reset before the answer", { kind: "reset", when: "before" }],
    ["a stream cut in the middle of an event", { kind: "cut", afterBytes: 40 }],
    ["a stream that ends at once", { kind: "end" }],
    ["an event that is not JSON", { kind: "end", line: "{not json" }],
    [
      "an error in the stream",
      { kind: "end", line: '{"type":"ERROR","object":{"kind":"Status","code":500,"reason":"InternalError","message":"made to fail"}}' },
    ],
  ];
  test.for(faults)("%s", async ([, action]) => {
    cluster.proxy.addRule({ match: isWatch, action });
    await cluster.direct.create(ConfigMaps, configMap("a"));
    const { store, reported, caches } = follow();
    await caches.synced();
    await write("a", "2");
    await eventually(() => expect(known(store)).toBe("a=2"));
    expect(reported).toEqual(["applied a=1", "applied a=2"]);
    expect(count(isList)).toBe(1);
    expect(caches.health()).toEqual([{ name: `configmaps in ${cluster.namespace}`, synced: true }]);
  });

  test("a connection that is reset while it is being watched", async () => {
    await cluster.direct.create(ConfigMaps, configMap("a"));
    const { store, reported } = follow();
    await watching();
    cluster.proxy.cutWatches();
    await write("a", "2");
    await eventually(() => expect(known(store)).toBe("a=2"));
    expect([reported, count(isList)]).toEqual([["applied a=1", "applied a=2"], 1]);
  });
});

describe("a version that is gone makes a new list, and only the differences are reported", () => {
  const expired = '{"type":"ERROR","object":{"kind":"Status","code":410,"reason":"Expired","message":"too old"}}';
  const faults: readonly (readonly [string, FaultAction])[] = [
    ["410 as the answer", { kind: "answer", when: "before", status: 410 }],
    ["410 in the stream", { kind: "end", line: expired }],
  ];
  test.for(faults)("%s", async ([, action]) => {
    for (const name of ["same", "changed", "deleted", "replaced"]) await cluster.direct.create(ConfigMaps, configMap(name));
    const { store, reported } = follow();
    await watching();
    const before = reported.length;
    // The watch is cut, its resumption finds the version gone, and meanwhile the world has moved on.
    cluster.proxy.addRule({ match: isWatch, action: { kind: "hang", when: "before" }, times: 1 });
    cluster.proxy.addRule({ match: isWatch, action });
    cluster.proxy.cutWatches();
    await eventually(() => expect(count(isWatch)).toBe(2));
    await write("changed", "2");
    await remove("deleted");
    await remove("replaced");
    await cluster.direct.create(ConfigMaps, configMap("replaced", "2"));
    await cluster.direct.create(ConfigMaps, configMap("added"));
    cluster.proxy.cutWatches();
    await eventually(() => expect(known(store)).toBe("added=1 changed=2 replaced=2 same=1"));
    expect(reported.slice(before).toSorted()).toEqual([
      "applied added=1",
      "applied changed=2",
      "applied replaced=2",
      "deleted deleted",
      "deleted replaced",
    ]);
    expect(count(isList)).toBe(2);
  });

  test("a server that answers every watch with 410 is not asked in a circle", async () => {
    const clock = createManualClock();
    cluster.proxy.addRule({ match: isWatch, action: { kind: "answer", when: "before", status: 410 }, times: 1_000 });
    follow(clock);
    // Standing time: whatever is asked now is asked without a pause.
    await eventually(() => expect(count(isWatch)).toBe(2));
    await vi.waitFor(() => expect(clock.waiting).toBe(1), { timeout: 5_000 });
    expect([count(isWatch), count(isList)]).toEqual([2, 2]);
  });
});

test("a watch that brings not even a bookmark for 75 seconds is given up and resumed", async () => {
  const clock = createManualClock();
  cluster.proxy.addRule({ match: isWatch, action: { kind: "silence" } });
  await cluster.direct.create(ConfigMaps, configMap("a"));
  const metrics = createMetrics();
  const { store } = follow(clock, undefined, metrics);
  // The list and the watch, as the client sees them: until then the deadline of an answer runs.
  await vi.waitFor(async () => expect(await metrics.text()).toMatch(/kube_requests_total\{method="GET",status="200"\} 2/));
  await write("a", "2");
  await clock.advance(70_000);
  expect([known(store), count(isWatch)]).toEqual(["a=1", 1]);
  await clock.advance(5_000);
  await eventually(() => expect(known(store)).toBe("a=2"));
  expect([count(isWatch), count(isList)]).toEqual([2, 1]);
});

test("a list that fails is tried until it works, and meanwhile health says why", async () => {
  const clock = createManualClock();
  cluster.proxy.addRule({ match: isList, action: { kind: "answer", when: "before", status: 410 }, times: 2 });
  const { caches, store } = follow(clock);
  const health = () => caches.health()[0];
  await eventually(() => expect(health()).toMatchObject({ synced: false, trouble: expect.stringContaining("made to fail") as string }));
  await eventually(async () => {
    await clock.advance(100);
    expect(store.synced).toBe(true);
  });
  expect(health()).toEqual({ name: `configmaps in ${cluster.namespace}`, synced: true });
});

test("without the right to list, health says forbidden; once it is granted, the cache fills by itself", async () => {
  const token = await cluster.createToken("reader");
  await cluster.direct.create(ConfigMaps, configMap("a"));
  const { caches, store } = follow(systemClock, token);
  await eventually(() => expect(caches.health()[0]).toMatchObject({ synced: false, forbidden: true }));
  const rbac = `/apis/rbac.authorization.k8s.io/v1/namespaces/${cluster.namespace}`;
  await cluster.direct.request("POST", `${rbac}/roles`, {
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "Role",
    metadata: { name: "reader" },
    rules: [{ apiGroups: [""], resources: ["configmaps"], verbs: ["list", "watch"] }],
  });
  await cluster.direct.request("POST", `${rbac}/rolebindings`, {
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "RoleBinding",
    metadata: { name: "reader" },
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: "reader" },
    subjects: [{ kind: "ServiceAccount", name: "reader", namespace: cluster.namespace }],
  });
  await eventually(() => expect(known(store)).toBe("a=1"));
  expect(caches.health()).toEqual([{ name: `configmaps in ${cluster.namespace}`, synced: true }]);
});

test("our own write is seen at once, and no older event takes it back", async () => {
  await cluster.direct.create(ConfigMaps, configMap("a"));
  const { store, reported } = follow();
  await watching();
  const written = await cluster.kube.mergePatch(ConfigMaps, { namespace: cluster.namespace, name: "a" }, { data: { value: "2" } });
  store.noteWrite(written);
  expect(known(store)).toBe("a=2");
  await write("a", "3");
  await eventually(() => expect(known(store)).toBe("a=3"));
  expect(reported.filter((line) => line === "applied a=1")).toHaveLength(1);
});

test("of each object only what `take` returns is passed on, also of a list", async () => {
  await cluster.direct.create(ConfigMaps, configMap("a"));
  const arrivals: string[] = [];
  const reported: string[] = [];
  const take = ({ apiVersion, kind, metadata: { name, uid, resourceVersion } }: ConfigMap, arrival: string): KubeObject => {
    arrivals.push(`${arrival} ${name}`);
    return { apiVersion, kind, metadata: { name, uid, resourceVersion, creationTimestamp: "" } };
  };
  const following = (async () => {
    for await (const seen of cluster.kube.listWatch(ConfigMaps, { namespace: cluster.namespace }, stop.signal, { take }))
      reported.push(...(seen.kind === "synced" ? seen.items : [seen.object]).map((object) => `${seen.kind} ${Object.keys(object).join()}`));
  })();
  await watching();
  await write("a", "2");
  await remove("a");
  await eventually(() => expect(arrivals).toEqual(["listed a", "applied a", "deleted a"]));
  await eventually(() => expect(reported).toHaveLength(3));
  expect(new Set(reported)).toEqual(new Set(["synced", "applied", "deleted"].map((kind) => `${kind} apiVersion,kind,metadata`)));
  stop.abort();
  await following;
});

test("a page that is too large is asked for in smaller ones, until all of it is read", async () => {
  for (const name of ["a", "b", "c", "d", "e"]) await cluster.direct.create(ConfigMaps, configMap(name, "x".repeat(2_000)));
  const pages: string[][] = [];
  const scope = { namespace: cluster.namespace, maxBytes: 6_000 } as const;
  for await (const { items } of cluster.kube.pages(ConfigMaps, { ...scope, shrinks: true }))
    pages.push(items.map(({ metadata }) => metadata.name));
  expect(pages.flat()).toEqual(["a", "b", "c", "d", "e"]);
  expect(pages.length).toBeGreaterThan(2);
  await expect(Array.fromAsync(cluster.kube.pages(ConfigMaps, scope))).rejects.toThrow("larger than 6000 bytes");
});
