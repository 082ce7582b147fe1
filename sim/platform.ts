// An installation of Kintsugi in an embedded cluster: kinds, rights, policies, accounts and their tokens. Nothing of the product runs yet.
import { API_VERSION } from "#api/define-kind.ts";
import type { RemediationPolicy } from "#api/kinds/remediation-policy.ts";
import { CONTROLLER_ACCOUNT, SIGNALS_ACCOUNT, SIGNALS_AUDIENCE, accountOfAction } from "#api/labels.ts";
import { type ClusterSnapshot, type EmbeddedCluster, openEmbeddedCluster } from "#embedded/embedded-cluster.ts";
import type { Clock, Random } from "#lib/clock.ts";
import { admissionPolicies } from "#manifests/admission.ts";
import { crds, namespaceManifest, rights } from "#manifests/install.ts";
import { createSeededRandom } from "#sim/seeded-random.ts";
import { createVirtualClock } from "#sim/virtual-clock.ts";

export const own = "kintsugi-system";
export const image = "example.test/kintsugi:simulated";

/** Where the simulated policy is. */
export const policyPath = `/apis/${API_VERSION}/namespaces/${own}/remediationpolicies/simulated`;

export interface Platform {
  readonly cluster: EmbeddedCluster;
  readonly tokens: { readonly admin: string; readonly controllers: string; readonly signals: string };
  tokenOfAction(action: string): string;
  /** At once, as an administrator; throws where the server refuses. */
  admin(method: string, path: string, body?: unknown): unknown;
  /** The same as another administrator. */
  as(person: string): Platform["admin"];
  /** The same as the controllers' account, for objects that only they may write. */
  controllers(method: string, path: string, body?: unknown): unknown;
}

/** Where each kind of an installation is created. */
const collections: Readonly<Record<string, string>> = {
  Namespace: "/api/v1/namespaces",
  CustomResourceDefinition: "/apis/apiextensions.k8s.io/v1/customresourcedefinitions",
  ServiceAccount: `/api/v1/namespaces/${own}/serviceaccounts`,
  ClusterRole: "/apis/rbac.authorization.k8s.io/v1/clusterroles",
  ClusterRoleBinding: "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings",
  Role: `/apis/rbac.authorization.k8s.io/v1/namespaces/${own}/roles`,
  RoleBinding: `/apis/rbac.authorization.k8s.io/v1/namespaces/${own}/rolebindings`,
  ValidatingAdmissionPolicy: "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies",
  ValidatingAdmissionPolicyBinding: "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicybindings",
};

/** An embedded cluster with Kintsugi's kinds, rights and policies: the same for every run, and dear to make. */
export type Installation = ClusterSnapshot;

export const prepareInstallation = (): Installation => {
  const clock = createVirtualClock(createSeededRandom(0, 1));
  const cluster = openEmbeddedCluster({ clock, random: createSeededRandom(0, 2) });
  for (const manifest of [namespaceManifest(own), ...crds(), ...rights(own), ...admissionPolicies({ namespace: own, image })]) {
    const path = collections[manifest.kind];
    if (path === undefined) throw new Error(`an installation has no ${manifest.kind}`);
    ask(cluster, "POST", path, JSON.stringify(manifest));
  }
  return cluster.objects.snapshot();
};

/** Throws where the server refuses. */
const ask = (
  cluster: EmbeddedCluster,
  method: string,
  path: string,
  body?: string,
  token = cluster.adminToken,
  more: Readonly<Record<string, string>> = {},
): unknown => {
  const headers = {
    ...more,
    authorization: `Bearer ${token}`,
    accept: "application/json",
    "content-type": method === "PATCH" ? "application/merge-patch+json" : "application/json",
  };
  const answer = cluster.handle({ method, path, headers, ...(body === undefined ? {} : { body }) });
  if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
  return answer.body;
};

/** In an installation, only the kubelet gets tokens of its accounts. */
const kubelet = { "impersonate-user": "system:node:simulated", "impersonate-group": "system:nodes,system:masters" };

export const createPlatform = (
  deps: { readonly clock: Clock; readonly random: Random },
  installation: Installation,
  policy: RemediationPolicy["spec"],
): Platform => {
  const cluster = openEmbeddedCluster({ ...deps, from: installation });
  const admin = (method: string, path: string, body?: unknown): unknown =>
    ask(cluster, method, path, body === undefined ? undefined : JSON.stringify(body));
  admin("POST", `/apis/${API_VERSION}/namespaces/${own}/remediationpolicies`, {
    apiVersion: API_VERSION,
    kind: "RemediationPolicy",
    metadata: { name: "simulated", namespace: own },
    spec: policy,
  });
  const token = (account: string, audiences?: readonly string[]): string => {
    const review = { apiVersion: "authentication.k8s.io/v1", kind: "TokenRequest", spec: { expirationSeconds: 86_400, audiences } };
    const path = `/api/v1/namespaces/${own}/serviceaccounts/${account}/token`;
    const answer = ask(cluster, "POST", path, JSON.stringify(review), cluster.adminToken, kubelet);
    return (answer as { status: { token: string } }).status.token;
  };
  const controllers = token(CONTROLLER_ACCOUNT);
  const as =
    (person: string): Platform["admin"] =>
    (method, path, body) =>
      ask(cluster, method, path, body === undefined ? undefined : JSON.stringify(body), cluster.adminToken, {
        "impersonate-user": person,
        "impersonate-group": "system:masters",
      });
  return {
    cluster,
    admin,
    as,
    controllers: (method, path, body) => ask(cluster, method, path, JSON.stringify(body), controllers),
    tokens: { admin: cluster.adminToken, controllers, signals: token(SIGNALS_ACCOUNT, [SIGNALS_AUDIENCE]) },
    tokenOfAction: (action) => token(accountOfAction(action)),
  };
};
