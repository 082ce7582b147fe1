// Evidence for tests of causes, from a few words: objects as YAML with what the API server would fill in, pods of a workload, events, logs.
import { parseAllDocuments } from "yaml";
import type { ContainerStatus, Deployment, Pod } from "#api/kubernetes.ts";
import { type KubeObject, referenceText } from "#api/object.ts";
import type { Cause } from "#diagnosis/cause.ts";
import { createView } from "#diagnosis/view.ts";
import { type Evidence, evidenceForm } from "#evidence/evidence.ts";
import type { ObservedEvent } from "#evidence/evidence.ts";

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
        name: isDeployment ? `${set}-${"bcdfghjklmnpqrstvwxz"[index]}x2z4` : `${name}-${index}`,
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

export const warning = (object: KubeObject, reason: string, message: string, more: Partial<ObservedEvent> = {}): ObservedEvent => ({
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
  firing: [],
  connections: [],
  components: [],
  changes: [],
  gaps: [],
  ...parts,
});

/** What a cause says of this evidence: `Code Kind name → action key=value` or `→ person` for each finding; empty where it is ruled out. */
export const answers = (cause: Cause, parts: Partial<Evidence>): string[] =>
  cause.find(createView(evidence(parts))).flatMap((assessment) => {
    if (!("found" in assessment)) return [];
    const { code, object, advice, summary, chain, quotes } = assessment.found;
    if (code !== cause.code || summary === "" || chain.length === 0 || quotes.length === 0) throw new Error(`${code} says too little`);
    if (/undefined|NaN/.test(JSON.stringify([summary, chain, quotes]))) throw new Error(`${code} names nothing: ${summary}`);
    const remedies =
      advice.remedies.length > 0
        ? advice.remedies.map(({ action, parameters }) => [action, ...Object.entries(parameters).map((pair) => pair.join("="))].join(" "))
        : ["person"];
    return [`${code} ${object.kind} ${object.name} → ${remedies.join(", ")}`];
  });

/** What a person does where no action helps, for each finding of this cause. */
export const manualSteps = (cause: Cause, parts: Partial<Evidence>): string[] =>
  cause.find(createView(evidence(parts))).flatMap((assessment) => {
    if (!("found" in assessment)) return [];
    return [assessment.found.advice.otherwise];
  });

/** A container's status: `waiting`, `crashed` (waits after a run that ended so), `running`. */
export const containerStatus = (name: string, state: ContainerStatus["state"], more: Partial<ContainerStatus> = {}): ContainerStatus => ({
  name,
  image: "example.test/app:1",
  ready: false,
  restartCount: 0,
  ...(state === undefined ? {} : { state }),
  ...more,
});

export const crashed = (
  name: string,
  exitCode: number,
  more: { readonly reason?: string; readonly ranSeconds?: number; readonly restarts?: number; readonly message?: string } = {},
): ContainerStatus => {
  const finished = Date.parse(sketchNow) - 60_000;
  return containerStatus(
    name,
    { waiting: { reason: "CrashLoopBackOff", message: "back-off 5m0s restarting failed container" } },
    {
      restartCount: more.restarts ?? 5,
      lastState: {
        terminated: {
          exitCode,
          reason: more.reason ?? "Error",
          ...(more.message === undefined ? {} : { message: more.message }),
          startedAt: new Date(finished - (more.ranSeconds ?? 1) * 1000).toISOString(),
          finishedAt: new Date(finished).toISOString(),
        },
      },
    },
  );
};

/** What a pod's status is when this is how its containers are. */
export const failing = (...containerStatuses: ContainerStatus[]): PodSketch => ({
  status: {
    conditions: [
      { type: "PodScheduled", status: "True" },
      { type: "Ready", status: "False" },
    ],
    containerStatuses,
  },
});

/** A Deployment of one container with the name of the workload; `pod` is merged into its pod's spec, `spec` into its own. */
export const deployment = (
  name: string,
  container: object = {},
  more: { readonly pod?: object; readonly spec?: object } = {},
): KubeObject =>
  complete({
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name, generation: 1 },
    spec: {
      replicas: 1,
      selector: { matchLabels: { app: name } },
      template: {
        metadata: { labels: { app: name } },
        spec: { containers: [{ name, image: "example.test/app:1", ...container }], ...more.pod },
      },
      ...more.spec,
    },
    status: { observedGeneration: 1, replicas: 1 },
  } as unknown as KubeObject);
