// An API server behind a fault proxy of the test's own, and a namespace of its own: an embedded one, or the run's real one.
import { randomBytes } from "node:crypto";

import { Namespaces, ServiceAccounts } from "#api/kubernetes.ts";
import type { ClusterConfig } from "#kube/cluster-config.ts";
import type { Kube } from "#kube/client.ts";
import { connect } from "#kube/connect.ts";
import { systemClock } from "#lib/system-clock.ts";
import { clusterAt, configOf, tokenOf } from "#test/cluster.ts";
import { type EmbeddedTestCluster, startEmbeddedCluster } from "#test/embedded-test-cluster.ts";
import { type FaultProxy, startFaultProxy } from "#test/fault-proxy.ts";

export interface ProxiedCluster {
  readonly proxy: FaultProxy;
  /** Through the proxy, as the administrator. */
  readonly kube: Kube & { close(): void };
  /** Straight to the API server, as the administrator. */
  readonly direct: Kube & { close(): void };
  readonly namespace: string;
  /** A token of a new ServiceAccount, which has no rights yet. */
  createToken(name: string): Promise<string>;
  stop(): Promise<void>;
}

export interface ProxiedEmbeddedCluster extends ProxiedCluster {
  readonly server: EmbeddedTestCluster;
}

/** No jitter: what a test sees depends on nothing but itself. */
export const evenRandom = (): number => 0.5;

export const startProxiedCluster = async (): Promise<ProxiedEmbeddedCluster> => {
  const server = await startEmbeddedCluster();
  const proxied = await behindProxy(server.config);
  const stop = async (): Promise<void> => {
    await proxied.stop();
    await server.stop();
  };
  return { ...proxied, server, stop };
};

export const proxyRealCluster = async (controlPlane: { readonly kubeconfigPath: string }): Promise<ProxiedCluster> =>
  behindProxy(await configOf(controlPlane));

const behindProxy = async (config: ClusterConfig): Promise<ProxiedCluster> => {
  const deps = { clock: systemClock, random: evenRandom };
  const direct = connect(config, deps);
  const proxy = await startFaultProxy(config);
  const kube = connect(proxy.config(), deps);
  const namespace = `test-${randomBytes(5).toString("hex")}`;
  await direct.create(Namespaces, { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } });
  return {
    proxy,
    kube,
    direct,
    namespace,
    createToken: async (name) => {
      await direct.create(ServiceAccounts, { apiVersion: "v1", kind: "ServiceAccount", metadata: { namespace, name } });
      const cluster = clusterAt(config);
      return tokenOf(cluster, namespace, name).finally(() => cluster.close());
    },
    stop: async () => {
      kube.close();
      direct.close();
      await proxy.stop();
    },
  };
};
