// The same on an embedded API server, which a proxy cuts off.
import { startEmbeddedCluster } from "#test/embedded-test-cluster.ts";
import { startFaultProxy } from "#test/fault-proxy.ts";
import { outageSuite, type StoppableApiServer } from "#test/outage-suite.ts";

const openEmbedded = async (): Promise<StoppableApiServer> => {
  const cluster = await startEmbeddedCluster();
  const proxy = await startFaultProxy(cluster.config);
  return {
    cluster,
    apply: (manifests) => cluster.apply(manifests),
    kubeconfig: proxy.kubeconfig,
    stopApiServer: async () => {
      proxy.onRequest(() => ({ kind: "reset", when: "before" }));
      proxy.cutWatches();
    },
    startApiServer: async () => proxy.onRequest(() => undefined),
    stop: async () => {
      await proxy.stop();
      await cluster.stop();
    },
  };
};

outageSuite(openEmbedded, { outageSeconds: 4, perSecond: 20 });
