// What the caches keep of each kind of the user's cluster: the fields that controllers and Gateway read, and no other. A reader that needs one more adds it here.
import type {
  CronJob,
  DaemonSet,
  Deployment,
  HorizontalPodAutoscaler,
  Ingress,
  Job,
  Namespace,
  Node,
  ObjectCondition,
  PersistentVolumeClaim,
  Pod,
  PodDisruptionBudget,
  PodTemplate,
  ReplicaSet,
  ResourceQuota,
  Service,
  StatefulSet,
} from "#api/kubernetes.ts";
import {
  CronJobs,
  DaemonSets,
  Deployments,
  HorizontalPodAutoscalers,
  Ingresses,
  Jobs,
  Namespaces,
  Nodes,
  PersistentVolumeClaims,
  PodDisruptionBudgets,
  Pods,
  ReplicaSets,
  ResourceQuotas,
  Services,
  StatefulSets,
  ValidatingAdmissionPolicies,
  ValidatingAdmissionPolicyBindings,
} from "#api/kubernetes.ts";
import { EXECUTION_LABEL } from "#api/labels.ts";
import { controllerOf, type KubeObject } from "#api/object.ts";
import {
  bare,
  type Cached,
  type CachedCondition,
  type CachedContainer,
  conditionsOf,
  containersOf,
  type Labelled,
  labelled,
  picked,
  present,
} from "#cluster/cached-parts.ts";
import { keptTemplate, type Templated } from "#cluster/cached-template.ts";
import { viewOf, wholeView } from "#kube/caches.ts";
import type { SharedText } from "#lib/shared-text.ts";

export interface CachedPod extends Cached, Templated {
  spec: { nodeName?: string };
  status?: {
    phase?: string;
    reason?: string;
    /** Ready and PodScheduled. */
    conditions?: CachedCondition[];
    containerStatuses?: CachedContainer[];
    initContainerStatuses?: CachedContainer[];
  };
}
export interface CachedReplicaSet extends Cached, Templated {
  spec: { replicas?: number };
  status?: NonNullable<ReplicaSet["status"]>;
  /** The annotation of this name. */
  revision?: string;
  changeCause?: string;
  /** Of its containers, in their order. */
  images: readonly string[];
}
export interface CachedDeployment extends Cached, Templated {
  /** The annotation of this name. */
  revision?: string;
  spec: { replicas?: number; paused?: boolean };
  status?: Pick<
    NonNullable<Deployment["status"]>,
    "observedGeneration" | "replicas" | "updatedReplicas" | "readyReplicas" | "availableReplicas"
  > & { conditions: CachedCondition[] };
}
export interface CachedStatefulSet extends Cached, Templated {
  /** Names of the templates of its claims. */
  claimTemplates?: readonly string[];
  spec: { replicas?: number };
  status?: NonNullable<StatefulSet["status"]>;
}
export interface CachedDaemonSet extends Cached, Templated {
  status?: NonNullable<DaemonSet["status"]>;
}
export interface CachedJob extends Cached, Templated {
  /** The execution that a Job of ours belongs to, as its label says. */
  execution?: string;
  status?: { conditions: (CachedCondition & Pick<ObjectCondition, "lastTransitionTime">)[] };
}
export interface CachedCronJob extends Cached, Templated {
  spec: { suspend?: boolean };
}
export interface CachedNode extends KubeObject {
  metadata: Labelled;
  spec: { unschedulable?: boolean };
  status: { conditions: CachedCondition[] };
}
/** Of a Namespace the metadata alone is asked for. */
export interface CachedNamespace extends KubeObject {
  metadata: Labelled;
}
export interface CachedClaim extends Cached {
  status: { phase?: string };
}
export interface CachedService extends Cached {
  spec: Pick<Service["spec"], "selector"> & { ports: { port: number; targetPort?: number | string }[] };
}
export interface CachedIngress extends Cached {
  /** Names of the Services that it sends traffic to, each once. */
  readonly services: readonly string[];
}
export interface CachedAutoscaler extends Cached {
  spec: HorizontalPodAutoscaler["spec"];
}
export interface CachedBudget extends Cached {
  spec: PodDisruptionBudget["spec"];
  status: { disruptionsAllowed?: number };
}
export interface CachedQuota extends Cached {
  spec: ResourceQuota["spec"];
  status: NonNullable<ResourceQuota["status"]>;
}

export const CachedPods = viewOf<Pod, CachedPod>(Pods, ({ spec, status, ...object }, share) => ({
  ...bare(object, share),
  ...uncontrolledTemplate({ ...object, spec } as Pod, share),
  spec: nodeOf(picked(spec, ["nodeName"]), share),
  ...(status === undefined
    ? {}
    : {
        status: present<NonNullable<CachedPod["status"]>>({
          phase: status.phase,
          reason: status.reason,
          conditions: conditionsOf(status.conditions, "Ready", "PodScheduled"),
          containerStatuses: containersOf(status.containerStatuses, share),
          initContainerStatuses: containersOf(status.initContainerStatuses, share),
        }),
      }),
}));

/** A built-in controller has the same template, and one is enough; one of a custom kind is not in the caches. */
const uncontrolledTemplate = (object: KubeObject, share: SharedText): Templated => {
  const controller = controllerOf(object);
  return controller === undefined || controller.apiVersion.includes(".") ? keptTemplate(object, share) : {};
};

const claimTemplatesOf = (spec: StatefulSet["spec"] | undefined, share: SharedText): Pick<CachedStatefulSet, "claimTemplates"> => {
  const names = (spec?.volumeClaimTemplates ?? []).flatMap(({ metadata }) => metadata?.name ?? []).slice(0, maxClaimTemplates);
  return names.length === 0 ? {} : { claimTemplates: names.map(share) };
};
const maxClaimTemplates = 20;

const nodeOf = ({ nodeName }: Pick<Pod["spec"], "nodeName">, share: SharedText): CachedPod["spec"] =>
  nodeName === undefined ? {} : { nodeName: share(nodeName) };

export const CachedReplicaSets = viewOf<ReplicaSet, CachedReplicaSet>(ReplicaSets, ({ spec, status, ...object }, share) => ({
  ...bare(object, share),
  ...uncontrolledTemplate({ ...object, spec } as ReplicaSet, share),
  spec: picked(spec, ["replicas"]),
  ...(status === undefined ? {} : { status: picked(status, ["replicas", "readyReplicas", "availableReplicas", "observedGeneration"]) }),
  ...revisionOf(object),
  images: imagesOf(picked(spec, ["template"]).template, share),
}));
const imagesOf = (template: PodTemplate | undefined, share: SharedText): readonly string[] =>
  (picked(template?.spec, ["containers"]).containers ?? [])
    .slice(0, maxImages)
    .map(({ image = "" }) => share(image.slice(0, maxImageLength)));
const maxImages = 20;
const maxImageLength = 512;

const revisionOf = ({ metadata: { annotations = {} } }: KubeObject): Pick<CachedReplicaSet, "revision" | "changeCause"> =>
  present<Pick<CachedReplicaSet, "revision" | "changeCause">>({
    revision: annotations[revisionAnnotation],
    changeCause: annotations["kubernetes.io/change-cause"]?.slice(0, maxCauseLength),
  });
const maxCauseLength = 1024;
const revisionAnnotation = "deployment.kubernetes.io/revision";

export const CachedDeployments = viewOf<Deployment, CachedDeployment>(Deployments, ({ spec, status, ...object }, share) => ({
  ...bare(object, share),
  ...keptTemplate({ ...object, spec } as Deployment, share),
  ...present<Pick<CachedDeployment, "revision">>({ revision: object.metadata.annotations?.[revisionAnnotation] }),
  spec: picked(spec, ["replicas", "paused"]),
  ...(status === undefined
    ? {}
    : {
        status: {
          ...picked(status, ["observedGeneration", "replicas", "updatedReplicas", "readyReplicas", "availableReplicas"]),
          conditions: conditionsOf(status.conditions, "Progressing") ?? [],
        },
      }),
}));

export const CachedStatefulSets = viewOf<StatefulSet, CachedStatefulSet>(StatefulSets, ({ spec, status, ...object }, share) => ({
  ...bare(object, share),
  ...keptTemplate({ ...object, spec } as StatefulSet, share),
  ...claimTemplatesOf(spec, share),
  spec: picked(spec, ["replicas"]),
  ...(status === undefined
    ? {}
    : {
        status: picked(status, [
          "observedGeneration",
          "replicas",
          "readyReplicas",
          "updatedReplicas",
          "availableReplicas",
          "currentRevision",
          "updateRevision",
        ]),
      }),
}));

export const CachedDaemonSets = viewOf<DaemonSet, CachedDaemonSet>(DaemonSets, ({ status, ...object }, share) => ({
  ...bare(object, share),
  ...keptTemplate(object, share),
  ...(status === undefined
    ? {}
    : {
        status: picked(status, [
          "observedGeneration",
          "desiredNumberScheduled",
          "numberReady",
          "updatedNumberScheduled",
          "numberAvailable",
        ]),
      }),
}));

export const CachedJobs = viewOf<Job, CachedJob>(Jobs, ({ status, ...object }, share) => ({
  ...bare(object, share),
  ...uncontrolledTemplate(object, share),
  ...present<Pick<CachedJob, "execution">>({ execution: object.metadata.labels?.[EXECUTION_LABEL] }),
  ...(status === undefined
    ? {}
    : {
        status: {
          conditions: (status.conditions ?? []).map((condition) => picked(condition, ["type", "status", "reason", "lastTransitionTime"])),
        },
      }),
}));

export const CachedCronJobs = viewOf<CronJob, CachedCronJob>(CronJobs, ({ spec, ...object }, share) => ({
  ...bare(object, share),
  ...keptTemplate({ ...object, spec } as CronJob, share),
  spec: picked(spec, ["suspend"]),
}));

export const CachedNodes = viewOf<Node, CachedNode>(Nodes, ({ spec, status, ...object }, share) => ({
  ...labelled(object, share),
  spec: picked(spec, ["unschedulable"]),
  status: { conditions: conditionsOf(status?.conditions) ?? [] },
}));

export const CachedNamespaces = viewOf<Namespace, CachedNamespace>(Namespaces, (object, share) => labelled(object, share), {
  part: "metadata",
});

export const CachedClaims = viewOf<PersistentVolumeClaim, CachedClaim>(PersistentVolumeClaims, ({ status, ...object }, share) => ({
  ...bare(object, share),
  status: picked(status, ["phase"]),
}));

export const CachedServices = viewOf<Service, CachedService>(Services, ({ spec, ...object }, share) => ({
  ...bare(object, share),
  spec: {
    ...picked(spec, ["selector"]),
    ports: (picked(spec, ["ports"]).ports ?? []).map((port) => picked(port, ["port", "targetPort"])),
  },
}));

export const CachedIngresses = viewOf<Ingress, CachedIngress>(Ingresses, ({ spec, ...object }, share) => ({
  ...bare(object, share),
  services: backendsOf(spec).map(share),
}));
const backendsOf = (spec: Ingress["spec"]): readonly string[] => {
  const backends = [spec?.defaultBackend, ...(spec?.rules ?? []).flatMap(({ http }) => (http?.paths ?? []).map(({ backend }) => backend))];
  return [...new Set(backends.flatMap((backend) => backend?.service?.name ?? []))].slice(0, maxBackends);
};
const maxBackends = 50;

export const CachedAutoscalers = viewOf<HorizontalPodAutoscaler, CachedAutoscaler>(
  HorizontalPodAutoscalers,
  ({ spec, ...object }, share) => ({
    ...bare(object, share),
    spec: picked(spec, ["minReplicas", "maxReplicas", "scaleTargetRef"]),
  }),
);

export const CachedBudgets = viewOf<PodDisruptionBudget, CachedBudget>(PodDisruptionBudgets, ({ spec, status, ...object }, share) => ({
  ...bare(object, share),
  spec: picked(spec, ["selector", "minAvailable", "maxUnavailable"]),
  status: picked(status, ["disruptionsAllowed"]),
}));

export const CachedQuotas = viewOf<ResourceQuota, CachedQuota>(ResourceQuotas, ({ spec, status, ...object }, share) => ({
  ...bare(object, share),
  spec: picked(spec, ["hard"]),
  status: picked(status, ["hard", "used"]),
}));

/** Whole: their content is compared with what this version generates. */
export const CachedAdmissionPolicies = wholeView(ValidatingAdmissionPolicies);
export const CachedAdmissionBindings = wholeView(ValidatingAdmissionPolicyBindings);
