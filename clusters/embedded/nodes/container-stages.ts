// The life of a container as a table of stages, like kwok's Stage: the states that a stage applies to, how long after the beginning of the state
// it is due, and what the container becomes then, with the events about it. After pkg/kubelet/{kuberuntime,images,prober}. Pure but for `launch`.
import type { PodSpec } from "#api/kubernetes.ts";
import { goDuration, increased, leftMs, noBackOff } from "#embedded/nodes/back-off.ts";
import { type Container, type ContainerState, type Life, type Waiting, type WaitingReason, endOf } from "#embedded/nodes/container.ts";
import { pullError } from "#embedded/nodes/image-pull.ts";
import type { PullOutcome } from "#embedded/nodes/behaviour.ts";
import type { Random } from "#lib/clock.ts";

export interface Surroundings {
  readonly nowMs: number;
  readonly random: Random;
  readonly spec: PodSpec;
  /** `web-1_shop(<uid>)`, as the kubelet names a pod in messages. */
  readonly podText: string;
  readonly maxBackOffMs: number;
  hasImage(image: string): boolean;
  /** The volume that cannot be set up, and why, in the kubelet's words. */
  missingVolume(): { readonly volume: string; readonly message: string } | undefined;
  /** What the registry will answer. */
  pull(image: string): PullOutcome;
  /** Begins a life of the container, or says which of its inputs is missing. */
  launch(container: Container): Life | { readonly missing: string };
}

export interface ContainerEvent {
  readonly type: "Normal" | "Warning";
  readonly reason: string;
  readonly message: string;
}

export interface Step {
  readonly container: Container;
  readonly events: readonly ContainerEvent[];
}

type StateName = ContainerState["is"];
type StateOf<N extends StateName> = Extract<ContainerState, { readonly is: N }>;

interface Stage<N extends StateName = StateName> {
  readonly name: string;
  readonly from: N;
  /** Of a waiting container; any reason by default. */
  readonly reasons?: readonly WaitingReason[];
  /** Milliseconds after the state began; undefined where the stage does not apply. */
  afterMs(container: Container, state: StateOf<N>, around: Surroundings): number | undefined;
  next(container: Container, state: StateOf<N>, around: Surroundings): Step;
}
const stage = <N extends StateName>(each: Stage<N>): Stage => each as unknown as Stage;

/** From an end to the kubelet's notice of it: half of its relist period. A program of this process is looked at as often. */
export const relistMs = 500;
const sandboxMs = 200;
/** After something failed: ten to fifteen seconds. */
const retryMs = ({ random }: Surroundings): number => 10_000 + Math.floor(random() * 5_000);
const afterItsRetry = (_container: Container, state: Waiting): number => state.retryMs;

const stages: readonly Stage[] = [
  stage({
    name: "the volumes are mounted",
    from: "waiting",
    reasons: ["ContainerCreating"],
    afterMs: afterItsRetry,
    next: (container, _state, around) => mountThenStart(container, around),
  }),
  stage({
    name: "the pull ends",
    from: "pulling",
    afterMs: (_container, { takesMs }) => takesMs,
    next: (container, { takesMs, isMissing }, around) => (isMissing ? pullFailed(container, around) : pulled(container, takesMs, around)),
  }),
  stage({
    name: "the image is tried again",
    from: "waiting",
    reasons: ["ErrImagePull", "ImagePullBackOff"],
    afterMs: afterItsRetry,
    next: (container, state, around) => pullOrWait(container, state, around),
  }),
  stage({
    name: "the configuration is read again",
    from: "waiting",
    reasons: ["CreateContainerConfigError"],
    afterMs: afterItsRetry,
    next: (container, _state, around) => startOrPull(container, around),
  }),
  stage({
    name: "the container ends",
    from: "running",
    afterMs: (_container, { life, stop }) => {
      const end = endOf(life, stop);
      return end === undefined ? undefined : end.atMs - life.startedAtMs;
    },
    next: (container, { life, stop }, { nowMs }) => ({
      container: { ...container, state: { is: "ended", sinceMs: nowMs }, past: endOf(life, stop), before: container.past },
      events: [],
    }),
  }),
  stage({
    name: "the readiness probe succeeds",
    from: "running",
    afterMs: ({ spec }, { isReady, life }) => (isReady ? undefined : firstSuccessMs(spec.readinessProbe, life.behaviour.startMs ?? 0)),
    next: (container, state) => ({ container: { ...container, state: { ...state, isReady: true } }, events: [] }),
  }),
  stage({
    name: "the kubelet notices the end",
    from: "ended",
    afterMs: ({ past }, _state, { spec }) => (isRestarted(spec, past?.code) ? relistMs : undefined),
    next: (container, _state, around) => restartOrWait(container, around),
  }),
  stage({
    name: "the restart is tried again",
    from: "waiting",
    reasons: ["CrashLoopBackOff"],
    afterMs: afterItsRetry,
    next: (container, _state, around) => restartOrWait(container, around),
  }),
];

export interface DueStage {
  readonly name: string;
  readonly dueAtMs: number;
  /** Only at `dueAtMs` or later. */
  apply(): Step;
}

/** The stage of the container that is due first; undefined where nothing will happen by itself. */
export const nextStage = (container: Container, around: Surroundings): DueStage | undefined =>
  stages
    .flatMap(({ name, from, reasons, afterMs, next }): readonly DueStage[] => {
      const { state } = container;
      const applies = state.is === from && (state.is !== "waiting" || reasons === undefined || reasons.includes(state.reason));
      const delayMs = applies ? afterMs(container, state, around) : undefined;
      return delayMs === undefined ? [] : [{ name, dueAtMs: state.sinceMs + delayMs, apply: () => next(container, state, around) }];
    })
    .toSorted((a, b) => a.dueAtMs - b.dueAtMs)[0];

export const isRestarted = ({ restartPolicy }: PodSpec, code: number | undefined): boolean =>
  restartPolicy === "Always" || (restartPolicy === "OnFailure" && code !== 0);

const normal = (reason: string, message: string): ContainerEvent => ({ type: "Normal", reason, message });
const warning = (reason: string, message: string): ContainerEvent => ({ type: "Warning", reason, message });

const waiting = (around: Surroundings, reason: WaitingReason, message: string, failedAtMs: number): Waiting => ({
  ...{ is: "waiting", sinceMs: around.nowMs, reason, message, retryMs: retryMs(around), failedAtMs },
});

const mountThenStart = (container: Container, around: Surroundings): Step => {
  const missing = around.missingVolume();
  if (missing === undefined) return startOrPull(container, around);
  const state = { ...firstState(around.nowMs), retryMs: retryMs(around) };
  const message = `MountVolume.SetUp failed for volume ${JSON.stringify(missing.volume)} : ${missing.message}`;
  return { container: { ...container, state }, events: [warning("FailedMount", message)] };
};

const startOrPull = (container: Container, around: Surroundings): Step => {
  const image = container.spec.image ?? "";
  if (around.hasImage(image))
    return start(container, around, normal("Pulled", `Container image ${JSON.stringify(image)} already present on machine`));
  const { problem, takesMs = 100 } = around.pull(image);
  const shown = container.state.is === "waiting" ? container.state : firstState(around.nowMs);
  const state = { is: "pulling", sinceMs: around.nowMs, takesMs, isMissing: problem !== undefined, shown } as const;
  return { container: { ...container, state }, events: [normal("Pulling", `Pulling image ${JSON.stringify(image)}`)] };
};

const imageBytes = 2_130_557;
const pulled = (container: Container, takesMs: number, around: Surroundings): Step => {
  const duration = takesMs < 1000 ? `${takesMs}ms` : `${takesMs / 1000}s`;
  const message = `Successfully pulled image ${JSON.stringify(container.spec.image)} in ${duration} (${duration} including waiting). Image size: ${imageBytes} bytes.`;
  return start(container, around, normal("Pulled", message));
};

const maxPullBackOffMs = 300_000;
const pullFailed = (container: Container, around: Surroundings): Step => {
  const image = container.spec.image ?? "";
  const message = pullError(image);
  const pullBackOff = increased(container.pullBackOff, around.nowMs, around.nowMs, maxPullBackOffMs);
  const state = waiting(around, "ErrImagePull", message, around.nowMs);
  // After the first failure the kubelet looks again at once, because the sandbox has just been started.
  const isFirst = container.pullBackOff.delayMs === 0;
  return {
    container: { ...container, pullBackOff, state: isFirst ? { ...state, retryMs: relistMs } : state },
    events: [warning("Failed", `Failed to pull image ${JSON.stringify(image)}: ${message}`), warning("Failed", "Error: ErrImagePull")],
  };
};

const pullOrWait = (container: Container, { failedAtMs }: Waiting, around: Surroundings): Step => {
  if (leftMs(container.pullBackOff, failedAtMs, around.nowMs, maxPullBackOffMs) === 0) return startOrPull(container, around);
  const image = container.spec.image ?? "";
  const message = `Back-off pulling image ${JSON.stringify(image)}`;
  const state = waiting(around, "ImagePullBackOff", `${message}: ErrImagePull: ${pullError(image)}`, failedAtMs);
  return { container: { ...container, state }, events: [normal("BackOff", message), warning("Failed", "Error: ImagePullBackOff")] };
};

const start = (container: Container, around: Surroundings, found: ContainerEvent): Step => {
  const { spec, past } = container;
  const life = around.launch(container);
  if ("missing" in life)
    return {
      container: { ...container, state: waiting(around, "CreateContainerConfigError", life.missing, around.nowMs) },
      events: [found, warning("Failed", `Error: ${life.missing}`)],
    };
  const isReady = spec.readinessProbe === undefined;
  return {
    container: {
      ...container,
      state: { is: "running", sinceMs: around.nowMs, life, isReady },
      restarts: past === undefined ? 0 : container.restarts + 1,
    },
    events: [found, normal("Created", `Created container: ${spec.name}`), normal("Started", `Started container ${spec.name}`)],
  };
};

const restartOrWait = (container: Container, around: Surroundings): Step => {
  const { spec, restartBackOff, past } = container;
  const { nowMs, maxBackOffMs, podText } = around;
  const failedAtMs = past?.atMs ?? nowMs;
  if (leftMs(restartBackOff, failedAtMs, nowMs, maxBackOffMs) === 0)
    return startOrPull({ ...container, restartBackOff: increased(restartBackOff, failedAtMs, nowMs, maxBackOffMs) }, around);
  const message = `back-off ${goDuration(restartBackOff.delayMs)} restarting failed container=${spec.name} pod=${podText}`;
  return {
    container: { ...container, state: waiting(around, "CrashLoopBackOff", message, failedAtMs) },
    events: [warning("BackOff", `Back-off restarting failed container ${spec.name} in pod ${podText}`)],
  };
};

/** The first look of a probe at which the container is up. */
const firstSuccessMs = (probe: { periodSeconds?: number; initialDelaySeconds?: number } | undefined, startMs: number): number => {
  const periodMs = (probe?.periodSeconds ?? 10) * 1000;
  const neededMs = Math.max(startMs, (probe?.initialDelaySeconds ?? 0) * 1000);
  return Math.max(1, Math.ceil(neededMs / periodMs)) * periodMs;
};

const firstState = (nowMs: number): Waiting => ({
  ...{ is: "waiting", sinceMs: nowMs, reason: "ContainerCreating", retryMs: sandboxMs, failedAtMs: nowMs },
});

export const newContainer = (spec: Container["spec"], nowMs: number): Container => ({
  ...{ spec, state: firstState(nowMs), restarts: 0, past: undefined, before: undefined },
  ...{ restartBackOff: noBackOff, pullBackOff: noBackOff },
});
