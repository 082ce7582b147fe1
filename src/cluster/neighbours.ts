// What surrounds a workload: who selects, scales, protects and limits it, where it runs, what it mounts and reads. Pure; of Secrets the names only.
import type { PodTemplate } from "#api/kubernetes.ts";
import type { Neighbour } from "#api/kinds/remediation-processing.ts";
import type { KubeObject, ObjectReference } from "#api/object.ts";
import type { CachedAutoscaler, CachedBudget, CachedNode, CachedPod, CachedQuota, CachedService } from "#cluster/cached-kinds.ts";
import { selects, serviceSelects } from "#api/selectors.ts";
import { templateReferences } from "#cluster/template-references.ts";
import { isReady } from "#api/conditions.ts";

/** Objects of the target's namespace, and the nodes. */
export interface Surroundings {
  readonly services: readonly CachedService[];
  readonly autoscalers: readonly CachedAutoscaler[];
  readonly budgets: readonly CachedBudget[];
  readonly quotas: readonly CachedQuota[];
  readonly nodes: readonly CachedNode[];
  /** The target's own. */
  readonly pods: readonly CachedPod[];
}

const maxNeighbours = 50;

/** In a fixed order, bounded; `template` is that of the workload (a Pod is its own). */
export const neighboursOf = (target: ObjectReference, template: PodTemplate | undefined, around: Surroundings): Neighbour[] => {
  const labels = template?.metadata?.labels ?? {};
  const namespace = target.namespace;
  const found: Neighbour[] = [
    ...around.services
      .filter((service) => serviceSelects(service.spec.selector, labels))
      .map((service) => neighbour("selectedBy", service, portsOf(service))),
    ...around.autoscalers
      .filter(({ spec: { scaleTargetRef } }) => scaleTargetRef.kind === target.kind && scaleTargetRef.name === target.name)
      .map((hpa) => neighbour("scaledBy", hpa, `${hpa.spec.minReplicas ?? 1} to ${hpa.spec.maxReplicas} replicas`)),
    ...around.budgets
      .filter((budget) => selects(budget.spec.selector, labels))
      .map((budget) => neighbour("protectedBy", budget, budgetOf(budget))),
    ...around.quotas.map((quota) => neighbour("limitedBy", quota, quotaOf(quota))),
    ...around.nodes
      .filter((node) => around.pods.some((pod) => pod.spec.nodeName === node.metadata.name))
      .map((node) => neighbour("runsOn", node, nodeOf(node))),
    ...(template === undefined ? [] : referencesOf(template, namespace)),
  ];
  return found.slice(0, maxNeighbours);
};

/** The ConfigMaps, Secrets and claims that a template names, each once. */
export const referencesOf = (template: PodTemplate, namespace: string | undefined): Neighbour[] => {
  const found = new Map<string, Neighbour>();
  for (const { kind, name, by, optional } of templateReferences(template)) {
    const relation = by === "volume" ? "mounts" : "readsFrom";
    const key = `${relation}/${kind}/${name}`;
    const object = { apiVersion: "v1", kind, ...(namespace === undefined ? {} : { namespace }), name };
    if (!found.has(key)) found.set(key, { relation, object, ...(optional ? { detail: "optional" } : {}) });
  }
  return [...found.values()];
};

const neighbour = (relation: Neighbour["relation"], object: KubeObject, detail: string): Neighbour => ({
  relation,
  object: {
    apiVersion: object.apiVersion,
    kind: object.kind,
    ...(object.metadata.namespace === undefined ? {} : { namespace: object.metadata.namespace }),
    name: object.metadata.name,
  },
  ...(detail === "" ? {} : { detail: detail.slice(0, 256) }),
});

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

const nodeOf = (node: CachedNode): string => {
  const { spec, status } = node;
  const pressure = status.conditions.filter(({ type, status: value }) => type.endsWith("Pressure") && value === "True");
  return [
    isReady(node) ? "ready" : "not ready",
    ...(spec.unschedulable === true ? ["cordoned"] : []),
    ...pressure.map(({ type }) => type),
  ].join(", ");
};
