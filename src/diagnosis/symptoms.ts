// What is not as it should be, whatever the cause: what findings are asked to explain, and what is left when they do not. Pure.
import type { Reference } from "#api/fields.ts";
import { Jobs, Nodes, PersistentVolumeClaims, Services, type Deployment, type StatefulSet, type DaemonSet } from "#api/kubernetes.ts";
import { podState } from "#evidence/pods.ts";
import { isReady, conditionOf } from "#api/conditions.ts";
import { recentMs } from "#diagnosis/failures.ts";
import { fromTimestamp } from "#lib/clock.ts";
import { referenceTo, type View, type Workload } from "#diagnosis/view.ts";

export interface Symptom {
  readonly kind:
    | "PodNotScheduled"
    | "ContainerFails"
    | "PodNotReady"
    | "PodsMissing"
    | "ServiceWithoutEndpoints"
    | "ServiceUnreachable"
    | "NodeNotReady"
    | "ClaimPending"
    | "JobFailed"
    | "ComponentDown"
    | "Slow";
  /** Of a workload's trouble the workload, so that forty pods are one symptom. */
  readonly object: Reference;
  readonly text: string;
}

/** Guarantees: at most one of a kind and object. */
export const symptomsOf = (view: View): readonly Symptom[] => [
  ...view.workloads.flatMap((workload) => workloadSymptoms(view, workload)),
  ...view.all(Services).flatMap((service): Symptom[] => {
    const { selector, type } = service.spec;
    if (selector === undefined || type === "ExternalName") return [];
    const ready = view.podsBehind(service).some(isReady);
    const refused = view.connectionsTo(service).find(({ result }) => result !== "open" && result !== "unknown");
    return [
      ...(ready ? [] : [{ kind: "ServiceWithoutEndpoints" as const, object: referenceTo(service), text: "no ready pod is behind it" }]),
      ...(refused === undefined ? [] : [{ kind: "ServiceUnreachable" as const, object: referenceTo(service), text: refused.text }]),
    ];
  }),
  ...view.all(Nodes).flatMap((node): Symptom[] => {
    const ready = conditionOf(node, "Ready");
    return ready === undefined || ready.status === "True"
      ? []
      : [{ kind: "NodeNotReady", object: referenceTo(node), text: ready.message ?? ready.reason ?? "not ready" }];
  }),
  ...view
    .all(PersistentVolumeClaims)
    .flatMap((claim): Symptom[] =>
      claim.status?.phase === "Pending" || claim.status?.phase === "Lost"
        ? [{ kind: "ClaimPending", object: referenceTo(claim), text: `phase ${claim.status.phase}` }]
        : [],
    ),
  ...view.all(Jobs).flatMap((job): Symptom[] => {
    const failed = job.status?.conditions?.find(({ type, status }) => type === "Failed" && status === "True");
    return failed === undefined ? [] : [{ kind: "JobFailed", object: referenceTo(job), text: failed.message ?? failed.reason ?? "failed" }];
  }),
  ...view.evidence.components
    .filter(({ state }) => state === "stopped" || state === "failing")
    .map(({ component, node, text }): Symptom => ({
      kind: "ComponentDown",
      object: { apiVersion: "v1", kind: "Node", name: node ?? component },
      text: `${component}: ${text}`,
    })),
];

export const workloadSymptoms = (view: View, workload: Workload): readonly Symptom[] => {
  const { reference, object, desired } = workload;
  const pods = workload.pods.filter((pod) => pod.metadata.deletionTimestamp === undefined && pod.status?.phase !== "Succeeded");
  const unscheduled = pods.find((pod) => conditionOf(pod, "PodScheduled")?.status === "False");
  const looked = pods.map(podState);
  const failing =
    looked.find(({ containers }) => containers.some(isFailing)) ??
    looked.find(({ containers }) => containers.some((each) => hasJustFailed(view, each)));
  const unready = pods.find((pod) => pod.spec.nodeName !== undefined && conditionOf(pod, "Ready")?.status === "False");
  const present = desired === undefined ? undefined : presentOf(object, pods.length);
  return [
    ...(unscheduled === undefined
      ? []
      : [
          {
            kind: "PodNotScheduled" as const,
            object: reference,
            text: conditionOf(unscheduled, "PodScheduled")?.message ?? "not scheduled",
          },
        ]),
    ...(failing === undefined
      ? []
      : [{ kind: "ContainerFails" as const, object: reference, text: failing.containers.find(isFailing)?.state.reason ?? "restarts" }]),
    ...(unready === undefined || failing !== undefined
      ? []
      : [{ kind: "PodNotReady" as const, object: reference, text: conditionOf(unready, "Ready")?.message ?? "not ready" }]),
    ...slowness(view, reference),
    ...(desired === undefined || present === undefined || present >= desired
      ? []
      : [{ kind: "PodsMissing" as const, object: reference, text: `${present} of ${desired} pods exist` }]),
  ];
};

/** It runs again, and ended with an error a short while ago. */
const hasJustFailed = (view: View, { last, role }: ReturnType<typeof podState>["containers"][number]): boolean => {
  const ended = fromTimestamp(last?.finishedAt);
  return role === "main" && last?.kind === "terminated" && last.exitCode !== 0 && ended !== undefined && view.now - ended <= recentMs;
};

/** Several times slower than usual, and slow enough for users to notice. */
const slowness = (view: View, reference: Reference): readonly Symptom[] => {
  const slow = view
    .metricsOf(reference)
    .find(
      ({ name, value, usual }) => name.startsWith("request_latency_seconds") && usual !== undefined && value >= 3 * usual && value >= 0.02,
    );
  if (slow === undefined) return [];
  const text = `${slow.name} ${slow.value.toFixed(3)}, usually ${(slow.usual ?? 0).toFixed(3)}`;
  return [{ kind: "Slow", object: reference, text }];
};

const isFailing = (container: ReturnType<typeof podState>["containers"][number]): boolean => {
  const { state, restarts, last, role } = container;
  return (
    (state.kind === "waiting" && state.reason !== "ContainerCreating" && state.reason !== "PodInitializing") ||
    (state.kind === "terminated" && state.exitCode !== 0) ||
    (role === "main" && !container.isReady && restarts > 0 && last !== undefined)
  );
};

const presentOf = (object: Workload["object"], pods: number): number => {
  const { status } = object as Deployment | StatefulSet;
  if (object.kind === "DaemonSet") return (object as DaemonSet).status?.desiredNumberScheduled ?? pods;
  return Math.max(pods, status?.replicas ?? 0);
};
