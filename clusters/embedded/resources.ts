// What the server serves: one row per built-in resource, as `kubectl api-resources` shows them. Custom resources join at run time. Data and look-ups only.
import type { ResourceType } from "#api/object.ts";

export interface Resource extends ResourceType {
  readonly singular: string;
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  readonly verbs: readonly string[];
  readonly subresources: readonly Subresource[];
  /** The object counts its specification's changes. */
  readonly counts: boolean;
  /** A PUT of a name that is not there creates it. */
  readonly createsOnUpdate: boolean;
  /** A delete answers with the object instead of a Status. */
  readonly returnsDeleted: boolean;
  readonly storage: "builtin" | "custom" | "virtual";
}
export type Subresource = "status" | "scale" | "eviction" | "token" | "log" | "binding" | "approval" | "finalize" | "ephemeralcontainers";

const allVerbs = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"];

interface Row {
  readonly short?: string;
  readonly subresources?: readonly Subresource[];
  readonly cluster?: true;
  readonly all?: true;
  /** Has a generation without having a status. */
  readonly counts?: boolean;
  readonly creates?: true;
  readonly returnsDeleted?: true;
}

const row = (group: string, version: string, kind: string, plural: string, options: Row = {}): Resource => ({
  group,
  version,
  kind,
  plural,
  namespaced: options.cluster !== true,
  singular: kind.toLowerCase(),
  shortNames: options.short === undefined ? [] : options.short.split(","),
  categories: options.all === true ? ["all"] : [],
  verbs: allVerbs,
  subresources: options.subresources ?? [],
  counts: options.counts ?? false,
  createsOnUpdate: options.creates ?? false,
  returnsDeleted: options.returnsDeleted ?? false,
  storage: "builtin",
});

/** A question that is answered and not kept. */
const review = (group: string, kind: string, plural: string, scope: "Namespaced" | "Cluster" = "Cluster"): Resource => ({
  ...row(group, "v1", kind, plural, scope === "Cluster" ? { cluster: true } : {}),
  verbs: ["create"],
  storage: "virtual",
});

const workload = { all: true, counts: true, subresources: ["status", "scale"] } as const;

export const builtInResources: readonly Resource[] = [
  row("", "v1", "Namespace", "namespaces", { short: "ns", cluster: true, subresources: ["finalize", "status"], returnsDeleted: true }),
  row("", "v1", "Node", "nodes", { short: "no", cluster: true, subresources: ["status"] }),
  row("", "v1", "Pod", "pods", {
    short: "po",
    all: true,
    counts: true,
    subresources: ["binding", "ephemeralcontainers", "eviction", "log", "status"],
    returnsDeleted: true,
  }),
  row("", "v1", "Service", "services", { short: "svc", all: true, subresources: ["status"], creates: true, returnsDeleted: true }),
  row("", "v1", "ConfigMap", "configmaps", { short: "cm" }),
  row("", "v1", "Secret", "secrets"),
  row("", "v1", "Event", "events", { short: "ev", creates: true }),
  row("", "v1", "Endpoints", "endpoints", { short: "ep", creates: true }),
  row("", "v1", "ServiceAccount", "serviceaccounts", { short: "sa", subresources: ["token"], returnsDeleted: true }),
  row("", "v1", "ResourceQuota", "resourcequotas", { short: "quota", subresources: ["status"], returnsDeleted: true }),
  row("", "v1", "LimitRange", "limitranges", { short: "limits", creates: true }),
  row("", "v1", "PersistentVolume", "persistentvolumes", { short: "pv", cluster: true, subresources: ["status"], returnsDeleted: true }),
  row("", "v1", "PersistentVolumeClaim", "persistentvolumeclaims", { short: "pvc", subresources: ["status"], returnsDeleted: true }),
  row("apps", "v1", "Deployment", "deployments", { ...workload, short: "deploy" }),
  row("apps", "v1", "ReplicaSet", "replicasets", { ...workload, short: "rs" }),
  row("apps", "v1", "StatefulSet", "statefulsets", { ...workload, short: "sts" }),
  row("apps", "v1", "DaemonSet", "daemonsets", { all: true, counts: true, short: "ds", subresources: ["status"] }),
  row("apps", "v1", "ControllerRevision", "controllerrevisions"),
  row("batch", "v1", "Job", "jobs", { all: true, counts: true, subresources: ["status"] }),
  row("batch", "v1", "CronJob", "cronjobs", { all: true, counts: true, short: "cj", subresources: ["status"] }),
  row("autoscaling", "v2", "HorizontalPodAutoscaler", "horizontalpodautoscalers", { all: true, short: "hpa", subresources: ["status"] }),
  row("policy", "v1", "PodDisruptionBudget", "poddisruptionbudgets", { short: "pdb", counts: true, subresources: ["status"] }),
  row("networking.k8s.io", "v1", "NetworkPolicy", "networkpolicies", { short: "netpol", counts: true }),
  row("networking.k8s.io", "v1", "Ingress", "ingresses", { short: "ing", counts: true, subresources: ["status"] }),
  row("discovery.k8s.io", "v1", "EndpointSlice", "endpointslices", { counts: true }),
  row("storage.k8s.io", "v1", "StorageClass", "storageclasses", { short: "sc", cluster: true, returnsDeleted: true }),
  row("scheduling.k8s.io", "v1", "PriorityClass", "priorityclasses", { short: "pc", cluster: true, counts: true }),
  row("coordination.k8s.io", "v1", "Lease", "leases", { creates: true }),
  row("events.k8s.io", "v1", "Event", "events", { short: "ev", creates: true }),
  row("rbac.authorization.k8s.io", "v1", "Role", "roles", { creates: true }),
  row("rbac.authorization.k8s.io", "v1", "RoleBinding", "rolebindings", { creates: true }),
  row("rbac.authorization.k8s.io", "v1", "ClusterRole", "clusterroles", { cluster: true, creates: true }),
  row("rbac.authorization.k8s.io", "v1", "ClusterRoleBinding", "clusterrolebindings", { cluster: true, creates: true }),
  row("admissionregistration.k8s.io", "v1", "ValidatingAdmissionPolicy", "validatingadmissionpolicies", {
    cluster: true,
    counts: true,
    subresources: ["status"],
  }),
  row("admissionregistration.k8s.io", "v1", "ValidatingAdmissionPolicyBinding", "validatingadmissionpolicybindings", {
    cluster: true,
    counts: true,
  }),
  row("apiextensions.k8s.io", "v1", "CustomResourceDefinition", "customresourcedefinitions", {
    short: "crd,crds",
    cluster: true,
    counts: true,
    subresources: ["status"],
    returnsDeleted: true,
  }),
  review("authentication.k8s.io", "TokenReview", "tokenreviews"),
  review("authentication.k8s.io", "SelfSubjectReview", "selfsubjectreviews"),
  review("authorization.k8s.io", "SubjectAccessReview", "subjectaccessreviews"),
  review("authorization.k8s.io", "SelfSubjectAccessReview", "selfsubjectaccessreviews"),
  review("authorization.k8s.io", "SelfSubjectRulesReview", "selfsubjectrulesreviews"),
  review("authorization.k8s.io", "LocalSubjectAccessReview", "localsubjectaccessreviews", "Namespaced"),
];

/** One object under two names: events of both groups are one stored thing. */
export const storageKeyOf = (resource: Pick<Resource, "group" | "plural">): string =>
  resource.group === "events.k8s.io" ? "/events" : `${resource.group}/${resource.plural}`;

export const findResource = (resources: Iterable<Resource>, group: string, version: string, plural: string): Resource | undefined => {
  for (const resource of resources)
    if (resource.group === group && resource.version === version && resource.plural === plural) return resource;
  return undefined;
};

export const findKind = (resources: Iterable<Resource>, apiVersion: string, kind: string): Resource | undefined => {
  const [group, version] = splitApiVersion(apiVersion);
  for (const resource of resources) if (resource.group === group && resource.version === version && resource.kind === kind) return resource;
  return undefined;
};

export const builtIn = (apiVersion: string, kind: string): Resource => {
  const resource = findKind(builtInResources, apiVersion, kind);
  if (resource === undefined) throw new Error(`no such kind: ${apiVersion} ${kind}`);
  return resource;
};

export const apiVersionOf = ({ group, version }: Pick<Resource, "group" | "version">): string =>
  group === "" ? version : `${group}/${version}`;

export const splitApiVersion = (apiVersion: string): readonly [group: string, version: string] => {
  const slash = apiVersion.indexOf("/");
  return slash === -1 ? ["", apiVersion] : [apiVersion.slice(0, slash), apiVersion.slice(slash + 1)];
};

export const podsOf = builtIn("v1", "Pod");
export const nodesOf = builtIn("v1", "Node");
