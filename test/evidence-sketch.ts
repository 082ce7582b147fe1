// Evidence for tests of causes, from a few words: objects as YAML with what the API server would fill in, pods of a workload, events, logs.
import { parseAllDocuments } from "yaml";
import type { Deployment, Pod } from "#api/kubernetes.ts";
import { type KubeObject, referenceText } from "#api/object.ts";
import { type Evidence, evidenceForm } from "#evidence/evidence.ts";
import type { EventEvidence } from "#evidence/workload-evidence.ts";

export const sketchNow = "2027-03-01T14:00:00Z";

const allKinds = [
  "ConfigMap CronJob DaemonSet Deployment EndpointSlice Endpoints HorizontalPodAutoscaler Ingress IngressClass Job LimitRange Namespace NetworkPolicy",
  "Node PersistentVolume PersistentVolumeClaim Pod PodDisruptionBudget ReplicaSet ResourceQuota Role RoleBinding Secret Service ServiceAccount",
  "StatefulSet StorageClass",
].flatMap((line) => line.split(" "));

/** YAML documents as the API server would give them back: uid, version and time filled in; namespace `shop` unless they say otherwise. */
export const objects = (yaml: string): KubeObject[] =>
  parseAllDocuments(yaml).map((document): KubeObject => complete(document.toJS() as KubeObject));

const clusterScoped = new Set([
  "Node",
  "Namespace",
  "PersistentVolume",
  "StorageClass",
  "IngressClass",
  "ClusterRole",
  "ClusterRoleBinding",
]);

const complete = (object: KubeObject): KubeObject => ({
  ...object,
  metadata: {
    ...(clusterScoped.has(object.kind) ? {} : { namespace: "shop" }),
    uid: `uid-${object.kind}-${object.metadata.namespace ?? "shop"}-${object.metadata.name}`,
    resourceVersion: "1",
    creationTimestamp: "2027-03-01T13:00:00Z",
    ...(object.metadata as Partial<KubeObject["metadata"]> & { name: string }),
  },
});

/** A pod of this Deployment, StatefulSet or DaemonSet, running well unless `overrides` say otherwise; its ReplicaSet comes with a Deployment. */
export const podsOf = (workload: KubeObject, ...overrides: readonly PodSketch[]): KubeObject[] => {
  const { template } = (workload as Deployment).spec;
  const { namespace = "shop", name } = workload.metadata;
  const set = `${name}-7d9c5b8f6`;
  const isDeployment = workload.kind === "Deployment";
  const owner = isDeployment
    ? { apiVersion: "apps/v1", kind: "ReplicaSet", name: set, uid: `uid-ReplicaSet-${namespace}-${set}`, controller: true }
    : { apiVersion: "apps/v1", kind: workload.kind, name, uid: workload.metadata.uid, controller: true };
  const replicaSet = complete({
    apiVersion: "apps/v1",
    kind: "ReplicaSet",
    metadata: {
      name: set,
      namespace,
      annotations: { "deployment.kubernetes.io/revision": "1" },
      ownerReferences: [{ apiVersion: "apps/v1", kind: "Deployment", name, uid: workload.metadata.uid, controller: true }],
    },
    spec: { replicas: overrides.length, selector: (workload as Deployment).spec.selector, template },
  } as unknown as KubeObject);
  const pods = overrides.map(({ spec, status, ...metadata }, index) => {
    const isReady = !(status?.conditions ?? []).some(({ type, status: is }) => type === "Ready" && is === "False");
    return complete({
      apiVersion: "v1",
      kind: "Pod",
      metadata: {
        name: isDeployment ? `${set}-${"bcdfghjklm"[index]}x2z4` : `${name}-${index}`,
        namespace,
        labels: template.metadata?.labels,
        ownerReferences: [owner],
        ...metadata,
      },
      spec: { nodeName: "node-a", ...template.spec, ...spec },
      status: {
        phase: "Running",
        conditions: [
          { type: "PodScheduled", status: "True" },
          { type: "Ready", status: isReady ? "True" : "False", lastTransitionTime: "2027-03-01T13:01:00Z" },
        ],
        containerStatuses: template.spec.containers.map((container) => ({
          name: container.name,
          image: container.image ?? "",
          ready: isReady,
          restartCount: 0,
          state: { running: { startedAt: "2027-03-01T13:00:30Z" } },
        })),
        ...status,
      },
    } as unknown as KubeObject);
  });
  return isDeployment ? [replicaSet, ...pods] : pods;
};

export type PodSketch = Partial<Pod["metadata"]> & { readonly spec?: Partial<Pod["spec"]>; readonly status?: Partial<Pod["status"]> };

export const warning = (object: KubeObject, reason: string, message: string, more: Partial<EventEvidence> = {}): EventEvidence => ({
  object: referenceText({ kind: object.kind, ...object.metadata }),
  uid: object.metadata.uid,
  type: "Warning",
  reason,
  message,
  count: 3,
  firstAt: "2027-03-01T13:50:00Z",
  lastAt: "2027-03-01T13:59:30Z",
  ...more,
});

/** Every kind counts as read in full unless `read` says otherwise. */
export const evidence = (parts: Partial<Evidence>): Evidence => ({
  form: evidenceForm,
  collectedAt: sketchNow,
  scope: { namespaces: ["shop"] },
  alerts: [],
  objects: [],
  read: allKinds.map((kind) => ({ kind })),
  events: [],
  logs: [],
  metrics: [],
  connections: [],
  components: [],
  changes: [],
  gaps: [],
  ...parts,
});
