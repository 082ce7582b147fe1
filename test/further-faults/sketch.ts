// Workloads as the API server shows them when they run, and when they do not: parts of the sketches of this folder.
import type { KubeObject } from "#api/object.ts";
import type { Evidence, ObservedEvent } from "#evidence/evidence.ts";
import { deployment, objects, podsOf, type PodSketch, warning } from "#test/evidence-sketch.ts";

export interface FurtherFault {
  readonly evidence: Partial<Evidence>;
  /** Any of them is the right object of the first finding, `Kind name`. */
  readonly objects: readonly string[];
  /** What the summary, the chain or the quotes have to say. */
  readonly says: string;
  /** Actions that must not be planned: they would do harm or nothing. */
  readonly never?: readonly string[];
}

const withStatus = (object: KubeObject, status: object): KubeObject => ({ ...object, status }) as KubeObject;

/** Runs well, with its Service. */
export const healthy = (name: string, container: object = {}, more: Parameters<typeof deployment>[2] = {}): readonly KubeObject[] => {
  const workload = withStatus(deployment(name, container, more), {
    ...{ observedGeneration: 1, replicas: 1, updatedReplicas: 1, readyReplicas: 1, availableReplicas: 1 },
    conditions: [
      { type: "Available", status: "True", reason: "MinimumReplicasAvailable", lastTransitionTime: "2027-03-01T13:01:00Z" },
      { type: "Progressing", status: "True", reason: "NewReplicaSetAvailable", lastTransitionTime: "2027-03-01T13:01:00Z" },
    ],
  });
  return [workload, ...podsOf(workload, {}), ...service(name)];
};

export const service = (name: string, spec = `{selector: {app: ${name}}, clusterIP: 10.2.0.10, ports: [{port: 80, targetPort: 8080}]}`) =>
  objects(`{apiVersion: v1, kind: Service, metadata: {name: ${name}}, spec: ${spec}}`);

/** Has pods, and none is ready. */
export const failingWorkload = (
  name: string,
  pod: PodSketch,
  container: object = {},
  more: Parameters<typeof deployment>[2] = {},
): readonly KubeObject[] => {
  const workload = withStatus(deployment(name, container, more), {
    ...{ observedGeneration: 1, replicas: 1, updatedReplicas: 1, unavailableReplicas: 1 },
    conditions: [
      {
        ...{ type: "Available", status: "False", reason: "MinimumReplicasUnavailable", lastTransitionTime: "2027-03-01T13:40:00Z" },
        message: "Deployment does not have minimum availability.",
      },
    ],
  });
  return [workload, ...podsOf(workload, pod), ...service(name)];
};

/** The ReplicaSet cannot make its pods; the event says why. */
export const refusedWorkload = (
  name: string,
  message: string,
  container: object = {},
  more: Parameters<typeof deployment>[2] = {},
): { readonly objects: readonly KubeObject[]; readonly events: readonly ObservedEvent[] } => {
  const condition = { type: "ReplicaFailure", status: "True", reason: "FailedCreate", message, lastTransitionTime: "2027-03-01T13:40:00Z" };
  const workload = withStatus(deployment(name, container, more), {
    ...{ observedGeneration: 1, replicas: 0, unavailableReplicas: 1 },
    conditions: [
      { type: "Available", status: "False", reason: "MinimumReplicasUnavailable", lastTransitionTime: "2027-03-01T13:40:00Z" },
      condition,
    ],
  });
  const [set] = podsOf(workload, {});
  const replicaSet = {
    ...set!,
    spec: { ...(set as unknown as { spec: object }).spec, replicas: 1 },
    status: { replicas: 0, conditions: [condition] },
  };
  return {
    objects: [workload, replicaSet as KubeObject, ...service(name)],
    events: [warning(replicaSet as KubeObject, "FailedCreate", `Error creating: ${message}`, { count: 14 })],
  };
};

/** Scheduled, and its container waits. */
export const waitingPod = (name: string, reason: string, message: string): PodSketch => ({
  status: {
    phase: "Pending",
    conditions: [
      { type: "PodScheduled", status: "True" },
      { type: "Ready", status: "False", lastTransitionTime: "2027-03-01T13:40:00Z" },
    ],
    containerStatuses: [{ name, image: "example.test/app:1", ready: false, restartCount: 0, state: { waiting: { reason, message } } }],
  },
});

/** Not scheduled, in the scheduler's words. */
export const unscheduledPod = (message: string): PodSketch => ({
  spec: { nodeName: undefined as never },
  status: {
    phase: "Pending",
    conditions: [{ type: "PodScheduled", status: "False", reason: "Unschedulable", message, lastTransitionTime: "2027-03-01T13:40:00Z" }],
    containerStatuses: [],
  },
});

/** The pod among objects. */
export const podIn = (all: readonly KubeObject[]): KubeObject => all.find(({ kind }) => kind === "Pod")!;
