// The resources that the server serves: one row for each built-in one, as `kubectl api-resources` prints them. Definitions add custom ones at
// run time. Data and look-ups only.
import { type ResourceType, apiVersionOf } from "#api/object.ts";
import type { Schema } from "#embedded/schema.ts";
import type { PrinterColumn } from "#embedded/tables.ts";

export interface Resource extends ResourceType {
  readonly singular: string;
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  readonly subresources: readonly Subresource[];
  /** The object has a generation, which counts the changes of its specification. */
  readonly counts: boolean;
  /** Virtual: answered and not stored. */
  readonly storage: "builtin" | "custom" | "virtual";
  /** Of a custom one, by its definition. */
  readonly schema?: Schema;
  readonly columns?: readonly PrinterColumn[];
}
export type Subresource = "status" | "scale" | "eviction" | "token" | "log" | "finalize" | "binding" | "ephemeralcontainers";

interface Row {
  readonly short?: string;
  readonly subresources?: readonly Subresource[];
  readonly scope?: "Cluster";
  readonly category?: "all";
  readonly counts?: boolean;
  readonly storage?: "virtual";
}

const row = (group: string, version: string, kind: string, plural: string, options: Row = {}): Resource => ({
  group,
  version,
  kind,
  plural,
  namespaced: options.scope !== "Cluster",
  singular: kind.toLowerCase(),
  shortNames: options.short === undefined ? [] : options.short.split(","),
  categories: options.category === undefined ? [] : [options.category],
  subresources: options.subresources ?? [],
  counts: options.counts ?? false,
  storage: options.storage ?? "builtin",
});

const cluster = { scope: "Cluster" } as const;
const counted = { counts: true, subresources: ["status"] } as const;
const workload = { ...counted, category: "all" } as const;
const scaled = { ...workload, subresources: ["status", "scale"] } as const;
const review = { ...cluster, storage: "virtual" } as const;

export const builtInResources: readonly Resource[] = [
  row("", "v1", "Namespace", "namespaces", { ...cluster, short: "ns", subresources: ["finalize", "status"] }),
  row("", "v1", "Node", "nodes", { ...cluster, short: "no", subresources: ["status"] }),
  row("", "v1", "Pod", "pods", { ...workload, short: "po", subresources: ["binding", "ephemeralcontainers", "eviction", "log", "status"] }),
  row("", "v1", "Service", "services", { short: "svc", category: "all", subresources: ["status"] }),
  row("", "v1", "ConfigMap", "configmaps", { short: "cm" }),
  row("", "v1", "Secret", "secrets"),
  row("", "v1", "Event", "events", { short: "ev" }),
  row("", "v1", "ServiceAccount", "serviceaccounts", { short: "sa", subresources: ["token"] }),
  row("", "v1", "ResourceQuota", "resourcequotas", { short: "quota", subresources: ["status"] }),
  row("", "v1", "LimitRange", "limitranges", { short: "limits" }),
  row("", "v1", "PersistentVolume", "persistentvolumes", { ...cluster, short: "pv", subresources: ["status"] }),
  row("", "v1", "PersistentVolumeClaim", "persistentvolumeclaims", { short: "pvc", subresources: ["status"] }),
  row("apps", "v1", "Deployment", "deployments", { ...scaled, short: "deploy" }),
  row("apps", "v1", "ReplicaSet", "replicasets", { ...scaled, short: "rs" }),
  row("apps", "v1", "StatefulSet", "statefulsets", { ...scaled, short: "sts" }),
  row("apps", "v1", "DaemonSet", "daemonsets", { ...workload, short: "ds" }),
  row("apps", "v1", "ControllerRevision", "controllerrevisions"),
  row("batch", "v1", "Job", "jobs", workload),
  row("batch", "v1", "CronJob", "cronjobs", { ...workload, short: "cj" }),
  row("autoscaling", "v2", "HorizontalPodAutoscaler", "horizontalpodautoscalers", {
    category: "all",
    short: "hpa",
    subresources: ["status"],
  }),
  row("policy", "v1", "PodDisruptionBudget", "poddisruptionbudgets", { ...counted, short: "pdb" }),
  row("networking.k8s.io", "v1", "NetworkPolicy", "networkpolicies", { short: "netpol", counts: true }),
  row("networking.k8s.io", "v1", "Ingress", "ingresses", { ...counted, short: "ing" }),
  row("discovery.k8s.io", "v1", "EndpointSlice", "endpointslices", { counts: true }),
  row("storage.k8s.io", "v1", "StorageClass", "storageclasses", { ...cluster, short: "sc" }),
  row("scheduling.k8s.io", "v1", "PriorityClass", "priorityclasses", { ...cluster, short: "pc", counts: true }),
  row("coordination.k8s.io", "v1", "Lease", "leases"),
  row("rbac.authorization.k8s.io", "v1", "Role", "roles"),
  row("rbac.authorization.k8s.io", "v1", "RoleBinding", "rolebindings"),
  row("rbac.authorization.k8s.io", "v1", "ClusterRole", "clusterroles", cluster),
  row("rbac.authorization.k8s.io", "v1", "ClusterRoleBinding", "clusterrolebindings", cluster),
  row("admissionregistration.k8s.io", "v1", "ValidatingAdmissionPolicy", "validatingadmissionpolicies", { ...cluster, ...counted }),
  row("admissionregistration.k8s.io", "v1", "ValidatingAdmissionPolicyBinding", "validatingadmissionpolicybindings", {
    ...cluster,
    counts: true,
  }),
  row("apiextensions.k8s.io", "v1", "CustomResourceDefinition", "customresourcedefinitions", { ...cluster, ...counted, short: "crd,crds" }),
  row("authentication.k8s.io", "v1", "TokenReview", "tokenreviews", review),
  row("authentication.k8s.io", "v1", "SelfSubjectReview", "selfsubjectreviews", review),
  row("authorization.k8s.io", "v1", "SubjectAccessReview", "subjectaccessreviews", review),
  row("authorization.k8s.io", "v1", "SelfSubjectAccessReview", "selfsubjectaccessreviews", review),
];

export const storageKeyOf = ({ group, plural }: Pick<Resource, "group" | "plural">): string => `${group}/${plural}`;

export const findResource = (resources: Iterable<Resource>, group: string, version: string, plural: string): Resource | undefined => {
  for (const resource of resources)
    if (resource.group === group && resource.version === version && resource.plural === plural) return resource;
  return undefined;
};

export const findKind = (resources: Iterable<Resource>, apiVersion: string, kind: string): Resource | undefined => {
  for (const resource of resources) if (resource.kind === kind && apiVersionOf(resource) === apiVersion) return resource;
  return undefined;
};

export const builtIn = (apiVersion: string, kind: string): Resource => {
  const resource = findKind(builtInResources, apiVersion, kind);
  if (resource === undefined) throw new Error(`The embedded server has no kind ${apiVersion} ${kind}`);
  return resource;
};
