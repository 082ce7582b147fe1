// The objects of a fresh cluster: system namespaces, and the default roles that are in use (bootstrappolicy of Kubernetes' RBAC).
import { type JsonRecord } from "#embedded/json.ts";
import { builtIn } from "#embedded/resources.ts";
import { createSystemClient } from "#embedded/system-client.ts";
import type { ServerContext } from "#embedded/server-context.ts";

const rbac = "rbac.authorization.k8s.io";
const read = ["get", "list", "watch"];
const edit = ["create", "delete", "deletecollection", "patch", "update"];

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

const workloads = [
  rule(
    ["apps"],
    ["daemonsets", "deployments", "deployments/scale", "replicasets", "replicasets/scale", "statefulsets", "statefulsets/scale"],
    read,
  ),
  rule(["batch"], ["cronjobs", "jobs"], read),
  rule(["autoscaling"], ["horizontalpodautoscalers"], read),
  rule(["policy"], ["poddisruptionbudgets"], read),
  rule(
    [""],
    [
      "configmaps",
      "endpoints",
      "events",
      "namespaces",
      "persistentvolumeclaims",
      "pods",
      "pods/log",
      "resourcequotas",
      "serviceaccounts",
      "services",
    ],
    read,
  ),
];
const editable = workloads.map((each) => ({ ...each, verbs: [...read, ...edit] }));

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
  clusterRole("view", workloads),
  clusterRole("edit", [...editable, rule([""], ["secrets"], [...read, ...edit])]),
  clusterRole("admin", [
    ...editable,
    rule([""], ["secrets"], [...read, ...edit]),
    rule([rbac], ["roles", "rolebindings"], [...read, ...edit]),
  ]),
  bindingOf("cluster-admin", "cluster-admin", ["system:masters"]),
  bindingOf("system:discovery", "system:discovery", ["system:authenticated"]),
  bindingOf("system:basic-user", "system:basic-user", ["system:authenticated"]),
  bindingOf("system:public-info-viewer", "system:public-info-viewer", ["system:authenticated", "system:unauthenticated"]),
];

export const bootstrap = (server: ServerContext): void => {
  const client = createSystemClient(server, "system:apiserver", "kube-apiserver");
  for (const object of objects) client.create(builtIn(String(object["apiVersion"]), String(object["kind"])), undefined, object);
};
