// Which kinds a collection reads, and which of them only where something asks for them. Data; reads nothing.
import {
  ClusterRoleBindings,
  ClusterRoles,
  ConfigMaps,
  ControllerRevisions,
  CronJobs,
  DaemonSets,
  Deployments,
  EndpointSlices,
  HorizontalPodAutoscalers,
  IngressClasses,
  Ingresses,
  Jobs,
  LimitRanges,
  MutatingWebhookConfigurations,
  Namespaces,
  NetworkPolicies,
  Nodes,
  PersistentVolumeClaims,
  PersistentVolumes,
  PodDisruptionBudgets,
  Pods,
  PriorityClasses,
  ReplicaSets,
  ResourceQuotas,
  RoleBindings,
  Roles,
  Secrets,
  ServiceAccounts,
  Services,
  StatefulSets,
  StorageClasses,
  ValidatingWebhookConfigurations,
} from "#api/kubernetes.ts";
import type { Need, ResourceType } from "#api/object.ts";

export interface KindToRead {
  readonly type: ResourceType;
  readonly part?: "metadata";
  /** Objects in one answer; default 100 around a target, 500 otherwise. Smaller where objects are large. */
  readonly pageSize?: number;
  /** Without the right to list it nothing is missed, and no gap is noted. */
  readonly mayBeForbidden?: boolean;
  /** Around one object: what must have been seen for it to be worth a call. Absent: always. */
  readonly when?: Reason;
}

/** Why another list is read. */
export type Reason =
  | "claims"
  | "ingresses"
  | "revisions"
  | "unscheduled"
  | "notCreated"
  | "forbidden"
  | "metricsTroubled"
  | "clusterTroubled";

/** A list that can be left out has no place of its own in the API vocabulary: nothing else reads it. */
const ApiServices: ResourceType = {
  group: "apiregistration.k8s.io",
  version: "v1",
  kind: "APIService",
  plural: "apiservices",
  namespaced: false,
};

export const namespacedKinds: readonly KindToRead[] = [
  { type: Pods },
  { type: Deployments },
  { type: ReplicaSets, pageSize: 60 },
  { type: StatefulSets },
  { type: DaemonSets },
  { type: Jobs },
  { type: CronJobs },
  { type: Services },
  { type: EndpointSlices },
  { type: Ingresses },
  { type: NetworkPolicies },
  { type: ConfigMaps, pageSize: 30 },
  // The right to list Secrets is the right to read them; without it, that is a gap. No value is asked for.
  { type: Secrets, part: "metadata" },
  { type: ServiceAccounts, when: "notCreated" },
  { type: PersistentVolumeClaims },
  { type: ResourceQuotas, when: "notCreated" },
  { type: LimitRanges, when: "notCreated" },
  { type: HorizontalPodAutoscalers },
  { type: PodDisruptionBudgets },
  { type: ControllerRevisions, pageSize: 60, when: "revisions" },
  { type: Roles, when: "forbidden" },
  { type: RoleBindings, when: "forbidden" },
];

export const clusterKinds: readonly KindToRead[] = [
  { type: Namespaces },
  { type: Nodes, pageSize: 25 },
  { type: PersistentVolumes, when: "claims" },
  { type: StorageClasses, when: "claims" },
  { type: IngressClasses, when: "ingresses" },
  { type: PriorityClasses, when: "unscheduled" },
  { type: ClusterRoles, when: "forbidden" },
  { type: ClusterRoleBindings, when: "forbidden" },
  { type: ValidatingWebhookConfigurations, when: "notCreated" },
  { type: MutatingWebhookConfigurations, when: "notCreated" },
  { type: ApiServices, when: "metricsTroubled" },
];

/** Of a namespace that the target only calls. */
export const calledKinds: readonly KindToRead[] = [
  { type: Pods },
  { type: Deployments },
  { type: ReplicaSets, pageSize: 60 },
  { type: Services },
  { type: ConfigMaps, pageSize: 30 },
];

export const clusterRight = (type: Pick<ResourceType, "group" | "plural">, verbs: Need["verbs"]): Need => ({
  group: type.group,
  resource: type.plural,
  verbs,
  scope: "cluster",
});
