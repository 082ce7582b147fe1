// A Deployment with two revisions, its pods and what else actions look at, as plain objects for tests.
import type {
  ConfigMap,
  Container,
  ControllerRevision,
  DaemonSet,
  Deployment,
  HorizontalPodAutoscaler,
  Pod,
  PodDisruptionBudget,
  PodTemplate,
  ReplicaSet,
  Service,
  StatefulSet,
} from "#api/kubernetes.ts";
import type { KubeObject, ObjectMeta } from "#api/object.ts";
import type { ObservedObjects } from "#api/observed.ts";

const meta = (name: string, extra: Partial<ObjectMeta> = {}): ObjectMeta => ({
  namespace: "shop",
  name,
  uid: `uid-${name}`,
  resourceVersion: "1",
  generation: 2,
  creationTimestamp: "2030-01-01T00:00:00Z",
  ...extra,
});

export const template = (container: Partial<Container> = {}, labels: Record<string, string> = {}): PodTemplate => ({
  metadata: { labels: { app: "web", ...labels } },
  spec: { containers: [{ name: "app", image: "web:2", command: ["/bin/web"], ...container }], restartPolicy: "Always" },
});

export const deployment = (spec: Partial<Deployment["spec"]> = {}, metadata: Partial<ObjectMeta> = {}): Deployment => ({
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: meta("web", { annotations: { "deployment.kubernetes.io/revision": "2" }, ...metadata }),
  spec: { replicas: 2, selector: { matchLabels: { app: "web" } }, template: template(), ...spec },
  status: { observedGeneration: 2, replicas: 2, updatedReplicas: 2 },
});

export const replicaSet = (revision: number, ofTemplate: PodTemplate, owner = "uid-web"): ReplicaSet => ({
  apiVersion: "apps/v1",
  kind: "ReplicaSet",
  metadata: meta(`web-${revision}`, {
    annotations: { "deployment.kubernetes.io/revision": String(revision) },
    ownerReferences: [{ apiVersion: "apps/v1", kind: "Deployment", name: "web", uid: owner, controller: true }],
  }),
  spec: { replicas: 0, selector: {}, template: ofTemplate },
});

export const statefulSet = (spec: object = {}): StatefulSet => ({
  apiVersion: "apps/v1",
  kind: "StatefulSet",
  metadata: meta("db"),
  spec: { replicas: 1, selector: {}, template: template(), ...spec },
  status: { observedGeneration: 2, updatedReplicas: 0 },
});

export const daemonSet = (): DaemonSet => ({
  apiVersion: "apps/v1",
  kind: "DaemonSet",
  metadata: meta("agent"),
  spec: { selector: {}, template: template() },
  status: { observedGeneration: 2, desiredNumberScheduled: 2, updatedNumberScheduled: 1 },
});

export const pod = (name: string, state: { readonly ready: boolean; readonly owner?: string; readonly leaving?: true }): Pod => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: meta(name, {
    ...(state.owner === undefined
      ? {}
      : { ownerReferences: [{ apiVersion: "apps/v1", kind: state.owner, name: "web-2", uid: "uid-web-2", controller: true }] }),
    ...(state.leaving ? { deletionTimestamp: "2030-01-01T00:01:00Z" } : {}),
  }),
  spec: template().spec,
  status: { phase: "Running", conditions: [{ type: "Ready", status: state.ready ? "True" : "False" }] },
});

export const autoscaler: HorizontalPodAutoscaler = {
  apiVersion: "autoscaling/v2",
  kind: "HorizontalPodAutoscaler",
  metadata: meta("web"),
  spec: { maxReplicas: 5, scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: "web" } },
};

export const observed = (part: Partial<ObservedObjects>): ObservedObjects => ({
  target: undefined,
  replicaSets: [],
  siblings: [],
  autoscalers: [],
  ...part,
});

export const service = (spec: Partial<Service["spec"]> = {}): Service => ({
  apiVersion: "v1",
  kind: "Service",
  metadata: meta("web"),
  spec: {
    selector: { app: "old", tier: "front" },
    ports: [
      { name: "http", port: 80, targetPort: 8080, protocol: "TCP" },
      { name: "metrics", port: 9090, targetPort: "metrics", protocol: "TCP" },
    ],
    ...spec,
  },
});

export const budget = (spec: PodDisruptionBudget["spec"]): PodDisruptionBudget => ({
  apiVersion: "policy/v1",
  kind: "PodDisruptionBudget",
  metadata: meta("web"),
  spec,
});

export const configMap = (name: string, data: Record<string, string>): ConfigMap => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: meta(name),
  data,
});

/** As the controller keeps it: a patch of the whole template. */
export const controllerRevision = (owner: KubeObject, revision: number, ofTemplate: PodTemplate): ControllerRevision => ({
  apiVersion: "apps/v1",
  kind: "ControllerRevision",
  metadata: meta(`${owner.metadata.name}-${revision}`, {
    ownerReferences: [{ apiVersion: "apps/v1", kind: owner.kind, name: owner.metadata.name, uid: owner.metadata.uid, controller: true }],
  }),
  revision,
  data: { spec: { template: { ...ofTemplate, $patch: "replace" } } },
});
