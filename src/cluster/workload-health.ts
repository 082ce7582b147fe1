// Is this object healthy now, and if not, why not? Pure: the one definition that verification, analysis and self-resolution share.
import { type KubeObject, type ObjectReference, referenceText } from "#api/object.ts";
import type {
  CachedClaim,
  CachedCronJob,
  CachedDeployment,
  CachedJob,
  CachedNode,
  CachedPod,
  CachedStatefulSet,
} from "#cluster/cached-kinds.ts";
import type { CachedContainer } from "#cluster/cached-parts.ts";
import { isObserved, replicasOf } from "#cluster/workload-shape.ts";
import { fromTimestamp } from "#lib/clock.ts";
import { conditionOf } from "#api/conditions.ts";

export interface Health {
  /** `Unknown`: a kind that reports no health. */
  readonly state: "Healthy" | "Unhealthy" | "Missing" | "Unknown";
  /** Whole sentences for people, the most telling first, at most ten; empty where healthy. */
  readonly reasons: readonly string[];
  /** Restarts of all containers of its pods: must not grow while a repair is verified. */
  readonly restarts: number;
  /** When a container last ended in failure: a crash loop looks healthy between two crashes. */
  readonly crashedAtMs?: number;
}

const maxReasons = 10;

/** `pods` are those of the workload (see owned-pods.ts), the ones of older revisions included. */
export const workloadHealth = (reference: ObjectReference, object: KubeObject | undefined, pods: readonly CachedPod[]): Health => {
  if (object === undefined) return { state: "Missing", reasons: [`${referenceText(reference)} does not exist.`], restarts: 0 };
  const living = pods.filter((pod) => pod.metadata.deletionTimestamp === undefined);
  const crash = lastCrash(living);
  const facts = { restarts: restartsOf(living), ...(crash === undefined ? {} : { crashedAtMs: crash }) };
  const faults = faultsOf(object, living);
  if (faults === undefined) return { state: "Unknown", reasons: [`A ${reference.kind} reports no health.`], ...facts };
  const reasons = faults.slice(0, maxReasons);
  return { state: reasons.length === 0 ? "Healthy" : "Unhealthy", reasons, ...facts };
};

const faultsOf = (object: KubeObject, pods: readonly CachedPod[]): string[] | undefined => {
  switch (object.kind) {
    case "Deployment":
      return [...containerFaults(pods), ...deploymentFaults(object as CachedDeployment)];
    case "StatefulSet":
      return [...containerFaults(pods), ...statefulSetFaults(object as CachedStatefulSet)];
    case "DaemonSet":
      return [...containerFaults(pods), ...unobserved(object), ...short(object, "updated", "available", "ready")];
    case "ReplicaSet":
      return [...containerFaults(pods), ...unobserved(object), ...short(object, "ready", "available")];
    case "Pod":
      return podFaults(object as CachedPod);
    case "Job":
      return jobFaults(object as CachedJob);
    case "CronJob":
      return cronJobFaults(object as CachedCronJob, pods);
    case "Node":
      return nodeFaults(object as CachedNode);
    case "PersistentVolumeClaim": {
      const phase = (object as CachedClaim).status.phase ?? "Pending";
      return phase === "Bound" ? [] : [`The claim is ${phase}.`];
    }
    default:
      return undefined;
  }
};

const unobserved = (object: KubeObject): string[] => (isObserved(object) ? [] : ["Its controller has not seen the latest change yet."]);

const short = (object: KubeObject, ...whats: readonly ("updated" | "ready" | "available")[]): string[] => {
  const counts = replicasOf(object);
  if (counts === undefined) return [];
  return whats.flatMap((what) => (counts[what] >= counts.desired ? [] : [`${counts[what]} of ${counts.desired} replicas are ${what}.`]));
};

const deploymentFaults = (deployment: CachedDeployment): string[] => {
  const { spec, status } = deployment;
  const stuck = status?.conditions?.find((condition) => condition.type === "Progressing" && condition.status === "False");
  const surplus = (status?.replicas ?? 0) - (status?.updatedReplicas ?? 0);
  return [
    ...unobserved(deployment),
    ...(stuck === undefined ? [] : [`The rollout is stuck: ${stuck.reason ?? "unknown reason"}.`]),
    // A pause is intended.
    ...(spec.paused === true ? [] : short(deployment, "updated")),
    ...short(deployment, "available", "ready"),
    ...(spec.paused !== true && surplus > 0 ? [`${surplus} replicas of an older revision are still there.`] : []),
  ];
};

const statefulSetFaults = (set: CachedStatefulSet): string[] => {
  const { status } = set;
  const isRolling = status?.updateRevision !== undefined && status.updateRevision !== status.currentRevision;
  return [...unobserved(set), ...(isRolling ? short(set, "updated") : []), ...short(set, "ready", "available")];
};

const jobFaults = (job: CachedJob): string[] => {
  const failed = job.status?.conditions?.find((condition) => condition.type === "Failed" && condition.status === "True");
  return failed === undefined ? [] : [`The job failed: ${failed.reason ?? "unknown reason"}.`];
};

/** Its past runs stay as they ended; what counts is whether the newest pod does its work. */
const cronJobFaults = (cronJob: CachedCronJob, pods: readonly CachedPod[]): string[] => {
  if (cronJob.spec.suspend === true) return [];
  const newest = pods.toSorted((a, b) => (a.metadata.creationTimestamp < b.metadata.creationTimestamp ? 1 : -1))[0];
  if (newest === undefined) return [];
  return newest.status?.phase === "Failed" ? [`Pod ${newest.metadata.name} of the newest run failed.`] : containerFaults([newest]);
};

const nodeFaults = (node: CachedNode): string[] => {
  const conditions = node.status.conditions;
  const ready = conditionOf(node, "Ready");
  return [
    ...(ready?.status === "True" ? [] : [`The node is not ready: ${ready?.reason ?? "it has not reported"}.`]),
    ...conditions
      .filter((condition) => condition.type.endsWith("Pressure") && condition.status === "True")
      .map((condition) => `The node reports ${condition.type}.`),
  ];
};

const podFaults = (pod: CachedPod): string[] => {
  if (pod.status?.phase === "Succeeded") return [];
  if (pod.status?.phase === "Failed") return [`Pod ${pod.metadata.name} failed: ${pod.status.reason ?? "a container ended in failure"}.`];
  const faults = containerFaults([pod]);
  if (faults.length > 0) return faults;
  const ready = conditionOf(pod, "Ready");
  if (ready?.status === "True") return [];
  const scheduled = conditionOf(pod, "PodScheduled");
  const unscheduled = scheduled?.status === "False" ? scheduled : undefined;
  return [`Pod ${pod.metadata.name} is not ready: ${unscheduled?.reason ?? ready?.reason ?? pod.status?.phase ?? "Pending"}.`];
};

/** Waiting for these is part of a start, not a fault. */
const harmlessWaits: ReadonlySet<string> = new Set(["ContainerCreating", "PodInitializing"]);

const containerFaults = (pods: readonly CachedPod[]): string[] => {
  const faults: string[] = [];
  for (const pod of pods) {
    if (pod.status?.phase === "Succeeded") continue;
    for (const status of statuses(pod)) {
      const fault = containerFault(status);
      if (fault !== undefined) faults.push(`Container ${status.name} of Pod ${pod.metadata.name} ${fault}.`);
    }
  }
  return faults;
};

const containerFault = ({ state }: CachedContainer): string | undefined => {
  const waiting = state?.waiting?.reason;
  if (waiting !== undefined && !harmlessWaits.has(waiting)) return `waits: ${waiting}`;
  const ended = state?.terminated;
  return ended === undefined || ended.exitCode === 0 ? undefined : `ended with exit code ${ended.exitCode} (${ended.reason ?? "Error"})`;
};

const statuses = (pod: CachedPod): CachedContainer[] => [
  ...(pod.status?.initContainerStatuses ?? []),
  ...(pod.status?.containerStatuses ?? []),
];

const restartsOf = (pods: readonly CachedPod[]): number => pods.flatMap(statuses).reduce((sum, status) => sum + status.restartCount, 0);

const lastCrash = (pods: readonly CachedPod[]): number | undefined => {
  const ends = pods
    .flatMap(statuses)
    .flatMap((status) => [status.state?.terminated, status.lastState?.terminated])
    .flatMap((ended) => (ended === undefined || ended.exitCode === 0 ? [] : [fromTimestamp(ended.finishedAt) ?? 0]));
  return ends.length === 0 ? undefined : Math.max(...ends);
};
