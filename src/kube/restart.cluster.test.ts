// The cache across the end and the new start of a real API server, whose watch cache begins anew while versions go on.
import { expect, test, vi } from "vitest";

import { type ConfigMap, ConfigMaps } from "#api/kubernetes.ts";
import { createCaches, wholeView } from "#kube/caches.ts";
import { silentLog } from "#lib/log.ts";
import { startControlPlane } from "#testbed/control-plane.ts";
import { proxyRealCluster } from "#test/proxied-cluster.ts";

test("an API server that is killed and started again is followed on", async () => {
  const plane = await startControlPlane();
  const cluster = await proxyRealCluster(plane);
  const stop = new AbortController();
  const { namespace } = cluster;
  const create = (name: string): Promise<ConfigMap> =>
    cluster.direct.create(ConfigMaps, { apiVersion: "v1", kind: "ConfigMap", metadata: { namespace, name } });
  const eventually = (check: () => void): Promise<void> => vi.waitFor(check, { timeout: 20_000, interval: 10 });
  try {
    await create("a");
    const caches = createCaches(cluster.kube, { log: silentLog });
    const store = caches.of(wholeView(ConfigMaps), { namespace });
    const events: string[] = [];
    store.onChange(({ kind, object }) => events.push(`${kind} ${object.metadata.name}`));
    caches.start(stop.signal);
    await eventually(() => expect(cluster.proxy.openWatches).toBe(1));
    await plane.stopApiServer();
    await plane.startApiServer();
    await create("b");
    await eventually(() => expect(events).toEqual(["applied a", "applied b"]));
    expect(store.list().map(({ metadata }) => metadata.name)).toEqual(["a", "b"]);
  } finally {
    stop.abort();
    await cluster.stop();
    await plane.stop();
  }
});
