// Which object an alert is about, read from its labels. Pure; never takes the exporter that was scraped for the object it reports on.
import type { Reported } from "#api/fields.ts";

type Labels = Readonly<Record<string, string>>;

/** Labels that name an object of one kind and nothing else, in the order in which they are believed. */
const objectLabels: readonly (readonly [label: string, kind: string])[] = [
  ["horizontalpodautoscaler", "HorizontalPodAutoscaler"],
  ["hpa", "HorizontalPodAutoscaler"],
  ["poddisruptionbudget", "PodDisruptionBudget"],
  ["resourcequota", "ResourceQuota"],
  ["persistentvolumeclaim", "PersistentVolumeClaim"],
  ["deployment", "Deployment"],
  ["statefulset", "StatefulSet"],
  ["daemonset", "DaemonSet"],
  ["job_name", "Job"],
  ["cronjob", "CronJob"],
  ["replicaset", "ReplicaSet"],
];

const workloadTypes: ReadonlyMap<string, string> = new Map([
  ["deployment", "Deployment"],
  ["statefulset", "StatefulSet"],
  ["daemonset", "DaemonSet"],
  ["replicaset", "ReplicaSet"],
  ["job", "Job"],
  ["cronjob", "CronJob"],
]);

const names = { object: 253, namespace: 63 } as const;
const objectName = /^[a-z0-9]([-a-z0-9.:]*[a-z0-9])?$/;

/**
 * Flow: labels of objects that only describe; then the pod, unless it is the exporter's own; then the node, the Service, the namespace.
 * Caveats: `job` is Prometheus' own label and never names a Job; `exported_…` is the alert's own view where Prometheus had to move it aside.
 */
export const reportedObject = (labels: Labels): Reported | undefined => {
  const namespace = first(labels, names.namespace, "exported_namespace", "namespace");
  const inNamespace = namespace === undefined ? {} : { namespace };

  if (namespace !== undefined) {
    for (const [label, kind] of objectLabels) {
      const name = first(labels, names.object, `exported_${label}`, label);
      if (name !== undefined) return { kind, ...inNamespace, name };
    }
    const workloadKind = workloadTypes.get((labels.workload_type ?? "").toLowerCase());
    const workload = first(labels, names.object, "workload");
    if (workloadKind !== undefined && workload !== undefined) return { kind: workloadKind, ...inNamespace, name: workload };
  }
  const exporter = exporterOf(labels);
  const pod = first(labels, names.object, ...podLabels(labels));
  if (pod !== undefined && namespace !== undefined && !isExporters(pod, labels, exporter))
    return { kind: "Pod", ...inNamespace, name: pod };
  const node = first(labels, names.object, "exported_node", "node") ?? scrapedNode(labels, exporter);
  if (node !== undefined) return { kind: "Node", name: node };
  // What is left of a kube-state-metrics alert that names nothing else: the exporter itself is in trouble.
  if (pod !== undefined && namespace !== undefined) return { kind: "Pod", ...inNamespace, name: pod };
  const service = first(labels, names.object, "exported_service", "service");
  if (service !== undefined && namespace !== undefined) return { kind: "Service", ...inNamespace, name: service };
  return namespace === undefined ? undefined : { kind: "Namespace", name: namespace };
};

/** Where the namespace was moved aside, the pod that is not belongs to the scrape target. */
const podLabels = (labels: Labels): string[] =>
  labels.exported_namespace === undefined ? ["exported_pod", "pod", "pod_name"] : ["exported_pod"];

/** A name that could not be one of Kubernetes' is no name. */
const first = (labels: Labels, maxLength: number, ...keys: string[]): string | undefined => {
  for (const key of keys) {
    const value = Object.hasOwn(labels, key) ? labels[key] : undefined;
    if (value !== undefined && value.length <= maxLength && objectName.test(value)) return value;
  }
  return undefined;
};

const exporters = ["kube-state-metrics", "node-exporter"] as const;
type Exporter = (typeof exporters)[number];

/** What was scraped reports on other objects than itself. */
const exporterOf = (labels: Labels): Exporter | undefined =>
  exporters.find((exporter) => [labels.job, labels.service].some((value) => value?.includes(exporter) === true));

const isExporters = (pod: string, labels: Labels, exporter: Exporter | undefined): boolean =>
  exporter !== undefined && labels.exported_pod === undefined && pod.includes(exporter);

/** A node exporter's `instance` is the node it runs on, where Prometheus was told to name it so; an address names nobody. */
const scrapedNode = (labels: Labels, exporter: Exporter | undefined): string | undefined => {
  if (exporter !== "node-exporter") return undefined;
  const named = first(labels, names.object, "nodename", "kubernetes_node");
  if (named !== undefined) return named;
  const host = (labels.instance ?? "").replace(/:\d+$/, "");
  return /^[\d.]+$/.test(host) || host.includes(":") ? undefined : first({ host }, names.object, "host");
};
