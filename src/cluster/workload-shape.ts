// What each kind of workload says of itself in fields of its own: pod template, replicas, whether its controller has seen the newest spec.
// Pure; reads objects of the caches and of evidence alike. A field that a cache does not keep counts as absent.
import type { DaemonSet, Deployment, Pod, PodTemplate, ReplicaSet, StatefulSet } from "#api/kubernetes.ts";
import type { KubeObject } from "#api/object.ts";

export interface ReplicaCounts {
  readonly desired: number;
  readonly current: number;
  readonly updated: number;
  readonly ready: number;
  readonly available: number;
}

/** Undefined for a kind that keeps no number of pods running. */
export const replicasOf = (object: KubeObject): ReplicaCounts | undefined => {
  switch (object.kind) {
    case "Deployment": {
      const { spec, status = {} } = object as Deployment;
      return {
        desired: spec.replicas ?? 1,
        current: status.replicas ?? 0,
        updated: status.updatedReplicas ?? 0,
        ready: status.readyReplicas ?? 0,
        available: status.availableReplicas ?? 0,
      };
    }
    case "StatefulSet": {
      const { spec, status = {} } = object as StatefulSet;
      const current = status.replicas ?? 0;
      return {
        desired: spec.replicas ?? 1,
        current,
        // Its controller counts updated pods only while it updates.
        updated: status.updateRevision === status.currentRevision ? current : (status.updatedReplicas ?? 0),
        ready: status.readyReplicas ?? 0,
        available: status.availableReplicas ?? status.readyReplicas ?? 0,
      };
    }
    case "ReplicaSet": {
      const { spec, status = {} } = object as ReplicaSet;
      const current = status.replicas ?? 0;
      return {
        desired: spec.replicas ?? 1,
        current,
        updated: current,
        ready: status.readyReplicas ?? 0,
        available: status.availableReplicas ?? 0,
      };
    }
    case "DaemonSet": {
      const { status = {} } = object as DaemonSet;
      const desired = status.desiredNumberScheduled ?? 0;
      return {
        desired,
        current: desired,
        updated: status.updatedNumberScheduled ?? 0,
        ready: status.numberReady ?? 0,
        available: status.numberAvailable ?? 0,
      };
    }
    default:
      return undefined;
  }
};

/** Whether its controller has seen the newest spec. */
export const isObserved = (object: KubeObject): boolean => {
  const { status } = object as { readonly status?: { readonly observedGeneration?: number } };
  return (status?.observedGeneration ?? 0) >= (object.metadata.generation ?? 0);
};

/** A Pod is its own template; a CronJob's is two levels down. Undefined for what runs no pods. */
export const templateOf = (object: KubeObject): PodTemplate | undefined => {
  if (object.kind === "Pod") {
    const { metadata, spec } = object as Pod;
    return { metadata: { ...(metadata.labels === undefined ? {} : { labels: metadata.labels }) }, spec };
  }
  const { spec } = object as { readonly spec?: { readonly template?: PodTemplate; readonly jobTemplate?: JobTemplate } };
  const template = spec?.template ?? spec?.jobTemplate?.spec?.template;
  return template?.spec === undefined ? undefined : template;
};

interface JobTemplate {
  readonly spec?: { readonly template?: PodTemplate };
}
