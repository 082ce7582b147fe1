// The built-in kinds that Kintsugi reads, as far as it reads them: structural types over plain JSON, and where each lives.
import type { KubeObject, ResourceType } from "#api/object.ts";

export interface ContainerStateDetail {
  waiting?: { reason?: string; message?: string };
  running?: { startedAt?: string };
  terminated?: { exitCode: number; reason?: string; message?: string; signal?: number; startedAt?: string; finishedAt?: string };
}
export interface ContainerStatus {
  name: string;
  image: string;
  imageID?: string;
  ready: boolean;
  started?: boolean;
  restartCount: number;
  state?: ContainerStateDetail;
  lastState?: ContainerStateDetail;
}
export interface Resources {
  requests?: Record<string, string>;
  limits?: Record<string, string>;
}
export interface EnvVar {
  name: string;
  value?: string;
  valueFrom?: {
    configMapKeyRef?: { name: string; key: string; optional?: boolean };
    secretKeyRef?: { name: string; key: string; optional?: boolean };
    fieldRef?: { fieldPath: string };
    resourceFieldRef?: { resource: string };
  };
}
export interface Container {
  name: string;
  image?: string;
  command?: string[];
  args?: string[];
  env?: EnvVar[];
  envFrom?: { configMapRef?: { name: string; optional?: boolean }; secretRef?: { name: string; optional?: boolean } }[];
  ports?: { name?: string; containerPort: number; protocol?: string; hostPort?: number }[];
  resources?: Resources;
  volumeMounts?: { name: string; mountPath: string; subPath?: string; readOnly?: boolean }[];
  livenessProbe?: object;
  readinessProbe?: object;
  startupProbe?: object;
  [field: string]: unknown;
}
export interface Volume {
  name: string;
  configMap?: { name?: string; optional?: boolean; items?: { key: string; path: string }[] };
  secret?: { secretName?: string; optional?: boolean; items?: { key: string; path: string }[] };
  persistentVolumeClaim?: { claimName: string };
  projected?: {
    sources?: { configMap?: { name: string; optional?: boolean; items?: { key: string; path: string }[] }; secret?: { name: string } }[];
  };
  [source: string]: unknown;
}
export interface PodSpec {
  containers: Container[];
  initContainers?: Container[];
  volumes?: Volume[];
  nodeName?: string;
  serviceAccountName?: string;
  restartPolicy?: string;
  imagePullSecrets?: { name: string }[];
  [field: string]: unknown;
}
export interface PodTemplate {
  metadata?: { labels?: Record<string, string>; annotations?: Record<string, string>; [field: string]: unknown };
  spec: PodSpec;
}
export interface ObjectCondition {
  type: string;
  status: string;
  reason?: string;
  message?: string;
  lastTransitionTime?: string;
  lastUpdateTime?: string;
}
export interface LabelSelector {
  matchLabels?: Record<string, string>;
  matchExpressions?: { key: string; operator: string; values?: string[] }[];
}

export interface Pod extends KubeObject {
  spec: PodSpec;
  status?: {
    phase?: string;
    reason?: string;
    message?: string;
    conditions?: ObjectCondition[];
    containerStatuses?: ContainerStatus[];
    initContainerStatuses?: ContainerStatus[];
    podIP?: string;
    startTime?: string;
  };
}
export interface Deployment extends KubeObject {
  spec: {
    replicas?: number;
    selector: LabelSelector;
    template: PodTemplate;
    paused?: boolean;
    progressDeadlineSeconds?: number;
    revisionHistoryLimit?: number;
    strategy?: { type?: string; rollingUpdate?: { maxSurge?: number | string; maxUnavailable?: number | string } };
  };
  status?: {
    observedGeneration?: number;
    replicas?: number;
    updatedReplicas?: number;
    readyReplicas?: number;
    availableReplicas?: number;
    unavailableReplicas?: number;
    conditions?: ObjectCondition[];
  };
}
export interface ReplicaSet extends KubeObject {
  spec: { replicas?: number; selector: LabelSelector; template: PodTemplate };
  status?: { replicas?: number; readyReplicas?: number; availableReplicas?: number; observedGeneration?: number };
}
export interface StatefulSet extends KubeObject {
  spec: {
    replicas?: number;
    selector: LabelSelector;
    template: PodTemplate;
    serviceName?: string;
    volumeClaimTemplates?: { metadata?: { name?: string } }[];
    podManagementPolicy?: string;
    updateStrategy?: { type?: string; rollingUpdate?: { partition?: number } };
  };
  status?: {
    observedGeneration?: number;
    replicas?: number;
    readyReplicas?: number;
    updatedReplicas?: number;
    availableReplicas?: number;
    currentRevision?: string;
    updateRevision?: string;
  };
}
export interface DaemonSet extends KubeObject {
  spec: { selector: LabelSelector; template: PodTemplate };
  status?: {
    observedGeneration?: number;
    desiredNumberScheduled?: number;
    numberReady?: number;
    updatedNumberScheduled?: number;
    numberAvailable?: number;
  };
}
export interface Job extends KubeObject {
  spec: {
    backoffLimit?: number;
    activeDeadlineSeconds?: number;
    template: PodTemplate;
    selector?: LabelSelector;
    suspend?: boolean;
    [field: string]: unknown;
  };
  status?: { active?: number; succeeded?: number; failed?: number; conditions?: ObjectCondition[]; completionTime?: string };
}
export interface CronJob extends KubeObject {
  spec: { schedule: string; suspend?: boolean; jobTemplate: { spec: Job["spec"] } };
}
export interface Service extends KubeObject {
  spec: {
    selector?: Record<string, string>;
    type?: string;
    externalName?: string;
    clusterIP?: string;
    ports?: { name?: string; port: number; targetPort?: number | string; protocol?: string; appProtocol?: string }[];
  };
}
export interface ConfigMap extends KubeObject {
  immutable?: boolean;
  data?: Record<string, string>;
  binaryData?: Record<string, string>;
}
export interface Node extends KubeObject {
  spec?: { unschedulable?: boolean; taints?: { key: string; value?: string; effect: string }[] };
  status?: {
    conditions?: ObjectCondition[];
    addresses?: { type: string; address: string }[];
    capacity?: Record<string, string>;
    allocatable?: Record<string, string>;
  };
}
export interface Namespace extends KubeObject {
  status?: { phase?: string };
}
export interface HorizontalPodAutoscaler extends KubeObject {
  spec: { minReplicas?: number; maxReplicas: number; scaleTargetRef: { apiVersion?: string; kind: string; name: string } };
  status?: { currentReplicas?: number; desiredReplicas?: number; conditions?: ObjectCondition[] };
}
export interface PodDisruptionBudget extends KubeObject {
  spec: { selector?: LabelSelector; minAvailable?: number | string; maxUnavailable?: number | string };
  status?: { disruptionsAllowed?: number; currentHealthy?: number; desiredHealthy?: number };
}
export interface ResourceQuota extends KubeObject {
  spec: { hard?: Record<string, string> };
  status?: { hard?: Record<string, string>; used?: Record<string, string> };
}
export interface PersistentVolumeClaim extends KubeObject {
  spec: {
    storageClassName?: string;
    volumeName?: string;
    accessModes?: string[];
    selector?: LabelSelector;
    resources?: { requests?: { storage?: string } };
  };
  status?: { phase?: string; conditions?: ObjectCondition[] };
}
export interface PersistentVolume extends KubeObject {
  spec: {
    capacity?: { storage?: string };
    accessModes?: string[];
    storageClassName?: string;
    claimRef?: { namespace?: string; name?: string; uid?: string };
    nodeAffinity?: object;
    persistentVolumeReclaimPolicy?: string;
  };
  status?: { phase?: string; reason?: string; message?: string };
}
export interface StorageClass extends KubeObject {
  provisioner: string;
  allowVolumeExpansion?: boolean;
  volumeBindingMode?: string;
}
export interface LimitRange extends KubeObject {
  spec: {
    limits?: {
      type: string;
      max?: Record<string, string>;
      min?: Record<string, string>;
      default?: Record<string, string>;
      defaultRequest?: Record<string, string>;
    }[];
  };
}
export interface EndpointSlice extends KubeObject {
  addressType?: string;
  /** Null, as ports, where the Service selects nothing: both are lists of Go without `omitempty`. */
  endpoints?:
    | {
        addresses?: string[];
        conditions?: { ready?: boolean; serving?: boolean; terminating?: boolean };
        nodeName?: string;
        targetRef?: { kind?: string; namespace?: string; name?: string; uid?: string };
      }[]
    | null;
  ports?: { name?: string; port?: number; protocol?: string }[] | null;
}
export interface IngressBackend {
  service?: { name: string; port?: { number?: number; name?: string } };
}
export interface Ingress extends KubeObject {
  spec?: {
    ingressClassName?: string;
    defaultBackend?: IngressBackend;
    rules?: { host?: string; http?: { paths?: { path?: string; backend: IngressBackend }[] } }[];
    tls?: { hosts?: string[]; secretName?: string }[];
  };
}
export interface IngressClass extends KubeObject {
  spec?: { controller?: string };
}
export interface NetworkPolicyPeer {
  podSelector?: LabelSelector;
  namespaceSelector?: LabelSelector;
  ipBlock?: { cidr: string; except?: string[] };
}
export interface NetworkPolicyPort {
  port?: number | string;
  protocol?: string;
  endPort?: number;
}
export interface NetworkPolicy extends KubeObject {
  spec?: {
    /** Empty: every pod of the namespace. */
    podSelector?: LabelSelector;
    policyTypes?: string[];
    ingress?: { from?: NetworkPolicyPeer[]; ports?: NetworkPolicyPort[] }[];
    egress?: { to?: NetworkPolicyPeer[]; ports?: NetworkPolicyPort[] }[];
  };
}
export interface PolicyRule {
  apiGroups?: string[];
  resources?: string[];
  resourceNames?: string[];
  verbs: string[];
  nonResourceURLs?: string[];
}
export interface Role extends KubeObject {
  rules?: PolicyRule[];
}
export interface RoleBinding extends KubeObject {
  subjects?: { kind: string; name: string; namespace?: string; apiGroup?: string }[];
  roleRef: { kind: string; name: string; apiGroup?: string };
}
export interface WebhookConfiguration extends KubeObject {
  webhooks?: {
    name: string;
    failurePolicy?: string;
    clientConfig: { service?: { namespace: string; name: string; port?: number; path?: string }; url?: string };
  }[];
}
export interface PriorityClass extends KubeObject {
  value: number;
  preemptionPolicy?: string;
}
export interface Secret extends KubeObject {
  type?: string;
}
export interface ControllerRevision extends KubeObject {
  revision: number;
  data?: unknown;
}
/** core/v1 Event. */
export interface Event extends KubeObject {
  involvedObject: { apiVersion?: string; kind?: string; namespace?: string; name?: string; uid?: string; fieldPath?: string };
  type?: string;
  reason?: string;
  message?: string;
  count?: number;
  firstTimestamp?: string | null;
  lastTimestamp?: string | null;
  eventTime?: string | null;
  series?: { count?: number; lastObservedTime?: string };
  source?: { component?: string };
  reportingComponent?: string;
  reportingInstance?: string;
}
export interface Lease extends KubeObject {
  spec: {
    holderIdentity?: string | null;
    leaseDurationSeconds?: number;
    acquireTime?: string | null;
    renewTime?: string | null;
    leaseTransitions?: number;
  };
}
export interface ServiceAccount extends KubeObject {
  imagePullSecrets?: { name: string }[];
}

export interface ValidatingAdmissionPolicy extends KubeObject {
  spec: { failurePolicy?: string };
}
export interface ValidatingAdmissionPolicyBinding extends KubeObject {
  spec: { policyName?: string; validationActions?: string[] };
}

const type = <T extends KubeObject>(
  group: string,
  version: string,
  kind: string,
  plural: string,
  scope: "Namespaced" | "Cluster" = "Namespaced",
): ResourceType<T> => ({
  group,
  version,
  kind,
  plural,
  namespaced: scope === "Namespaced",
});

export const Pods = type<Pod>("", "v1", "Pod", "pods");
export const Deployments = type<Deployment>("apps", "v1", "Deployment", "deployments");
export const ReplicaSets = type<ReplicaSet>("apps", "v1", "ReplicaSet", "replicasets");
export const StatefulSets = type<StatefulSet>("apps", "v1", "StatefulSet", "statefulsets");
export const DaemonSets = type<DaemonSet>("apps", "v1", "DaemonSet", "daemonsets");
export const Jobs = type<Job>("batch", "v1", "Job", "jobs");
export const CronJobs = type<CronJob>("batch", "v1", "CronJob", "cronjobs");
export const Services = type<Service>("", "v1", "Service", "services");
export const ConfigMaps = type<ConfigMap>("", "v1", "ConfigMap", "configmaps");
export const Nodes = type<Node>("", "v1", "Node", "nodes", "Cluster");
export const Namespaces = type<Namespace>("", "v1", "Namespace", "namespaces", "Cluster");
export const HorizontalPodAutoscalers = type<HorizontalPodAutoscaler>(
  "autoscaling",
  "v2",
  "HorizontalPodAutoscaler",
  "horizontalpodautoscalers",
);
export const PodDisruptionBudgets = type<PodDisruptionBudget>("policy", "v1", "PodDisruptionBudget", "poddisruptionbudgets");
export const ResourceQuotas = type<ResourceQuota>("", "v1", "ResourceQuota", "resourcequotas");
export const PersistentVolumeClaims = type<PersistentVolumeClaim>("", "v1", "PersistentVolumeClaim", "persistentvolumeclaims");
export const PersistentVolumes = type<PersistentVolume>("", "v1", "PersistentVolume", "persistentvolumes", "Cluster");
export const StorageClasses = type<StorageClass>("storage.k8s.io", "v1", "StorageClass", "storageclasses", "Cluster");
export const LimitRanges = type<LimitRange>("", "v1", "LimitRange", "limitranges");
export const EndpointSlices = type<EndpointSlice>("discovery.k8s.io", "v1", "EndpointSlice", "endpointslices");
export const Ingresses = type<Ingress>("networking.k8s.io", "v1", "Ingress", "ingresses");
export const IngressClasses = type<IngressClass>("networking.k8s.io", "v1", "IngressClass", "ingressclasses", "Cluster");
export const NetworkPolicies = type<NetworkPolicy>("networking.k8s.io", "v1", "NetworkPolicy", "networkpolicies");
export const Roles = type<Role>("rbac.authorization.k8s.io", "v1", "Role", "roles");
export const ClusterRoles = type<Role>("rbac.authorization.k8s.io", "v1", "ClusterRole", "clusterroles", "Cluster");
export const RoleBindings = type<RoleBinding>("rbac.authorization.k8s.io", "v1", "RoleBinding", "rolebindings");
export const ClusterRoleBindings = type<RoleBinding>(
  "rbac.authorization.k8s.io",
  "v1",
  "ClusterRoleBinding",
  "clusterrolebindings",
  "Cluster",
);
export const ValidatingWebhookConfigurations = type<WebhookConfiguration>(
  "admissionregistration.k8s.io",
  "v1",
  "ValidatingWebhookConfiguration",
  "validatingwebhookconfigurations",
  "Cluster",
);
export const MutatingWebhookConfigurations = type<WebhookConfiguration>(
  "admissionregistration.k8s.io",
  "v1",
  "MutatingWebhookConfiguration",
  "mutatingwebhookconfigurations",
  "Cluster",
);
export const PriorityClasses = type<PriorityClass>("scheduling.k8s.io", "v1", "PriorityClass", "priorityclasses", "Cluster");
export const Secrets = type<Secret>("", "v1", "Secret", "secrets");
export const ControllerRevisions = type<ControllerRevision>("apps", "v1", "ControllerRevision", "controllerrevisions");
export const Events = type<Event>("", "v1", "Event", "events");
export const Leases = type<Lease>("coordination.k8s.io", "v1", "Lease", "leases");
export const ServiceAccounts = type<ServiceAccount>("", "v1", "ServiceAccount", "serviceaccounts");

export const ValidatingAdmissionPolicies = type<ValidatingAdmissionPolicy>(
  "admissionregistration.k8s.io",
  "v1",
  "ValidatingAdmissionPolicy",
  "validatingadmissionpolicies",
  "Cluster",
);
export const ValidatingAdmissionPolicyBindings = type<ValidatingAdmissionPolicyBinding>(
  "admissionregistration.k8s.io",
  "v1",
  "ValidatingAdmissionPolicyBinding",
  "validatingadmissionpolicybindings",
  "Cluster",
);

/** The kinds whose objects are read by name: what an alert may name, an action change, or a person ask about. */
export const builtInTypes: readonly ResourceType[] = [
  Pods,
  Deployments,
  ReplicaSets,
  StatefulSets,
  DaemonSets,
  Jobs,
  CronJobs,
  Services,
  ConfigMaps,
  Nodes,
  Namespaces,
  HorizontalPodAutoscalers,
  PodDisruptionBudgets,
  ResourceQuotas,
  PersistentVolumeClaims,
  NetworkPolicies,
  Ingresses,
  IngressClasses,
  EndpointSlices,
  LimitRanges,
  PersistentVolumes,
  StorageClasses,
  PriorityClasses,
  ServiceAccounts,
];

/** The kinds that an alert or a cause may name. Of those that are not built-in types above nothing is read by name: Secrets hold values, the others say who may do what. */
export const namedTypes: readonly ResourceType[] = [
  ...builtInTypes,
  Secrets,
  Roles,
  ClusterRoles,
  RoleBindings,
  ClusterRoleBindings,
  ValidatingWebhookConfigurations,
  MutatingWebhookConfigurations,
  ControllerRevisions,
  Leases,
];
