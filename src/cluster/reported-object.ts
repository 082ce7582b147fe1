// Which object an alert is about, read from its labels in a stated order. Pure; never takes the exporter that was scraped for the object it reports on.
import type { Reported } from "#api/fields.ts";
import { namedTypes } from "#api/kubernetes.ts";
import { apiVersionOf } from "#api/object.ts";

type Labels = Readonly<Record<string, string>>;

/** One label, and the object that it names. */
export interface LabelRule {
  readonly label: string;
  /** For the reference page. */
  readonly names: string;
  readonly read: (alert: ReadLabels) => Reported | undefined;
}
export type LabelOrder = readonly LabelRule[];

export interface ReadLabels {
  readonly labels: Labels;
  readonly namespace: string | undefined;
  readonly exporter: Exporter | undefined;
}

const names = { object: 253, namespace: 63 } as const;
const objectName = /^[a-z0-9]([-a-z0-9.:]*[a-z0-9])?$/;

const namespaced = (label: string, kind: string, apiVersion?: string): LabelRule => ({
  label,
  names: apiVersion === undefined ? kind : `${kind} (${apiVersion})`,
  read: ({ labels, namespace }) => {
    const name = first(labels, names.object, `exported_${label}`, label);
    return namespace === undefined || name === undefined ? undefined : { ...typed(apiVersion), kind, namespace, name };
  },
});

/** A namespace on such an alert is the exporter's. */
const clusterScoped = (label: string, kind: string, apiVersion?: string): LabelRule => ({
  label,
  names: `${apiVersion === undefined ? kind : `${kind} (${apiVersion})`}, cluster-scoped`,
  read: ({ labels }) => {
    const name = first(labels, names.object, `exported_${label}`, label);
    return name === undefined ? undefined : { ...typed(apiVersion), kind, name };
  },
});

const typed = (apiVersion: string | undefined): { apiVersion?: string } => (apiVersion === undefined ? {} : { apiVersion });

const workloadTypes: ReadonlyMap<string, string> = new Map([
  ["deployment", "Deployment"],
  ["statefulset", "StatefulSet"],
  ["daemonset", "DaemonSet"],
  ["replicaset", "ReplicaSet"],
  ["job", "Job"],
  ["cronjob", "CronJob"],
]);

const workload: LabelRule = {
  label: "workload",
  names: "the kind that workload_type names",
  read: ({ labels, namespace }) => {
    const kind = workloadTypes.get((labels.workload_type ?? "").toLowerCase());
    const name = first(labels, names.object, "workload");
    return namespace === undefined || kind === undefined || name === undefined ? undefined : { kind, namespace, name };
  },
};

const podOf = ({ labels, namespace }: ReadLabels): Reported | undefined => {
  const name = first(labels, names.object, ...podLabels(labels));
  return namespace === undefined || name === undefined ? undefined : { kind: "Pod", namespace, name };
};

const pod: LabelRule = {
  label: "pod",
  names: "Pod, unless it is the exporter's own",
  read: (alert) => {
    const found = podOf(alert);
    return found !== undefined && isExporters(found.name, alert) ? undefined : found;
  },
};

const node: LabelRule = {
  label: "node",
  names: "Node; of node-exporter also by nodename, kubernetes_node or instance",
  read: ({ labels, exporter }) => {
    const name = first(labels, names.object, "exported_node", "node") ?? scrapedNode(labels, exporter);
    return name === undefined ? undefined : { kind: "Node", name };
  },
};

/** What is left of an exporter's alert that names nothing else: the exporter itself is in trouble. */
const exporterPod: LabelRule = { label: "exporter_pod", names: "Pod of the exporter itself", read: podOf };

const namespace: LabelRule = {
  label: "namespace",
  names: "Namespace, cluster-scoped",
  read: (alert) => (alert.namespace === undefined ? undefined : { kind: "Namespace", name: alert.namespace }),
};

/**
 * The default order: labels of objects that only describe, then the pod, the node, the Service, the namespace. `job` is Prometheus' own label and
 * never names a Job. `exported_<label>` goes before `<label>`: it is the alert's own view where Prometheus had to move it aside.
 */
export const defaultLabelOrder: LabelOrder = [
  namespaced("horizontalpodautoscaler", "HorizontalPodAutoscaler"),
  namespaced("hpa", "HorizontalPodAutoscaler"),
  namespaced("poddisruptionbudget", "PodDisruptionBudget"),
  namespaced("resourcequota", "ResourceQuota"),
  namespaced("persistentvolumeclaim", "PersistentVolumeClaim"),
  clusterScoped("persistentvolume", "PersistentVolume"),
  namespaced("ingress", "Ingress"),
  namespaced("deployment", "Deployment"),
  namespaced("statefulset", "StatefulSet"),
  namespaced("daemonset", "DaemonSet"),
  namespaced("job_name", "Job"),
  namespaced("cronjob", "CronJob"),
  namespaced("replicaset", "ReplicaSet"),
  workload,
  pod,
  node,
  exporterPod,
  namespaced("service", "Service"),
  namespace,
];

/** The object of the first rule that reads one; undefined where the labels name none. */
export const reportedObject = (labels: Labels, order: LabelOrder = defaultLabelOrder): Reported | undefined => {
  const alert = { labels, namespace: first(labels, names.namespace, "exported_namespace", "namespace"), exporter: exporterOf(labels) };
  for (const { read } of order) {
    const found = read(alert);
    if (found !== undefined) return found;
  }
  return undefined;
};

const labelName = /^[A-Za-z_][A-Za-z0-9_]{0,127}$/;
const kindName = /^[A-Z][A-Za-z0-9]{0,62}$/;
const apiVersionText = /^[a-z0-9.-]{1,189}\/v[a-z0-9]{1,62}$/;
const maxRules = 64;

/**
 * The order that a setting names: labels, most trusted first. `deployment`: as by default. `rollout=argoproj.io/v1alpha1/Rollout` or
 * `claim=PersistentVolumeClaim`: the object that the label names. `@cluster` at its end: cluster-scoped. `default`: the rest of the default order.
 * Without `default`, other labels name nothing. Throws an Error that names the faulty entry.
 */
export const parseLabelOrder = (text: string): LabelOrder => {
  const entries = text.split(",").map((entry) => entry.trim());
  if (entries.length > maxRules) throw new Error(`the order has ${entries.length} entries, and at most ${maxRules} are allowed`);
  const labels = entries.map((entry) => entry.split("=", 1)[0] ?? "");
  const twice = labels.find((label, index) => labels.indexOf(label) !== index);
  if (twice !== undefined) throw new Error(`"${twice}" is in the order twice`);
  return entries.flatMap((entry) =>
    entry === "default" ? defaultLabelOrder.filter(({ label }) => !labels.includes(label)) : [ruleOf(entry)],
  );
};

const ruleOf = (entry: string): LabelRule => {
  const [label = "", ...rest] = entry.split("=");
  const known = defaultLabelOrder.find((rule) => rule.label === label);
  if (rest.length === 0 && known !== undefined) return known;
  if (!labelName.test(label)) throw new Error(`"${label}" is not a label`);
  if (rest.length === 0) throw new Error(`"${label}" is not in the default order: write ${label}=Kind or ${label}=group/version/Kind`);
  const [typeText = "", scope, ...more] = rest.join("=").split("@");
  if (more.length > 0 || (scope !== undefined && scope !== "cluster"))
    throw new Error(`"${entry}" has an unknown scope: only @cluster is known`);
  const slash = typeText.lastIndexOf("/");
  const [apiVersion, kind] = slash < 0 ? [undefined, typeText] : [typeText.slice(0, slash), typeText.slice(slash + 1)];
  if (!kindName.test(kind)) throw new Error(`"${kind}" is not a kind`);
  if (apiVersion !== undefined && !apiVersionText.test(apiVersion)) throw new Error(`"${apiVersion}" is not a group and version`);
  const type = namedTypes.find((each) => each.kind === kind && (apiVersion === undefined || apiVersionOf(each) === apiVersion));
  if (type === undefined && apiVersion === undefined)
    throw new Error(`"${kind}" is not a built-in kind: write ${label}=group/version/${kind}`);
  const isNamespaced = type?.namespaced ?? scope === undefined;
  return (isNamespaced ? namespaced : clusterScoped)(label, kind, type === undefined ? apiVersion : undefined);
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

const isExporters = (name: string, { labels, exporter }: ReadLabels): boolean =>
  exporter !== undefined && labels.exported_pod === undefined && name.includes(exporter);

/** A node exporter's `instance` is the node it runs on, where Prometheus is configured so; an address names no node. */
const scrapedNode = (labels: Labels, exporter: Exporter | undefined): string | undefined => {
  if (exporter !== "node-exporter") return undefined;
  const named = first(labels, names.object, "nodename", "kubernetes_node");
  if (named !== undefined) return named;
  const host = (labels.instance ?? "").replace(/:\d+$/, "");
  return /^[\d.]+$/.test(host) || host.includes(":") ? undefined : first({ host }, names.object, "host");
};
