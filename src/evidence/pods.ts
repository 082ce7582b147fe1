// The state of pods: what each container does now and how its last run ended. Pure.
import type { ContainerStateDetail, ContainerStatus, ObjectCondition, Pod } from "#api/kubernetes.ts";
import { bounds } from "#evidence/bounds.ts";
import { cleanMessage } from "#evidence/text.ts";
import { controllerOf } from "#api/object.ts";
import { conditionOf } from "#api/conditions.ts";

export interface PodState {
  readonly name: string;
  readonly uid: string;
  readonly createdAt: string;
  /** Name of the ReplicaSet or other controller it belongs to. */
  readonly owner?: string;
  readonly node?: string;
  readonly phase: string;
  readonly isReady: boolean;
  readonly readySince?: string;
  readonly isDeleting: boolean;
  readonly conditions: readonly ObjectCondition[];
  readonly containers: readonly ContainerState[];
}

export interface ContainerState {
  readonly name: string;
  readonly role: "init" | "main";
  readonly image: string;
  readonly isReady: boolean;
  readonly restarts: number;
  readonly state: RunState;
  /** The run before this one. */
  readonly last?: RunState;
}

export interface RunState {
  readonly kind: "waiting" | "running" | "terminated" | "unknown";
  readonly reason?: string;
  readonly message?: string;
  readonly exitCode?: number;
  readonly signal?: number;
  readonly startedAt?: string;
  readonly finishedAt?: string;
}

export const podState = (pod: Pod): PodState => {
  const ready = conditionOf(pod, "Ready");
  const owner = controllerOf(pod)?.name;
  const isReady = ready?.status === "True";
  return {
    name: pod.metadata.name,
    uid: pod.metadata.uid,
    createdAt: pod.metadata.creationTimestamp,
    ...(owner === undefined ? {} : { owner }),
    ...(pod.spec.nodeName === undefined ? {} : { node: pod.spec.nodeName }),
    phase: pod.status?.phase ?? "Unknown",
    isReady,
    ...(isReady && ready?.lastTransitionTime !== undefined ? { readySince: ready.lastTransitionTime } : {}),
    isDeleting: pod.metadata.deletionTimestamp !== undefined,
    conditions: cleanConditions(pod.status?.conditions),
    containers: [
      ...(pod.status?.initContainerStatuses ?? []).map((status) => containerState(status, "init", pod)),
      ...(pod.status?.containerStatuses ?? []).map((status) => containerState(status, "main", pod)),
    ],
  };
};

export const cleanConditions = (conditions: readonly ObjectCondition[] | undefined): ObjectCondition[] =>
  (conditions ?? []).slice(0, 16).map((condition) => ({
    ...condition,
    ...(condition.message === undefined ? {} : { message: cleanMessage(condition.message, bounds.messageLength) }),
  }));

const containerState = (status: ContainerStatus, role: "init" | "main", { spec }: Pod): ContainerState => {
  const last = runState(status.lastState);
  return {
    name: status.name,
    role,
    // As the template writes it: a runtime reports another form of the same name.
    image: [...(spec.containers ?? []), ...(spec.initContainers ?? [])].find(({ name }) => name === status.name)?.image ?? status.image,
    isReady: status.ready,
    restarts: status.restartCount,
    state: runState(status.state),
    ...(last.kind === "unknown" ? {} : { last }),
  };
};

const runState = (detail: ContainerStateDetail | undefined): RunState => {
  if (detail?.waiting !== undefined) return { kind: "waiting", ...words(detail.waiting) };
  if (detail?.running !== undefined) return { kind: "running", ...times(detail.running) };
  if (detail?.terminated !== undefined) {
    const { exitCode, signal } = detail.terminated;
    return {
      kind: "terminated",
      exitCode,
      ...(signal === undefined ? {} : { signal }),
      ...words(detail.terminated),
      ...times(detail.terminated),
    };
  }
  return { kind: "unknown" };
};

const words = (detail: { reason?: string; message?: string }): Pick<RunState, "reason" | "message"> => ({
  ...(detail.reason === undefined ? {} : { reason: cleanMessage(detail.reason, 128) }),
  ...(detail.message === undefined ? {} : { message: cleanMessage(detail.message, bounds.messageLength) }),
});

const times = (detail: { startedAt?: string; finishedAt?: string }): Pick<RunState, "startedAt" | "finishedAt"> => ({
  // A container that never ran has the zero time here.
  ...(isRealTime(detail.startedAt) ? { startedAt: detail.startedAt } : {}),
  ...(isRealTime(detail.finishedAt) ? { finishedAt: detail.finishedAt } : {}),
});

const isRealTime = (time: string | null | undefined): time is string => typeof time === "string" && Date.parse(time) > 0;
