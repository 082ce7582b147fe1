// One pod on one node: what the kubelet's pod worker does with it (pkg/kubelet/pod_workers.go, kuberuntime). Each look first tells the server
// what is known, then does what is to be done; what fails is tried again by a later look. Never reads another pod.
import { type Clock, type Random } from "#lib/clock.ts";
import { jsonEqual } from "#lib/canonical-json.ts";
import { type JsonRecord, type Stored, at, listOf, numberOf, recordOf, textOf } from "#embedded/json.ts";
import type { Report } from "#embedded/event-recorder.ts";
import type { Behaviour, ContainerContext, PullContext, PullOutcome } from "#embedded/nodes/behaviour.ts";
import {
  MissingInput,
  type PodFacts,
  environmentOf,
  expanded,
  memoryLimitOf,
  mountedFiles,
  portsOf,
  volumeFiles,
} from "#embedded/nodes/container-inputs.ts";
import { neverRan, runContainer } from "#embedded/nodes/container-run.ts";
import { fullImageName, imageNameProblem, pullError } from "#embedded/nodes/image-pull.ts";
import { podStatus } from "#embedded/nodes/pod-status.ts";
import { type Prober, createProber } from "#embedded/nodes/prober.ts";
import { createRestartBackoff, goDuration } from "#embedded/nodes/restart-backoff.ts";
import { type ProbeKind, type Unit, isInitialized, shouldRun } from "#embedded/nodes/unit.ts";
import type { ServerContext } from "#embedded/server-context.ts";

export interface NodeRuntime {
  readonly name: string;
  readonly ip: string;
  /** Images that were pulled once. */
  readonly images: Set<string>;
  isRunning(): boolean;
  nextPodIp(): string;
}

export interface PodWorkerDeps {
  readonly world: ServerContext;
  readonly clock: Clock;
  readonly random: Random;
  readonly node: NodeRuntime;
  readonly maxBackoffMs: number;
  read(): Stored | undefined;
  behave(context: ContainerContext): Behaviour;
  pull(context: PullContext): PullOutcome;
  token(pod: Stored): string;
  report(report: Report): void;
  writeStatus(pod: Stored, status: JsonRecord): void;
  remove(pod: Stored): void;
}

export interface PodWorker {
  readonly units: readonly Unit[];
  /** The pod, or something that it depends on, has changed. */
  look(): void;
  /** The pod is gone from the server: whatever runs is killed. */
  discard(): void;
}

/** From an end or a start to the kubelet's noticing it: half of its relist period. */
const relistMs = 500;
const sandboxMs = 200;
/** Failures whose event says why; those of images have said it before. */
const tellsWhy = new Set(["CreateContainerConfigError", "RunContainerError"]);
/** After a failed look. */
const retryMs = 10_000;

export const createPodWorker = (deps: PodWorkerDeps, first: Stored): PodWorker => {
  const { world, clock, node } = deps;
  const uid = first.metadata.uid;
  const startedAtMs = clock.now();
  const spec = recordOf(first["spec"]);
  const units = unitsOf(spec, deps.maxBackoffMs);
  const probers = new Map<Unit, Prober>();
  const backoffs = { mountMs: 0 };
  let podIp: string | undefined;
  let hasSandbox = false;
  let isTerminating = false;
  let isDiscarded = false;
  let verdict: { readonly reason: string; readonly message: string } | undefined;
  let timer: { readonly atMs: number; readonly cancel: () => void } | undefined;

  const lookAt = (delayMs: number): void => {
    const atMs = clock.now() + delayMs;
    if (isDiscarded || (timer !== undefined && timer.atMs <= atMs)) return;
    timer?.cancel();
    const cancel = clock.after(delayMs, () => {
      timer = undefined;
      look();
    });
    timer = { atMs, cancel };
  };
  const retry = (): void => lookAt(retryMs + Math.floor(deps.random() * (retryMs / 2)));

  const report = (pod: Stored, type: Report["type"], reason: string, message: string, unit?: Unit): void => {
    const list = unit?.role === "main" ? "containers" : "initContainers";
    deps.report({ about: pod, type, reason, message, ...(unit === undefined ? {} : { fieldPath: `spec.${list}{${unit.name}}` }) });
  };

  const publish = (pod: Stored, isFinished: boolean): void => {
    const status = podStatus(pod, units, { nowMs: clock.now(), startedAtMs, hostIp: node.ip, podIp, isFinished, verdict });
    if (!jsonEqual(status, pod["status"] ?? null)) deps.writeStatus(pod, status);
  };

  const facts = (pod: Stored): PodFacts => ({
    pod,
    nodeName: node.name,
    podIp: podIp ?? "",
    hostIp: node.ip,
    token: () => deps.token(pod),
  });

  /** Whether everything that is to be mounted can be. */
  const mounted = (pod: Stored): boolean => {
    for (const volume of listOf(spec["volumes"])) {
      try {
        volumeFiles(world, pod, recordOf(volume));
      } catch (error) {
        if (!(error instanceof MissingInput)) throw error;
        const name = textOf(at(volume, "name"));
        report(pod, "Warning", "FailedMount", `MountVolume.SetUp failed for volume ${JSON.stringify(name)} : ${error.message}`);
        backoffs.mountMs = Math.min(Math.max(500, backoffs.mountMs * 2), 122_000);
        lookAt(backoffs.mountMs);
        return false;
      }
    }
    return true;
  };

  const fail = (pod: Stored, unit: Unit, reason: string, message: string): void => {
    unit.obstacle = { reason, message };
    unit.isBusy = false;
    report(pod, "Warning", "Failed", `Error: ${tellsWhy.has(reason) ? message : reason}`, unit);
    retry();
  };

  const tryStart = (pod: Stored, unit: Unit): void => {
    if (unit.isBusy || unit.run !== undefined) return;
    const now = clock.now();
    // A container that a probe has killed is started again by the very look that killed it, which knows only how the one before ended.
    const last = unit.isProbeKill ? unit.endedBefore : unit.ended;
    unit.isProbeKill = false;
    if (last !== undefined) {
      const since = last.finishedAtMs;
      if (unit.restartBackoff.leftMs(since, now) > 0) {
        const name = `${pod.metadata.name}_${pod.metadata.namespace ?? ""}(${uid})`;
        report(pod, "Warning", "BackOff", `Back-off restarting failed container ${unit.name} in pod ${name}`, unit);
        const message = `back-off ${goDuration(unit.restartBackoff.delayMs())} restarting failed container=${unit.name} pod=${name}`;
        unit.obstacle = { reason: "CrashLoopBackOff", message };
        return retry();
      }
      unit.restartBackoff.next(since, now);
    }
    pullThenStart(pod, unit);
  };

  const pullThenStart = (pod: Stored, unit: Unit): void => {
    const image = textOf(unit.spec["image"]);
    const policy = textOf(unit.spec["imagePullPolicy"]);
    const quoted = JSON.stringify(image);
    const problem = imageNameProblem(image);
    if (problem !== undefined) {
      report(pod, "Warning", "InspectFailed", problem, unit);
      return fail(pod, unit, "InvalidImageName", problem);
    }
    if (policy !== "Always" && node.images.has(fullImageName(image))) {
      report(pod, "Normal", "Pulled", `Container image ${quoted} already present on machine`, unit);
      return start(pod, unit);
    }
    if (policy === "Never") {
      report(pod, "Warning", "ErrImageNeverPull", `Container image ${quoted} is not present with pull policy of Never`, unit);
      return fail(pod, unit, "ErrImageNeverPull", `Container image ${quoted} is not present with pull policy of Never`);
    }
    const { pullFailure } = unit;
    if (pullFailure !== undefined && unit.pullBackoff.leftMs(pullFailure.atMs, clock.now()) > 0) {
      report(pod, "Normal", "BackOff", `Back-off pulling image ${quoted}`, unit);
      return fail(pod, unit, "ImagePullBackOff", `Back-off pulling image ${quoted}: ErrImagePull: ${pullFailure.message}`);
    }
    report(pod, "Normal", "Pulling", `Pulling image ${quoted}`, unit);
    const outcome = deps.pull({ image, namespace: pod.metadata.namespace ?? "" });
    const takesMs = outcome.takesMs ?? 100;
    unit.isBusy = true;
    clock.after(takesMs, () => {
      if (isDiscarded || isTerminating) return void (unit.isBusy = false);
      if (outcome.problem === undefined) {
        node.images.add(fullImageName(image));
        unit.pullFailure = undefined;
        const duration = takesMs < 1000 ? `${takesMs}ms` : `${takesMs / 1000}s`;
        const size = outcome.sizeBytes ?? 2_130_557;
        report(
          pod,
          "Normal",
          "Pulled",
          `Successfully pulled image ${quoted} in ${duration} (${duration} including waiting). Image size: ${size} bytes.`,
          unit,
        );
        return start(pod, unit);
      }
      const message = pullError(image, outcome.problem);
      report(pod, "Warning", "Failed", `Failed to pull image ${quoted}: ${message}`, unit);
      unit.pullBackoff.next(clock.now(), clock.now());
      unit.pullFailure = { message, atMs: clock.now() };
      fail(pod, unit, "ErrImagePull", message);
      // Its sandbox has just been started: the kubelet looks again at once, the first time.
      if (unit.pullBackoff.delayMs() === retryMs) lookAt(relistMs);
    });
  };

  const start = (pod: Stored, unit: Unit): void => {
    unit.isBusy = false;
    let context: ContainerContext;
    try {
      context = contextOf(pod, unit);
    } catch (error) {
      if (!(error instanceof MissingInput)) throw error;
      return fail(pod, unit, "CreateContainerConfigError", error.message);
    }
    if (unit.ended !== undefined) unit.restarts += 1;
    const id = containerId(deps.random);
    report(pod, "Normal", "Created", `Created container: ${unit.name}`, unit);
    const behaviour = deps.behave(context);
    if (behaviour.startError !== undefined) {
      unit.endedBefore = unit.ended;
      unit.ended = { code: 128, reason: "StartError", finishedAtMs: clock.now(), message: behaviour.startError, run: neverRan(id) };
      fail(pod, unit, "RunContainerError", behaviour.startError);
      return lookAt(relistMs);
    }
    report(pod, "Normal", "Started", `Started container ${unit.name}`, unit);
    unit.obstacle = undefined;
    unit.isStarted = unit.role === "init" || unit.spec["startupProbe"] === undefined;
    unit.isReady = unit.isStarted && unit.spec["readinessProbe"] === undefined;
    unit.run = runContainer(id, {
      clock,
      context,
      behaviour,
      lastWords: unit.spec["terminationMessagePolicy"] === "FallbackToLogsOnError" ? "file or log" : "file",
      token: () => deps.token(pod),
      onEnd: (ended) => {
        const { run } = unit;
        if (run === undefined) return;
        unit.endedBefore = unit.ended;
        unit.ended = { ...ended, run };
        unit.run = undefined;
        unit.isReady = unit.isStarted = false;
        lookAt(isTerminating ? 0 : relistMs);
      },
    });
    lookAt(relistMs);
  };

  const contextOf = (pod: Stored, unit: Unit): ContainerContext => {
    const known = facts(pod);
    const env = environmentOf(world, known, unit.spec);
    const words = (field: string): string[] => listOf(unit.spec[field]).map((word) => expanded(textOf(word), env));
    return {
      namespace: pod.metadata.namespace ?? "",
      pod: pod.metadata.name,
      node: node.name,
      container: unit.name,
      image: textOf(unit.spec["image"]),
      labels: pod.metadata.labels ?? {},
      command: words("command"),
      args: words("args"),
      env,
      files: mountedFiles(world, known, unit.spec),
      memoryLimitBytes: memoryLimitOf(unit.spec),
      containerPorts: portsOf(unit.spec),
      restarts: unit.ended === undefined ? 0 : unit.restarts + 1,
    };
  };

  const onProbe = (unit: Unit, kind: ProbeKind, isGood: boolean): void => {
    if (kind === "readiness") unit.isReady = isGood;
    else if (isGood) {
      unit.isStarted = true;
      unit.isReady = unit.spec["readinessProbe"] === undefined;
    } else return restart(unit, kind);
    look();
  };
  const restart = (unit: Unit, kind: ProbeKind): void => {
    const pod = deps.read();
    if (unit.run === undefined || pod === undefined) return;
    report(pod, "Normal", "Killing", `Container ${unit.name} failed ${kind} probe, will be restarted`, unit);
    const grace = at(unit.spec, `${kind}Probe`, "terminationGracePeriodSeconds") ?? spec["terminationGracePeriodSeconds"];
    unit.isProbeKill = true;
    unit.run.stop((numberOf(grace) ?? 30) * 1000);
  };

  const probeAll = (): void => {
    for (const unit of units) {
      if (unit.role === "init" || probers.has(unit)) continue;
      const prober = createProber({
        clock,
        unit,
        podIp: () => podIp ?? "",
        isTerminating: () => isTerminating,
        isWatched: () => node.isRunning(),
        onFailure: (message) => {
          const pod = deps.read();
          if (pod !== undefined) report(pod, "Warning", "Unhealthy", message, unit);
        },
        onChange: (kind, isGood) => onProbe(unit, kind, isGood),
      });
      probers.set(unit, prober);
    }
  };

  const advance = (pod: Stored): void => {
    for (const unit of units.filter(({ role }) => role !== "main")) {
      if (unit.role === "sidecar" && unit.run === undefined && shouldRun(unit, spec)) tryStart(pod, unit);
      if (isInitialized(unit)) continue;
      if (unit.role === "init" && shouldRun(unit, spec)) tryStart(pod, unit);
      return;
    }
    for (const unit of units) if (unit.role === "main" && shouldRun(unit, spec)) tryStart(pod, unit);
  };

  const terminate = (pod: Stored, graceSeconds: number): void => {
    if (!isTerminating) {
      isTerminating = true;
      for (const unit of units) {
        if (unit.run === undefined) continue;
        report(pod, "Normal", "Killing", `Stopping container ${unit.name}`, unit);
        unit.run.stop(graceSeconds * 1000);
      }
    }
    const isFinished = units.every(({ run }) => run === undefined);
    publish(pod, isFinished);
    if (!isFinished) return;
    stop();
    if (pod.metadata.deletionTimestamp !== undefined) deps.remove(pod);
  };

  const stop = (): void => {
    for (const prober of probers.values()) prober.stop();
    probers.clear();
  };

  const pastDeadline = (): boolean => {
    const seconds = numberOf(spec["activeDeadlineSeconds"]);
    if (seconds === undefined) return false;
    const leftMs = startedAtMs + seconds * 1000 - clock.now();
    if (leftMs > 0) lookAt(leftMs);
    return leftMs <= 0;
  };

  const look = (): void => {
    if (isDiscarded || !node.isRunning()) return;
    const pod = deps.read();
    if (pod === undefined || pod.metadata.uid !== uid) return discard();
    if (pod.metadata.deletionTimestamp !== undefined) return terminate(pod, pod.metadata.deletionGracePeriodSeconds ?? 30);
    if (verdict !== undefined) return terminate(pod, 0);
    if (pastDeadline()) {
      verdict = { reason: "DeadlineExceeded", message: "Pod was active on the node longer than the specified deadline" };
      report(pod, "Normal", "DeadlineExceeded", "Pod was active on the node longer than the specified deadline");
      return terminate(pod, numberOf(spec["terminationGracePeriodSeconds"]) ?? 30);
    }
    publish(pod, false);
    const phase = at(deps.read(), "status", "phase");
    if (phase === "Succeeded" || phase === "Failed") return stop();
    if (!hasSandbox && !mounted(pod)) return;
    if (podIp === undefined) {
      podIp = spec["hostNetwork"] === true ? node.ip : node.nextPodIp();
      clock.after(sandboxMs, () => {
        hasSandbox = true;
        look();
      });
    }
    if (!hasSandbox) return;
    probeAll();
    advance(pod);
  };

  const discard = (): void => {
    if (isDiscarded) return;
    isDiscarded = true;
    timer?.cancel();
    stop();
    for (const unit of units) unit.run?.stop(0);
  };

  return { units, look, discard };
};

const unitsOf = (spec: JsonRecord, maxBackoffMs: number): Unit[] => {
  const unit = (value: unknown, isInit: "init" | "main"): Unit => ({
    name: textOf(at(value, "name")),
    spec: recordOf(value),
    role: isInit === "init" && at(value, "restartPolicy") === "Always" ? "sidecar" : isInit,
    restartBackoff: createRestartBackoff(maxBackoffMs),
    pullBackoff: createRestartBackoff(300_000),
    pullFailure: undefined,
    run: undefined,
    ended: undefined,
    endedBefore: undefined,
    restarts: 0,
    isBusy: false,
    isProbeKill: false,
    isReady: false,
    isStarted: false,
    obstacle: undefined,
  });
  return [
    ...listOf(spec["initContainers"]).map((value) => unit(value, "init")),
    ...listOf(spec["containers"]).map((value) => unit(value, "main")),
  ];
};

const containerId = (random: Random): string => Array.from({ length: 64 }, () => Math.floor(random() * 16).toString(16)).join("");
