// What surrounds an object, in both directions: what it depends on, and what depends on it. Pure, over what the caches keep; of Secrets the names only.
import type { Neighbour } from "#api/kinds/remediation-processing.ts";
import type { PodTemplate } from "#api/kubernetes.ts";
import type { KubeObject, ObjectReference } from "#api/object.ts";
import { isReady } from "#api/conditions.ts";
import type {
  CachedAutoscaler,
  CachedBudget,
  CachedIngress,
  CachedJob,
  CachedNode,
  CachedPod,
  CachedQuota,
  CachedService,
} from "#cluster/cached-kinds.ts";
import type { CachedReference, Templated } from "#cluster/cached-template.ts";
import { selects, serviceSelects } from "#api/selectors.ts";
import { templateReferences } from "#cluster/template-references.ts";
import { replicasOf } from "#cluster/workload-shape.ts";

/** A root of pods, with its template. */
export type CachedWorkload = KubeObject & Templated & { readonly claimTemplates?: readonly string[] };

/** Objects of the target's namespace, and the nodes. */
export interface Surroundings {
  readonly services: readonly CachedService[];
  readonly ingresses: readonly CachedIngress[];
  readonly autoscalers: readonly CachedAutoscaler[];
  readonly budgets: readonly CachedBudget[];
  readonly quotas: readonly CachedQuota[];
  readonly nodes: readonly CachedNode[];
  /** Of the namespace; of a Node, those with pods on it. */
  readonly workloads: readonly CachedWorkload[];
  /** The target's own. */
  readonly pods: readonly CachedPod[];
  /** The target's own, newest first. */
  readonly jobs: readonly CachedJob[];
}

const maxNeighbours = 50;
const maxWorkloads = 30;
const maxJobs = 5;

/** In a fixed order, bounded: what depends on it or limits it first, then what it names. */
export const neighboursOf = (target: ObjectReference, object: KubeObject | undefined, around: Surroundings): Neighbour[] =>
  [
    ...limitsOf(target, around),
    ...(object === undefined ? [] : routesOf(object, around)),
    ...workloadsOf(target, object, around).map((workload) =>
      neighbour(relationToWorkloads(target, workload), workload, replicasText(workload)),
    ),
    ...(object === undefined || concerns(target, object, around) !== undefined ? [] : ofOwnPods(target, object, around)),
  ].slice(0, maxNeighbours);

/** The workloads that an object without pods of its own is about, those that lack pods first; bounded. Empty for a workload. */
export const workloadsOf = (target: ObjectReference, object: KubeObject | undefined, around: Surroundings): readonly CachedWorkload[] => {
  const concerned = concerns(target, object, around);
  if (concerned === undefined) return [];
  return around.workloads
    .filter(concerned)
    .toSorted((a, b) => lackOf(b) - lackOf(a))
    .slice(0, maxWorkloads);
};

type Concerns = (workload: CachedWorkload) => boolean;

const concerns = (target: ObjectReference, object: KubeObject | undefined, around: Surroundings): Concerns | undefined => {
  switch (target.kind) {
    case "Service":
      return object && selectedBy([object as CachedService]);
    case "Ingress":
      return object && selectedBy(servicesOf(object as CachedIngress, around));
    case "PodDisruptionBudget":
      return object && (({ template }) => template !== undefined && selects((object as CachedBudget).spec.selector, template.labels));
    case "HorizontalPodAutoscaler": {
      const scaled = (object as CachedAutoscaler | undefined)?.spec.scaleTargetRef;
      return ({ kind, metadata: { name } }) => kind === scaled?.kind && name === scaled.name;
    }
    case "PersistentVolumeClaim":
      return (workload) => names(workload, target) || isClaimOf(workload, target.name);
    case "ConfigMap":
    case "Secret":
      return (workload) => names(workload, target);
    case "Node":
    case "Namespace":
    case "ResourceQuota":
    case "LimitRange":
      return () => true;
    default:
      return undefined;
  }
};

const selectedBy =
  (services: readonly CachedService[]): Concerns =>
  ({ template }) =>
    template !== undefined && services.some(({ spec }) => serviceSelects(spec.selector, template.labels));

const names = ({ template }: CachedWorkload, { kind, name }: ObjectReference): boolean =>
  template?.references.some((reference) => reference.kind === kind && reference.name === name) === true;

/** `<template>-<StatefulSet>-<ordinal>`. */
const isClaimOf = ({ claimTemplates = [], metadata }: CachedWorkload, claim: string): boolean =>
  claimTemplates.some((template) => {
    const stem = `${template}-${metadata.name}-`;
    return claim.startsWith(stem) && /^\d{1,9}$/.test(claim.slice(stem.length));
  });

const relationToWorkloads = (target: ObjectReference, workload: CachedWorkload): Neighbour["relation"] => {
  switch (target.kind) {
    case "PodDisruptionBudget":
      return "protects";
    case "HorizontalPodAutoscaler":
      return "scales";
    case "PersistentVolumeClaim":
      return "mountedBy";
    case "ConfigMap":
    case "Secret":
      return workload.template?.references.some(({ name, by }) => name === target.name && by === "volume") === true
        ? "mountedBy"
        : "readBy";
    case "Node":
      return "hosts";
    case "ResourceQuota":
    case "LimitRange":
      return "limits";
    case "Namespace":
      return "contains";
    default:
      return "selects";
  }
};

const servicesOf = ({ services }: CachedIngress, around: Surroundings): readonly CachedService[] =>
  around.services.filter(({ metadata: { name } }) => services.includes(name));

/** The Ingresses before a Service, and the Services behind an Ingress. A Service that is not there is named: the whole namespace was looked at. */
const routesOf = (object: KubeObject, around: Surroundings): Neighbour[] => {
  if (object.kind === "Service") return ingressesTo([object.metadata.name], around);
  if (object.kind !== "Ingress") return [];
  const { services } = object as CachedIngress;
  return services.map((name) => {
    const service = around.services.find(({ metadata }) => metadata.name === name);
    if (service !== undefined) return neighbour("routesTo", service, portsOf(service));
    const { namespace } = object.metadata;
    return { relation: "routesTo", object: { apiVersion: "v1", kind: "Service", ...inNamespace(namespace), name }, detail: "not found" };
  });
};

const ingressesTo = (services: readonly string[], { ingresses }: Surroundings): Neighbour[] =>
  ingresses
    .filter((ingress) => ingress.services.some((name) => services.includes(name)))
    .map((ingress) => neighbour("routedBy", ingress, ""));

const limitsOf = (target: ObjectReference, { autoscalers, quotas }: Surroundings): Neighbour[] => [
  ...autoscalers
    .filter(({ spec: { scaleTargetRef } }) => scaleTargetRef?.kind === target.kind && scaleTargetRef.name === target.name)
    .map((hpa) => neighbour("scaledBy", hpa, `${hpa.spec.minReplicas ?? 1} to ${hpa.spec.maxReplicas} replicas`)),
  ...(unlimited.has(target.kind) ? [] : quotas.map((quota) => neighbour("limitedBy", quota, quotaOf(quota)))),
];
/** Kinds that a quota of their namespace neither counts through pods nor limits. */
const unlimited: ReadonlySet<string> = new Set([
  "ResourceQuota",
  "LimitRange",
  "Ingress",
  "PodDisruptionBudget",
  "HorizontalPodAutoscaler",
  "Node",
]);

/** What a workload has through its pods and its template. */
const ofOwnPods = (target: ObjectReference, object: KubeObject, around: Surroundings): Neighbour[] => {
  const { template } = object as CachedWorkload;
  const services = template === undefined ? [] : around.services.filter(({ spec }) => serviceSelects(spec.selector, template.labels));
  return [
    ...services.map((service) => neighbour("selectedBy", service, portsOf(service))),
    ...ingressesTo(
      services.map(({ metadata: { name } }) => name),
      around,
    ),
    ...(template === undefined ? [] : around.budgets.filter(({ spec }) => selects(spec.selector, template.labels))).map((budget) =>
      neighbour("protectedBy", budget, budgetOf(budget)),
    ),
    ...around.nodes
      .filter((node) => around.pods.some((pod) => pod.spec.nodeName === node.metadata.name))
      .map((node) => neighbour("runsOn", node, nodeOf(node))),
    ...around.jobs.slice(0, maxJobs).map((job) => neighbour("runs", job, jobOf(job))),
    ...namedBy(template?.references ?? [], target.namespace),
  ];
};

/** The ConfigMaps, Secrets and claims that a template names, each once. */
export const referencesOf = (template: PodTemplate, namespace: string | undefined): Neighbour[] =>
  namedBy(templateReferences(template), namespace);

const namedBy = (references: readonly CachedReference[], namespace: string | undefined): Neighbour[] => {
  const found = new Map<string, Neighbour>();
  for (const { kind, name, by, optional } of references) {
    const relation = by === "volume" ? "mounts" : "readsFrom";
    const key = `${relation}/${kind}/${name}`;
    const object = { apiVersion: "v1", kind, ...inNamespace(namespace), name };
    if (!found.has(key)) found.set(key, { relation, object, ...(optional ? { detail: "optional" } : {}) });
  }
  return [...found.values()];
};

const inNamespace = (namespace: string | undefined): { namespace?: string } => (namespace === undefined ? {} : { namespace });

const neighbour = (relation: Neighbour["relation"], object: KubeObject, detail: string): Neighbour => ({
  relation,
  object: {
    apiVersion: object.apiVersion,
    kind: object.kind,
    ...inNamespace(object.metadata.namespace),
    name: object.metadata.name,
  },
  ...(detail === "" ? {} : { detail: detail.slice(0, 256) }),
});

const lackOf = (workload: KubeObject): number => {
  const counts = replicasOf(workload);
  return counts === undefined ? 0 : Math.max(0, counts.desired - counts.ready);
};

const replicasText = (workload: KubeObject): string => {
  const counts = replicasOf(workload);
  return counts === undefined ? "" : `${counts.ready} of ${counts.desired} replicas ready`;
};

const portsOf = (service: CachedService): string => {
  const ports = service.spec.ports.map(({ port, targetPort }) => (targetPort === undefined ? `${port}` : `${port} → ${targetPort}`));
  return ports.length === 0 ? "" : `port ${ports.join(", ")}`;
};

const budgetOf = ({ spec, status }: CachedBudget): string => {
  const rule = spec.maxUnavailable === undefined ? `minAvailable ${spec.minAvailable ?? 0}` : `maxUnavailable ${spec.maxUnavailable}`;
  return `${rule}, ${status.disruptionsAllowed ?? 0} disruptions allowed now`;
};

const quotaOf = ({ spec, status }: CachedQuota): string =>
  Object.entries(status.hard ?? spec.hard ?? {})
    .map(([resource, hard]) => `${resource} ${status.used?.[resource] ?? "0"} of ${hard}`)
    .join(", ");

const jobOf = ({ status }: CachedJob): string => {
  const ended = status?.conditions.find(({ type, status: value }) => (type === "Failed" || type === "Complete") && value === "True");
  if (ended === undefined) return "running";
  return ended.type === "Complete" ? "complete" : `failed${ended.reason === undefined ? "" : `: ${ended.reason}`}`;
};

const nodeOf = (node: CachedNode): string => {
  const { spec, status } = node;
  const pressure = status.conditions.filter(({ type, status: value }) => type.endsWith("Pressure") && value === "True");
  return [
    isReady(node) ? "ready" : "not ready",
    ...(spec.unschedulable === true ? ["cordoned"] : []),
    ...pressure.map(({ type }) => type),
  ].join(", ");
};
