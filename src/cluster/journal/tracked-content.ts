// What of an object counts as its content: what people and controllers decide, not what is counted or reported. Pure; values of Secrets are never in it.
import type { Node } from "#api/kubernetes.ts";
import { JOURNAL_LABEL } from "#api/labels.ts";
import type { KubeObject } from "#api/object.ts";
import { secretWrites } from "#cluster/journal/field-managers.ts";

/** Plain JSON, without apiVersion, kind, name and namespace. */
export type Content = Readonly<Record<string, unknown>>;

/** Fields that controllers write at every turn, or that copy another part of the object. */
const noisyAnnotations: ReadonlySet<string> = new Set([
  "kubectl.kubernetes.io/last-applied-configuration",
  "deployment.kubernetes.io/revision",
  "deprecated.daemonset.template.generation",
  "autoscaling.alpha.kubernetes.io/conditions",
  "autoscaling.alpha.kubernetes.io/current-metrics",
  "endpoints.kubernetes.io/last-change-trigger-time",
  "node.alpha.kubernetes.io/ttl",
  "volumes.kubernetes.io/controller-managed-attach-detach",
]);
const leaderAnnotation = "control-plane.alpha.kubernetes.io/leader";
/** One in every namespace, put back by the controller manager whenever it differs. */
const rootCertificates = "kube-root-ca.crt";

/** On the roles that the API server makes and puts back by itself. */
const bootstrapLabel = "kubernetes.io/bootstrapping";

/** False for what is no decision of anybody: leases kept as ConfigMaps, copies of the cluster's certificate, its own roles, releases of Helm, the journal itself. */
export const isTracked = ({ kind, metadata }: KubeObject): boolean => {
  if (metadata.labels?.[bootstrapLabel] !== undefined) return false;
  if (metadata.labels?.[JOURNAL_LABEL] !== undefined || metadata.annotations?.[leaderAnnotation] !== undefined) return false;
  if (kind === "ConfigMap") return metadata.name !== rootCertificates;
  return kind !== "Secret" || metadata.labels?.["owner"] !== "helm";
};

export const trackedContent = (object: KubeObject): Content => {
  const metadata = metadataOf(object);
  const head = Object.keys(metadata).length === 0 ? {} : { metadata };
  if (object.kind === "Secret") return { ...head, ...secretWrites(object.metadata.managedFields) };
  if (object.kind === "Node") return { ...head, ...nodeContent(object as Node) };
  const {
    apiVersion: _apiVersion,
    kind: _kind,
    metadata: _metadata,
    status: _status,
    ...rest
  } = object as KubeObject & { status?: unknown };
  return { ...head, ...rest };
};

const metadataOf = ({ metadata }: KubeObject): Content => {
  const annotations = Object.entries(metadata.annotations ?? {}).filter(([name]) => !noisyAnnotations.has(name));
  return {
    ...(isEmpty(metadata.labels) ? {} : { labels: metadata.labels }),
    ...(annotations.length === 0 ? {} : { annotations: Object.fromEntries(annotations) }),
    ...(metadata.finalizers === undefined || metadata.finalizers.length === 0 ? {} : { finalizers: metadata.finalizers }),
    ...(metadata.ownerReferences === undefined ? {} : { ownerReferences: metadata.ownerReferences }),
    ...(metadata.deletionTimestamp === undefined ? {} : { deletionTimestamp: metadata.deletionTimestamp }),
  };
};

/** Of the status what says how a node is, without its heartbeats; reasons of a healthy condition are wording. */
const nodeContent = ({ spec, status }: Node): Content => ({
  spec: { ...spec },
  status: {
    conditions: (status?.conditions ?? []).map(({ type, status: value, reason }) => ({
      type,
      status: value,
      ...(reason === undefined ? {} : { reason }),
    })),
    ...(status?.allocatable === undefined ? {} : { allocatable: status.allocatable }),
  },
});

const isEmpty = (value: object | undefined): boolean => value === undefined || Object.keys(value).length === 0;
