// The target itself as evidence: how many replicas it wants and has, its conditions, selector and template. Pure.
import type { Reference } from "#api/fields.ts";
import type { DaemonSet, Deployment, Pod, StatefulSet } from "#api/kubernetes.ts";
import type { KubeObject } from "#api/object.ts";
import type { TargetEvidence } from "#evidence/workload-evidence.ts";
import { cleanConditions } from "#evidence/pods.ts";

export const targetEvidence = (reference: Reference, object: KubeObject): TargetEvidence => ({
  reference,
  state: "found",
  uid: object.metadata.uid,
  createdAt: object.metadata.creationTimestamp,
  conditions: [],
  ...shapeOf(object),
});

type Shape = Partial<Omit<TargetEvidence, "reference" | "state">>;

const shapeOf = (object: KubeObject): Shape => {
  switch (object.kind) {
    case "Deployment": {
      const { metadata, spec, status } = object as Deployment;
      return {
        isObserved: (status?.observedGeneration ?? 0) >= (metadata.generation ?? 0),
        isPaused: spec.paused ?? false,
        replicas: {
          desired: spec.replicas ?? 1,
          current: status?.replicas ?? 0,
          updated: status?.updatedReplicas ?? 0,
          ready: status?.readyReplicas ?? 0,
          available: status?.availableReplicas ?? 0,
        },
        conditions: cleanConditions(status?.conditions),
        selector: spec.selector,
        template: spec.template,
      };
    }
    case "StatefulSet": {
      const { metadata, spec, status } = object as StatefulSet;
      return {
        isObserved: (status?.observedGeneration ?? 0) >= (metadata.generation ?? 0),
        replicas: {
          desired: spec.replicas ?? 1,
          current: status?.replicas ?? 0,
          updated: status?.updateRevision === status?.currentRevision ? (status?.replicas ?? 0) : (status?.updatedReplicas ?? 0),
          ready: status?.readyReplicas ?? 0,
          available: status?.availableReplicas ?? status?.readyReplicas ?? 0,
        },
        selector: spec.selector,
        template: spec.template,
      };
    }
    case "DaemonSet": {
      const { metadata, spec, status } = object as DaemonSet;
      return {
        isObserved: (status?.observedGeneration ?? 0) >= (metadata.generation ?? 0),
        replicas: {
          desired: status?.desiredNumberScheduled ?? 0,
          current: status?.desiredNumberScheduled ?? 0,
          updated: status?.updatedNumberScheduled ?? 0,
          ready: status?.numberReady ?? 0,
          available: status?.numberAvailable ?? 0,
        },
        selector: spec.selector,
        template: spec.template,
      };
    }
    case "Pod": {
      const { metadata, spec, status } = object as Pod;
      return {
        conditions: cleanConditions(status?.conditions),
        template: { metadata: { ...(metadata.labels === undefined ? {} : { labels: metadata.labels }) }, spec },
      };
    }
    default:
      return { conditions: cleanConditions((object as { status?: { conditions?: never[] } }).status?.conditions) };
  }
};
