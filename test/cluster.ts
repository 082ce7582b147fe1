// A test's way to an API server: as the administrator, as any account by its own token, as any person by impersonation.
import type { ClusterConfig } from "#kube/cluster-config.ts";
import type { Kube } from "#kube/client.ts";
import { connect } from "#kube/connect.ts";
import { loadKubeconfig } from "#kube/kubeconfig.ts";
import { localMachine } from "#kube/local-machine.ts";
import { silentLog } from "#lib/log.ts";
import { systemClock } from "#lib/system-clock.ts";

export type Connected = Kube & { close(): void };

export interface TestCluster {
  readonly config: ClusterConfig;
  readonly admin: Connected;
  /** By a token of its own, with nothing of the administrator's. */
  asAccount(namespace: string, account: string): Promise<Connected>;
  asPerson(user: string, groups?: readonly string[]): Connected;
  close(): void;
}

const deps = { clock: systemClock, random: () => 0.5, log: silentLog };

export const configOf = ({ kubeconfigPath }: { readonly kubeconfigPath: string }): Promise<ClusterConfig> =>
  loadKubeconfig({ path: kubeconfigPath }, undefined, localMachine({ clock: systemClock, env: {}, home: "/nonexistent" }));

/** The run's real API server. */
export const openCluster = async (controlPlane: { readonly kubeconfigPath: string }): Promise<TestCluster> =>
  clusterAt(await configOf(controlPlane));

export const clusterAt = (config: ClusterConfig): TestCluster => {
  const open: Connected[] = [];
  const keep = (kube: Connected): Connected => {
    open.push(kube);
    return kube;
  };
  const admin = keep(connect(config, deps));
  const asPerson: TestCluster["asPerson"] = (user, groups = []) =>
    keep(connect({ ...config, impersonate: { user, groups: ["system:authenticated", ...groups] } }, deps));
  return {
    config,
    admin,
    asAccount: async (namespace, account) =>
      keep(connect({ ...config, credentials: tokenCredentials(await tokenOf({ asPerson }, namespace, account)) }, deps)),
    asPerson,
    close: () => {
      for (const kube of open) kube.close();
    },
  };
};

/** For the API server, or for the given audiences. As a part of Kubernetes: in an installation, only the kubelet gets tokens of its accounts. */
export const tokenOf = async (
  { asPerson }: Pick<TestCluster, "asPerson">,
  namespace: string,
  account: string,
  audiences?: readonly string[],
): Promise<string> => {
  const issuer = asPerson("system:serviceaccount:kube-system:token-issuer", ["system:masters"]);
  const review = (await issuer.request("POST", `/api/v1/namespaces/${namespace}/serviceaccounts/${account}/token`, {
    apiVersion: "authentication.k8s.io/v1",
    kind: "TokenRequest",
    spec: { expirationSeconds: 3600, audiences },
  })) as { status: { token: string } };
  return review.status.token;
};

export const tokenCredentials = (token: string): ClusterConfig["credentials"] => ({
  current: () => Promise.resolve({ token }),
  invalidate: () => {},
});
