// For cluster tests: the run's API server behind a fault proxy of the test's own, and a namespace nobody else uses.
import { randomBytes } from "node:crypto";

import { inject } from "vitest";

import { Namespaces, ServiceAccounts } from "#api/kubernetes.ts";
import type { Kube } from "#kube/client.ts";
import { connect } from "#kube/connect.ts";
import { loadKubeconfig } from "#kube/kubeconfig.ts";
import { localMachine } from "#kube/local-machine.ts";
import type { Clock } from "#lib/clock.ts";
import { systemClock } from "#lib/system-clock.ts";
import { type FaultProxy, type Upstream, startFaultProxy } from "#test/fault-proxy.ts";

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

/** No jitter: what a test sees depends on nothing but itself. */
export const evenRandom = (): number => 0.5;

export const openUpstream = async (kubeconfigPath: string): Promise<{ upstream: Upstream; direct: Kube & { close(): void } }> => {
  const machine = localMachine({ clock: systemClock, env: process.env, home: "/nonexistent" });
  const config = await loadKubeconfig({ path: kubeconfigPath }, undefined, machine);
  const { certPem, keyPem } = await config.credentials.current();
  const upstream = { url: config.server, caPem: config.caPem!, adminCertPem: certPem!, adminKeyPem: keyPem! };
  return { upstream, direct: connect(config, { clock: systemClock, random: evenRandom }) };
};

export const startProxiedCluster = async (
  options: { readonly clock?: Clock; readonly kubeconfigPath?: string } = {},
): Promise<ProxiedCluster> => {
  const { upstream, direct } = await openUpstream(options.kubeconfigPath ?? inject("controlPlane").kubeconfigPath);
  const proxy = await startFaultProxy(upstream);
  const kube = connect(proxy.config(), { clock: options.clock ?? systemClock, random: evenRandom });
  const namespace = `test-${randomBytes(5).toString("hex")}`;
  await direct.create(Namespaces, { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } });
  return {
    proxy,
    kube,
    direct,
    namespace,
    createToken: async (name) => {
      await direct.create(ServiceAccounts, { apiVersion: "v1", kind: "ServiceAccount", metadata: { namespace, name } });
      const path = `/api/v1/namespaces/${namespace}/serviceaccounts/${name}/token`;
      const answer = await direct.request("POST", path, { apiVersion: "authentication.k8s.io/v1", kind: "TokenRequest", spec: {} });
      return (answer as { status: { token: string } }).status.token;
    },
    stop: async () => {
      kube.close();
      direct.close();
      await proxy.stop();
    },
  };
};
