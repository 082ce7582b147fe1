// The caches of a process: what is shared, what health says, and what is logged.
import { expect, test } from "vitest";

import { ConfigMaps, Pods } from "#api/kubernetes.ts";
import type { KubeObject, ResourceType } from "#api/object.ts";
import { createCaches, wholeView } from "#kube/caches.ts";
import type { Kube, ListWatchOptions, Scope, Seen } from "#kube/client.ts";
import { KubeError } from "#kube/errors.ts";
import { type Log, silentLog } from "#lib/log.ts";
import { createMetrics } from "#lib/metrics.ts";

/** A list-watch whose events the test sends. */
const createFeed = () => {
  interface Followed {
    readonly name: string;
    readonly push: (seen: Seen<KubeObject>) => void;
    readonly options: ListWatchOptions;
  }
  const followed: Followed[] = [];
  async function* listWatch(
    type: ResourceType,
    scope: Scope,
    signal: AbortSignal,
    options: ListWatchOptions = {},
  ): AsyncGenerator<Seen<KubeObject>, void> {
    const pending: Seen<KubeObject>[] = [];
    let wake = Promise.withResolvers<void>();
    const push = (seen: Seen<KubeObject>): void => {
      pending.push(seen);
      wake.resolve();
    };
    followed.push({ name: `${type.plural} ${scope.namespace ?? "*"}`, push, options });
    signal.addEventListener("abort", () => wake.resolve());
    while (!signal.aborted) {
      await wake.promise;
      wake = Promise.withResolvers<void>();
      yield* pending.splice(0);
    }
  }
  return { followed, kube: { listWatch } as unknown as Pick<Kube, "listWatch"> };
};
const pod = (name: string): KubeObject => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name, namespace: "shop", uid: name, resourceVersion: "1", creationTimestamp: "", labels: { app: name } },
});
const setUp = () => {
  const { followed, kube } = createFeed();
  const lines: string[] = [];
  const log: Log = {
    ...silentLog,
    info: (message) => void lines.push(message),
    warn: (message) => void lines.push(message),
    error: (message) => void lines.push(message),
    child: () => log,
  };
  const metrics = createMetrics();
  const stop = new AbortController();
  return { followed, lines, metrics, stop, caches: createCaches(kube, { log, metrics }) };
};
const refused = (status: number, reason: string): KubeError => new KubeError({ doing: "list pods", status, reason, message: "refused" });

test("one kind and scope is followed once for all callers, with the indexes of all", async () => {
  const { followed, stop, caches } = setUp();
  const first = caches.of(wholeView(Pods), { namespace: "shop" }, { app: (object) => [object.metadata.labels?.["app"] ?? ""] });
  const second = caches.of(wholeView(Pods), { namespace: "shop" }, { name: (object) => [object.metadata.name] });
  caches.of(wholeView(Pods));
  caches.start(stop.signal);
  expect(second).toBe(first);
  expect(followed.map(({ name }) => name)).toEqual(["pods shop", "pods *"]);
  followed[0]?.push({ kind: "synced", items: [pod("web")], resourceVersion: "1" });
  await first.whenSynced();
  expect([first.index("app", "web").length, first.index("name", "web").length]).toEqual([1, 1]);
  stop.abort();
});

test("nothing is followed before the start; what is asked for later is followed at once", async () => {
  const { followed, stop, caches } = setUp();
  caches.of(wholeView(Pods));
  expect(followed).toHaveLength(0);
  caches.start(stop.signal);
  caches.of(wholeView(ConfigMaps));
  expect(followed).toHaveLength(2);
  expect(() => caches.start(stop.signal)).toThrow("running already");
  stop.abort();
});

test("they are synced when the last one is, and waiting can be given up", async () => {
  const { followed, stop, caches } = setUp();
  caches.of(wholeView(Pods));
  caches.of(wholeView(ConfigMaps));
  caches.start(stop.signal);
  let synced = false;
  const waiting = caches.synced().then(() => (synced = true));
  followed[0]?.push({ kind: "synced", items: [], resourceVersion: "1" });
  const abort = new AbortController();
  const givenUp = caches.synced(abort.signal);
  abort.abort(new Error("enough"));
  await expect(givenUp).rejects.toThrow("enough");
  await expect(caches.synced(abort.signal)).rejects.toThrow("enough");
  expect(synced).toBe(false);
  followed[1]?.push({ kind: "synced", items: [], resourceVersion: "1" });
  await waiting;
  await caches.synced(new AbortController().signal);
  stop.abort();
});

test("health names what is not followed and why; the log says it once, and when it is over", async () => {
  const { followed, lines, stop, caches, metrics } = setUp();
  const store = caches.of(wholeView(Pods), { namespace: "shop", labelSelector: "app=web" });
  caches.start(stop.signal);
  const options = followed[0]!.options;
  expect(caches.health()).toEqual([{ name: "pods in shop where app=web", synced: false }]);
  for (let failure = 0; failure < 3; failure += 1) options.onTrouble?.(refused(403, "Forbidden"));
  expect(caches.health()).toEqual([{ name: "pods in shop where app=web", synced: false, trouble: "list pods: refused", forbidden: true }]);
  options.onTrouble?.(refused(500, "InternalError"));
  expect(caches.health()[0]).not.toHaveProperty("forbidden");
  options.onTrouble?.(undefined);
  options.onTrouble?.(undefined);
  followed[0]?.push({ kind: "synced", items: [pod("web")], resourceVersion: "1" });
  await store.whenSynced();
  expect(caches.health()).toEqual([{ name: "pods in shop where app=web", synced: true }]);
  expect(lines).toEqual(["the watch of the cache fails", "the watch of the cache fails", "the watch of the cache is restored"]);
  const text = await metrics.text();
  expect(text).toContain('kintsugi_cache_troubles_total{resource="pods in shop where app=web"} 4');
  stop.abort();
});

test("a listener that fails is logged, and the cache goes on", async () => {
  const { followed, lines, stop, caches } = setUp();
  const store = caches.of(wholeView(Pods));
  store.onChange(() => {
    throw new TypeError("cannot read");
  });
  caches.start(stop.signal);
  followed[0]?.push({ kind: "synced", items: [pod("a"), pod("b")], resourceVersion: "1" });
  await store.whenSynced();
  expect([lines, store.list().length]).toEqual([["a listener of the cache failed", "a listener of the cache failed"], 2]);
  stop.abort();
});

test("a list-watch that ends against its promise is not silent", async () => {
  const lines: string[] = [];
  const log: Log = { ...silentLog, error: (message) => void lines.push(message), child: () => log };
  const broken = {
    // oxlint-disable-next-line require-yield
    async *listWatch(): AsyncGenerator<never, void> {
      throw new TypeError("bug");
    },
  } as unknown as Pick<Kube, "listWatch">;
  const caches = createCaches(broken, { log });
  caches.of(wholeView(Pods));
  caches.start(new AbortController().signal);
  await Promise.resolve().then(() => new Promise(setImmediate));
  expect(lines).toEqual(["a cache ended"]);
});
