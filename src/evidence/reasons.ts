// What was seen that makes further lists worth a call. Pure.
import {
  DaemonSets,
  Deployments,
  HorizontalPodAutoscalers,
  Ingresses,
  Namespaces,
  Nodes,
  PersistentVolumeClaims,
  Pods,
  ReplicaSets,
  StatefulSets,
} from "#api/kubernetes.ts";
import type { PodLog } from "#evidence/evidence.ts";
import type { Gather } from "#evidence/gather.ts";
import type { Reason } from "#evidence/kinds-read.ts";
import type { ObservedEvent } from "#evidence/evidence.ts";

export const reasonsFor = (gather: Gather, events: readonly ObservedEvent[], logs: readonly PodLog[]): ReadonlySet<Reason> => {
  const said = (pattern: RegExp): boolean =>
    events.some(({ type, reason, message }) => type === "Warning" && (pattern.test(reason) || pattern.test(message))) ||
    logs.some(({ text }) => pattern.test(text));
  const unscheduled = gather.of(Pods).filter((pod) => pod.spec.nodeName === undefined && pod.metadata.deletionTimestamp === undefined);
  const isMissing = [...gather.of(Deployments), ...gather.of(StatefulSets), ...gather.of(ReplicaSets)].some(
    ({ spec, status }) => (spec.replicas ?? 1) > (status?.replicas ?? 0),
  );
  const holds: Readonly<Record<Reason, boolean>> = {
    claims: gather.of(PersistentVolumeClaims).length > 0,
    ingresses: gather.of(Ingresses).length > 0,
    revisions: gather.of(StatefulSets).length + gather.of(DaemonSets).length > 0,
    unscheduled: unscheduled.length > 0 || said(/preempt|priority ?class/i),
    notCreated: isMissing || said(/FailedCreate|webhook|admission|denied/i),
    forbidden: said(/forbidden|unauthori[sz]ed|permission|access denied|cannot (?:get|list|watch|create|update|patch|delete) |\b40[13]\b/i),
    metricsTroubled:
      gather
        .of(HorizontalPodAutoscalers)
        .some(({ status }) => status?.conditions?.some((each) => each.type === "ScalingActive" && each.status !== "True")) ||
      gather.of(Namespaces).some(({ metadata }) => metadata.deletionTimestamp !== undefined) ||
      said(/metrics\.k8s\.io|FailedGetResourceMetric/i),
    clusterTroubled:
      isMissing ||
      unscheduled.some((pod) => pod.status?.conditions?.every(({ type }) => type !== "PodScheduled") ?? true) ||
      gather.of(Nodes).some(({ status }) => status?.conditions?.some(({ type, status: is }) => type === "Ready" && is !== "True")),
  };
  return new Set((Object.keys(holds) as Reason[]).filter((reason) => holds[reason]));
};
