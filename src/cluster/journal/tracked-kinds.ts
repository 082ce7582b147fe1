// Which kinds the change journal follows, and the rights that takes. Pure data; reading only.
import {
  ClusterRoleBindings,
  ClusterRoles,
  ConfigMaps,
  CronJobs,
  DaemonSets,
  Deployments,
  HorizontalPodAutoscalers,
  Ingresses,
  LimitRanges,
  NetworkPolicies,
  Nodes,
  PodDisruptionBudgets,
  ResourceQuotas,
  RoleBindings,
  Roles,
  Secrets,
  Services,
  StatefulSets,
  StorageClasses,
} from "#api/kubernetes.ts";
import { type Need, type ResourceType, watchNeeds } from "#api/object.ts";
import { keyNeeds } from "#cluster/installation-key.ts";
import { JOURNAL_KEY_NAME } from "#cluster/journal/journal-seal.ts";

/** In the order in which they are first read: what is asked about most comes first. */
export const trackedTypes: readonly ResourceType[] = [
  Deployments,
  StatefulSets,
  DaemonSets,
  CronJobs,
  ConfigMaps,
  Services,
  HorizontalPodAutoscalers,
  PodDisruptionBudgets,
  NetworkPolicies,
  Ingresses,
  RoleBindings,
  Roles,
  ClusterRoleBindings,
  ClusterRoles,
  ResourceQuotas,
  LimitRanges,
  StorageClasses,
  Nodes,
];

/** Followed as metadata alone, and only where an administrator has granted it: see docs/decisions. */
export const secretType: ResourceType = Secrets;

export const needs: readonly Need[] = [
  ...watchNeeds(trackedTypes),
  // Where it keeps what it knows.
  { group: "", resource: "configmaps", verbs: ["create", "patch"], names: ["kintsugi-journal-*"], scope: "own" },
  ...keyNeeds(JOURNAL_KEY_NAME, ["get", "create"]),
];
