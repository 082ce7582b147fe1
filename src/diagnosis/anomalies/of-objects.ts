// Anomalies that any object can have: an unmet condition, a deletion that does not end, a generation that its controller has not seen. Pure.
import type { ObjectCondition } from "#api/kubernetes.ts";
import type { KubeObject } from "#api/object.ts";
import { type Anomaly, earliest, isYoungSince, numberIn, type Severity, specOf, statusOf, youngMs } from "#diagnosis/anomalies/anomaly.ts";
import { referenceTo, type View } from "#diagnosis/view.ts";
import { fromTimestamp } from "#lib/clock.ts";

export const objectAnomalies = (view: View, object: KubeObject): readonly Anomaly[] => [
  ...deletion(view, object),
  ...conditions(view, object),
  ...lag(view, object),
];

/** A pod's grace period and its finalizers may take this long. */
const deletionMs = 60_000;

const deletion = (view: View, object: KubeObject): readonly Anomaly[] => {
  const { deletionTimestamp, finalizers = [] } = object.metadata;
  // The API server sets the time at which the grace period ends.
  const sinceMs = fromTimestamp(deletionTimestamp);
  if (sinceMs === undefined || view.now - sinceMs < deletionMs) return [];
  const held = finalizers.length === 0 ? "" : `; finalizers: ${finalizers.join(", ")}`;
  return [
    {
      kind: "DeletionStuck",
      object: referenceTo(object),
      text: `its deletion has not ended since ${deletionTimestamp ?? ""}${held}`,
      severity: "latent",
      sinceMs,
      isYoung: false,
    },
  ];
};

/** Conditions whose `False` or `Unknown` says that something is not as declared: the standard types of Kubernetes' own kinds and of kstatus. */
const positive: Readonly<Record<string, Severity>> = {
  Ready: "outage",
  Available: "degraded",
  Established: "outage",
  NamesAccepted: "outage",
  AbleToScale: "latent",
  ScalingActive: "latent",
};

/** Conditions whose `True` says so. */
const negative: Readonly<Record<string, Severity>> = {
  MemoryPressure: "degraded",
  DiskPressure: "degraded",
  PIDPressure: "degraded",
  NetworkUnavailable: "degraded",
  ReplicaFailure: "degraded",
  Stalled: "degraded",
  Degraded: "degraded",
  NotReady: "outage",
  Failed: "outage",
  NamespaceDeletionDiscoveryFailure: "latent",
  NamespaceDeletionContentFailure: "latent",
  NamespaceDeletionGroupVersionParsingFailure: "latent",
  NamespaceContentRemaining: "latent",
  NamespaceFinalizersRemaining: "latent",
};

/** Their pods' own anomalies say more. */
const countedByPods = new Set(["Pod", "Deployment", "ReplicaSet", "StatefulSet", "DaemonSet", "Job", "CronJob"]);

const conditions = (view: View, object: KubeObject): readonly Anomaly[] => {
  const all = statusOf(object)["conditions"];
  if (!Array.isArray(all) || countedByPods.has(object.kind)) return [];
  return (all as readonly ObjectCondition[]).flatMap((condition): readonly Anomaly[] => {
    const severity = condition.status === "True" ? negative[condition.type] : positive[condition.type];
    // A scale target of zero replicas disables its autoscaler: a decision of people.
    if (severity === undefined || condition.reason === "ScalingDisabled") return [];
    const sinceMs = fromTimestamp(condition.lastTransitionTime);
    return [
      {
        kind: "ConditionUnmet",
        object: referenceTo(object),
        text: `condition ${condition.type} is ${condition.status}${wordsOf(condition)}`,
        severity,
        sinceMs,
        isYoung: isYoungSince(view.now, sinceMs),
      },
    ];
  });
};

const wordsOf = ({ reason, message }: ObjectCondition): string => {
  const words = [reason, message].filter((text) => text !== undefined && text !== "");
  return words.length === 0 ? "" : `: ${words.join(": ")}`;
};

/** The controller of the kind has not read the newest spec: it does not run, or cannot. */
const lag = (view: View, object: KubeObject): readonly Anomaly[] => {
  const observed = numberIn(statusOf(object), "observedGeneration");
  const { generation } = object.metadata;
  if (observed === undefined || generation === undefined || observed >= generation || specOf(object)["paused"] === true) return [];
  const writes = (object.metadata.managedFields ?? []).filter(({ subresource }) => subresource === undefined).map(({ time }) => time);
  const newest = Math.max(...writes.flatMap((time) => fromTimestamp(time) ?? []), earliest([object.metadata.creationTimestamp]) ?? 0);
  if (view.now - newest < youngMs / 3) return [];
  return [
    {
      kind: "NotReconciled",
      object: referenceTo(object),
      text: `its controller has seen generation ${observed} of ${generation}`,
      severity: "blocked rollout",
      sinceMs: newest,
      isYoung: false,
    },
  ];
};
