// Anomalies of workloads and their pods: replicas that are not ready or missing, rollouts that do not end, containers that fail. Pure.
import { conditionOf, isReady } from "#api/conditions.ts";
import type { ContainerStatus, Deployment, Pod, StatefulSet } from "#api/kubernetes.ts";
import { replicasOf } from "#cluster/workload-shape.ts";
import { type Anomaly, earliest, isYoungSince, numberIn, type Severity, specOf, statusOf } from "#diagnosis/anomalies/anomaly.ts";
import { statusesOf } from "#diagnosis/containers.ts";
import { creationRefusal } from "#diagnosis/refused-pods.ts";
import type { View, Workload } from "#diagnosis/view.ts";
import { fromTimestamp } from "#lib/clock.ts";
import { counted } from "#lib/words.ts";

/** Finished pods and pods in deletion count for nothing: what is declared is what should run now. */
export const workloadAnomalies = (view: View, workload: Workload): readonly Anomaly[] => {
  const pods = workload.pods.filter(({ metadata, status }) => metadata.deletionTimestamp === undefined && status?.phase !== "Succeeded");
  const live = pods.filter(({ status }) => status?.phase !== "Failed");
  return [
    ...unready(view, workload, live),
    ...missing(view, workload, live),
    ...rollout(view, workload),
    ...unscheduled(view, workload, live),
    ...failedPods(workload, pods),
    ...containers(view, workload, live),
  ];
};

const servedBy = ({ desired = 1 }: Workload, live: readonly Pod[]): Severity => {
  const ready = live.filter((pod) => isReady(pod)).length;
  if (ready === 0) return "outage";
  return ready < desired ? "degraded" : "blocked rollout";
};

/** A pod of a Job that runs is not ready after its end, and a Job declares no readiness. */
const unready = (view: View, workload: Workload, live: readonly Pod[]): readonly Anomaly[] => {
  if (workload.object.kind === "Job" || workload.object.kind === "CronJob") return [];
  const waiting = live.filter((pod) => pod.spec.nodeName !== undefined && !isReady(pod));
  const [first] = waiting;
  if (first === undefined) return [];
  const sinceMs = earliest(waiting.map((pod) => conditionOf(pod, "Ready")?.lastTransitionTime ?? pod.metadata.creationTimestamp));
  const failed = waiting.some((pod) => statusesOf(pod).some(hasFailed));
  return [
    {
      kind: "PodsNotReady",
      object: workload.reference,
      text: `${waiting.length} of ${live.length} pods not ready: ${conditionOf(first, "Ready")?.message ?? "no reason given"}`,
      severity: servedBy(workload, live),
      sinceMs,
      isYoung: !failed && isYoungSince(view.now, sinceMs),
    },
  ];
};

const missing = (view: View, workload: Workload, live: readonly Pod[]): readonly Anomaly[] => {
  const { desired, object } = workload;
  const present = object.kind === "DaemonSet" ? (numberIn(statusOf(object), "currentNumberScheduled") ?? live.length) : live.length;
  if (desired === undefined || present >= desired) return [];
  const refusal = creationRefusal(workload);
  const event = view.eventsAround(workload).find(({ type, reason }) => type === "Warning" && reason.startsWith("FailedCreate"));
  const sinceMs = earliest([refusal?.lastTransitionTime ?? event?.firstAt ?? lastWrite(object)]);
  return [
    {
      kind: "PodsMissing",
      object: workload.reference,
      text: `${present} of ${desired} pods exist${reasonText(refusal?.message ?? event?.message)}`,
      severity: servedBy(workload, live),
      sinceMs,
      isYoung: refusal === undefined && event === undefined && isYoungSince(view.now, sinceMs),
    },
  ];
};

const reasonText = (message: string | undefined): string => (message === undefined ? "" : `: ${message}`);

/** The newest revision has fewer replicas than declared. A pause, a partition and OnDelete are decisions of people. */
const rollout = (view: View, workload: Workload): readonly Anomaly[] => {
  const { object, reference, desired = 0 } = workload;
  const updated = replicasOf(object)?.updated ?? 0;
  const wanted = wantedOfNewest(object, desired);
  if (wanted === undefined || updated >= wanted) return [];
  const progressing = conditionOf(object as Deployment, "Progressing");
  const refusal = creationRefusal(workload);
  const sinceMs = earliest([progressing?.lastUpdateTime ?? progressing?.lastTransitionTime ?? lastWrite(object)]);
  return [
    {
      kind: "RolloutIncomplete",
      object: reference,
      text: `${updated} of ${wanted} replicas are of the newest revision${reasonText(refusal?.message ?? (progressing?.status === "False" ? progressing.message : undefined))}`,
      severity: "blocked rollout",
      sinceMs,
      isYoung: refusal === undefined && progressing?.status !== "False" && isYoungSince(view.now, sinceMs),
    },
  ];
};

const wantedOfNewest = (object: Workload["object"], desired: number): number | undefined => {
  if (object.kind === "Deployment") return (object as Deployment).spec.paused === true ? undefined : desired;
  const strategy = specOf(object)["updateStrategy"] as StatefulSet["spec"]["updateStrategy"];
  if (strategy?.type === "OnDelete") return undefined;
  if (object.kind === "DaemonSet") return desired;
  if (object.kind !== "StatefulSet") return undefined;
  const { currentRevision, updateRevision } = (object as StatefulSet).status ?? {};
  // The controller resets the count once the rollout has ended.
  return currentRevision === updateRevision ? undefined : desired - (strategy?.rollingUpdate?.partition ?? 0);
};

const unscheduled = (view: View, workload: Workload, live: readonly Pod[]): readonly Anomaly[] => {
  const refused = live.flatMap((pod) => {
    const condition = conditionOf(pod, "PodScheduled");
    return condition?.status === "False" ? [condition] : [];
  });
  const [first] = refused;
  if (first === undefined) return [];
  const sinceMs = earliest(refused.map(({ lastTransitionTime }) => lastTransitionTime));
  return [
    {
      kind: "PodNotScheduled",
      object: workload.reference,
      text: `${counted(refused.length, "pod")} not scheduled${reasonText(first.message ?? first.reason)}`,
      severity: servedBy(workload, live),
      sinceMs,
      // A new node may be on its way, and a binding takes a moment.
      isYoung: isYoungSince(view.now, sinceMs),
    },
  ];
};

/** Pods that the kubelet rejected or evicted, or that ended with an error and are not started again. */
const failedPods = (workload: Workload, pods: readonly Pod[]): readonly Anomaly[] => {
  if (workload.object.kind === "Job" || workload.object.kind === "CronJob") return [];
  const failed = pods.filter(({ status }) => status?.phase === "Failed");
  const last = failed.at(-1);
  if (last === undefined) return [];
  const replaced = pods.filter((pod) => isReady(pod)).length >= (workload.desired ?? 1);
  const sinceMs = earliest(failed.map(({ metadata }) => metadata.creationTimestamp));
  return [
    {
      kind: "PodFailed",
      object: workload.reference,
      text: `${counted(failed.length, "pod")} failed: ${last.status?.reason ?? "no reason given"}${reasonText(last.status?.message)}`,
      severity: replaced ? "latent" : "degraded",
      sinceMs,
      isYoung: false,
    },
  ];
};

const containers = (view: View, workload: Workload, live: readonly Pod[]): readonly Anomaly[] => {
  const statuses = live.flatMap((pod) => statusesOf(pod));
  const waiting = statuses.find(({ state }) => isRefused(state?.waiting?.reason));
  const restarted = statuses.filter((status) => restartedAt(status) !== undefined && view.now - (restartedAt(status) ?? 0) <= recentMs);
  const [last] = restarted.toSorted((a, b) => (restartedAt(b) ?? 0) - (restartedAt(a) ?? 0));
  const severity = servedBy(workload, live);
  return [
    ...(waiting === undefined
      ? []
      : [
          {
            kind: "ContainerWaiting" as const,
            object: workload.reference,
            text: `container ${waiting.name} waits: ${waiting.state?.waiting?.reason ?? ""}${reasonText(waiting.state?.waiting?.message)}`,
            severity,
            isYoung: false,
          },
        ]),
    ...(last === undefined ? [] : [restartAnomaly(workload, last, severity)]),
  ];
};

const restartAnomaly = (workload: Workload, { name, restartCount, lastState }: ContainerStatus, severity: Severity): Anomaly => {
  const { exitCode = 0, reason } = lastState?.terminated ?? {};
  const sinceMs = fromTimestamp(lastState?.terminated?.finishedAt);
  return {
    kind: "ContainerRestarts",
    object: workload.reference,
    text: `container ${name} has restarted ${counted(restartCount, "time")}; it last ended with exit code ${exitCode}${reason === undefined ? "" : ` (${reason})`}`,
    severity: severity === "blocked rollout" ? "latent" : severity,
    sinceMs,
    // One restart long ago is history; one a moment ago may be the last.
    isYoung: false,
  };
};

/** A container that runs now but ended within this time is not well yet. */
const recentMs = 600_000;

/** Ordinary steps of a start; every other reason is the kubelet's refusal. */
const isRefused = (reason: string | undefined): boolean =>
  reason !== undefined && reason !== "ContainerCreating" && reason !== "PodInitializing";

const restartedAt = ({ restartCount, lastState }: ContainerStatus): number | undefined =>
  restartCount > 0 ? fromTimestamp(lastState?.terminated?.finishedAt) : undefined;

const hasFailed = (status: ContainerStatus): boolean =>
  status.restartCount > 0 || isRefused(status.state?.waiting?.reason) || (status.state?.terminated?.exitCode ?? 0) !== 0;

/** The newest write to anything but the status. */
const lastWrite = ({ metadata }: Workload["object"]): string | undefined =>
  (metadata.managedFields ?? [])
    .filter(({ subresource }) => subresource === undefined)
    .flatMap(({ time }) => time ?? [])
    .toSorted()
    .at(-1) ?? metadata.creationTimestamp;
