// The objects of a fresh cluster: system namespaces, and the default roles that are in use (bootstrappolicy of Kubernetes' RBAC).
import { type JsonRecord } from "#embedded/json.ts";
import { builtIn } from "#embedded/resources.ts";
import { createObject } from "#embedded/objects.ts";
import { type ServerContext, systemWriter } from "#embedded/server-context.ts";

const rbac = "rbac.authorization.k8s.io";

const rule = (apiGroups: readonly string[], resources: readonly string[], verbs: readonly string[]): JsonRecord => ({
  apiGroups,
  resources,
  verbs,
});
const clusterRole = (name: string, rules: readonly JsonRecord[]): JsonRecord => ({
  apiVersion: `${rbac}/v1`,
  kind: "ClusterRole",
  metadata: { name, labels: { "kubernetes.io/bootstrapping": "rbac-defaults" } },
  rules,
});
const bindingOf = (name: string, role: string, groups: readonly string[]): JsonRecord => ({
  apiVersion: `${rbac}/v1`,
  kind: "ClusterRoleBinding",
  metadata: { name, labels: { "kubernetes.io/bootstrapping": "rbac-defaults" } },
  roleRef: { apiGroup: rbac, kind: "ClusterRole", name: role },
  subjects: groups.map((group) => ({ apiGroup: rbac, kind: "Group", name: group })),
});

const objects: readonly JsonRecord[] = [
  ...["default", "kube-system", "kube-public", "kube-node-lease"].map((name) => ({
    apiVersion: "v1",
    kind: "Namespace",
    metadata: { name },
  })),
  clusterRole("cluster-admin", [rule(["*"], ["*"], ["*"]), { nonResourceURLs: ["*"], verbs: ["*"] }]),
  clusterRole("system:discovery", [
    {
      nonResourceURLs: [
        "/api",
        "/api/*",
        "/apis",
        "/apis/*",
        "/healthz",
        "/livez",
        "/openapi",
        "/openapi/*",
        "/readyz",
        "/version",
        "/version/",
      ],
      verbs: ["get"],
    },
  ]),
  clusterRole("system:public-info-viewer", [
    { nonResourceURLs: ["/healthz", "/livez", "/readyz", "/version", "/version/"], verbs: ["get"] },
  ]),
  clusterRole("system:basic-user", [
    rule(["authorization.k8s.io"], ["selfsubjectaccessreviews", "selfsubjectrulesreviews"], ["create"]),
    rule(["authentication.k8s.io"], ["selfsubjectreviews"], ["create"]),
  ]),
  bindingOf("cluster-admin", "cluster-admin", ["system:masters"]),
  bindingOf("system:discovery", "system:discovery", ["system:authenticated"]),
  bindingOf("system:basic-user", "system:basic-user", ["system:authenticated"]),
  bindingOf("system:public-info-viewer", "system:public-info-viewer", ["system:authenticated", "system:unauthenticated"]),
];

export const bootstrap = (server: ServerContext): void => {
  const writer = systemWriter("system:apiserver", "kube-apiserver");
  for (const object of objects)
    createObject(server, builtIn(String(object["apiVersion"]), String(object["kind"])), undefined, object, writer);
};
