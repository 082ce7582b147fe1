// The kinds that recordings hold, by the words kubectl takes for them.

export interface RecordedType {
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespaced: boolean;
}

const type = (apiVersion: string, kind: string, scope: "namespaced" | "cluster" = "namespaced"): RecordedType => ({
  apiVersion,
  kind,
  namespaced: scope === "namespaced",
});

const byPlural: Readonly<Record<string, RecordedType>> = {
  pods: type("v1", "Pod"),
  services: type("v1", "Service"),
  endpoints: type("v1", "Endpoints"),
  configmaps: type("v1", "ConfigMap"),
  secrets: type("v1", "Secret"),
  serviceaccounts: type("v1", "ServiceAccount"),
  persistentvolumeclaims: type("v1", "PersistentVolumeClaim"),
  persistentvolumes: type("v1", "PersistentVolume", "cluster"),
  nodes: type("v1", "Node", "cluster"),
  namespaces: type("v1", "Namespace", "cluster"),
  resourcequotas: type("v1", "ResourceQuota"),
  limitranges: type("v1", "LimitRange"),
  deployments: type("apps/v1", "Deployment"),
  replicasets: type("apps/v1", "ReplicaSet"),
  statefulsets: type("apps/v1", "StatefulSet"),
  daemonsets: type("apps/v1", "DaemonSet"),
  jobs: type("batch/v1", "Job"),
  cronjobs: type("batch/v1", "CronJob"),
  ingresses: type("networking.k8s.io/v1", "Ingress"),
  networkpolicies: type("networking.k8s.io/v1", "NetworkPolicy"),
  roles: type("rbac.authorization.k8s.io/v1", "Role"),
  rolebindings: type("rbac.authorization.k8s.io/v1", "RoleBinding"),
  storageclasses: type("storage.k8s.io/v1", "StorageClass", "cluster"),
  poddisruptionbudgets: type("policy/v1", "PodDisruptionBudget"),
  horizontalpodautoscalers: type("autoscaling/v2", "HorizontalPodAutoscaler"),
};

/** Plural, singular or kind, in any case. */
export const recordedType = (word: string): RecordedType | undefined => {
  const name = word.toLowerCase();
  if (Object.hasOwn(byPlural, name)) return byPlural[name];
  return Object.values(byPlural).find(({ kind }) => kind.toLowerCase() === name) ?? byPlural[`${name}s`];
};

/** Recordings have no uids: the name replaces it, so that owners and owned objects still match. */
export const uidOf = (kind: string, namespace: string | undefined, name: string): string => `recorded ${kind} ${namespace ?? ""}/${name}`;
