// What is not as it should be, whatever the cause: what findings are asked to explain, and what is left when they do not. Pure.
import { conditionOf, isReady } from "#api/conditions.ts";
import type { Reference } from "#api/fields.ts";
import {
  type DaemonSet,
  type Deployment,
  Jobs,
  Nodes,
  PersistentVolumeClaims,
  type Service,
  Services,
  type StatefulSet,
} from "#api/kubernetes.ts";
import { recentMs } from "#diagnosis/failures.ts";
import { type Named, referenceOf } from "#diagnosis/template.ts";
import type { View, Workload } from "#diagnosis/view.ts";
import { podState } from "#evidence/pods.ts";
import { fromTimestamp } from "#lib/clock.ts";

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

const symptom = (kind: Symptom["kind"], object: Named, text: string | undefined): readonly Symptom[] =>
  text === undefined ? [] : [{ kind, object: referenceOf(object), text }];

/** Guarantees: at most one of a kind and object. */
export const symptomsOf = (view: View): readonly Symptom[] => [
  ...view.workloads.flatMap((workload) => workloadSymptoms(view, workload)),
  ...view.all(Services).flatMap((service) => serviceSymptoms(view, service)),
  ...view.all(Nodes).flatMap((node) => {
    const ready = conditionOf(node, "Ready");
    return ready === undefined || ready.status === "True"
      ? []
      : symptom("NodeNotReady", node, ready.message ?? ready.reason ?? "not ready");
  }),
  ...view.all(PersistentVolumeClaims).flatMap((claim) => {
    const { phase } = claim.status ?? {};
    return phase === "Pending" || phase === "Lost" ? symptom("ClaimPending", claim, `phase ${phase}`) : [];
  }),
  ...view.all(Jobs).flatMap((job) => {
    const failed = conditionOf(job, "Failed");
    return failed?.status === "True" ? symptom("JobFailed", job, failed.message ?? failed.reason ?? "failed") : [];
  }),
  ...view.evidence.components
    .filter(({ state }) => state === "stopped" || state === "failing")
    .flatMap(({ component, node = component, text }) =>
      symptom("ComponentDown", { apiVersion: "v1", kind: "Node", name: node }, `${component}: ${text}`),
    ),
];

const serviceSymptoms = (view: View, service: Service): readonly Symptom[] => {
  const { selector, type } = service.spec;
  if (selector === undefined || type === "ExternalName") return [];
  const failed = view.connectionsTo(service).find(({ result }) => result !== "open" && result !== "unknown");
  return [
    ...symptom("ServiceWithoutEndpoints", service, view.podsBehind(service).some(isReady) ? undefined : "no ready pod is behind it"),
    ...symptom("ServiceUnreachable", service, failed?.text),
  ];
};

export const workloadSymptoms = (view: View, workload: Workload): readonly Symptom[] => {
  const { object, desired } = workload;
  const pods = workload.pods.filter((pod) => pod.metadata.deletionTimestamp === undefined && pod.status?.phase !== "Succeeded");
  const unscheduled = pods.map((pod) => conditionOf(pod, "PodScheduled")).find((each) => each?.status === "False");
  const looked = pods.map(podState);
  const failing =
    looked.find(({ containers }) => containers.some(isFailing)) ??
    looked.find(({ containers }) => containers.some((each) => hasJustFailed(view, each)));
  const unready = pods
    .filter(({ spec }) => spec.nodeName !== undefined && failing === undefined)
    .map((pod) => conditionOf(pod, "Ready"))
    .find((each) => each?.status === "False");
  const present = presentOf(object, pods.length);
  return [
    ...symptom("PodNotScheduled", workload, unscheduled && (unscheduled.message ?? "not scheduled")),
    ...symptom("ContainerFails", workload, failing && (failing.containers.find(isFailing)?.state.reason ?? "restarts")),
    ...symptom("PodNotReady", workload, unready && (unready.message ?? "not ready")),
    ...symptom("Slow", workload, slowness(view, workload)),
    ...symptom("PodsMissing", workload, desired === undefined || present >= desired ? undefined : `${present} of ${desired} pods exist`),
  ];
};

/** It runs again, and ended with an error a short while ago. */
const hasJustFailed = (view: View, { last, role }: ReturnType<typeof podState>["containers"][number]): boolean => {
  const ended = fromTimestamp(last?.finishedAt);
  return role === "main" && last?.kind === "terminated" && last.exitCode !== 0 && ended !== undefined && view.now - ended <= recentMs;
};

/** Several times slower than usual, and slow enough for users to notice. */
const slowness = (view: View, { reference }: Workload): string | undefined => {
  const slow = view
    .metricsOf(reference)
    .find(({ name, value, usual = value }) => name.startsWith("request_latency_seconds") && value >= 3 * usual && value >= 0.02);
  return slow && `${slow.name} ${slow.value.toFixed(3)}, usually ${(slow.usual ?? 0).toFixed(3)}`;
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
