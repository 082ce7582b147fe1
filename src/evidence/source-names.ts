// The names of everything that an evidence source provides: what a cause needs, and what a source can say that it lacks. Pure data.

/** Kinds whose objects are evidence; `objects.Pod` names the objects of one. */
const kinds = [
  "ClusterRole",
  "ClusterRoleBinding",
  "ConfigMap",
  "ControllerRevision",
  "CronJob",
  "DaemonSet",
  "Deployment",
  "HorizontalPodAutoscaler",
  "Ingress",
  "IngressClass",
  "Job",
  "LimitRange",
  "MutatingWebhookConfiguration",
  "Namespace",
  "NetworkPolicy",
  "Node",
  "PersistentVolume",
  "PersistentVolumeClaim",
  "Pod",
  "PodDisruptionBudget",
  "ReplicaSet",
  "ResourceQuota",
  "Role",
  "RoleBinding",
  "Secret",
  "Service",
  "ServiceAccount",
  "StatefulSet",
  "StorageClass",
  "ValidatingWebhookConfiguration",
] as const;

export type KindName = (typeof kinds)[number];

export type ObjectsName = `objects.${KindName}`;

const otherSources = [
  "alerts",
  "components",
  "connections",
  "events",
  "journal",
  "logs",
  "metrics.cpu",
  "metrics.memory",
  "metrics.network",
  "metrics.requests",
] as const;

export type SourceName = ObjectsName | (typeof otherSources)[number];

export const sourceNames: readonly SourceName[] = [...kinds.map((kind): ObjectsName => `objects.${kind}`), ...otherSources];
