// One container of a pod as its kubelet knows it: the state it is in, how it ended before, and what holds it back. One life of a container is
// played by its behaviour: what it has printed and when it ends follow from the time. Pure but for programs of this process.
import type { Container as ContainerSpec } from "#api/kubernetes.ts";
import type { Behaviour } from "#embedded/nodes/behaviour.ts";
import type { BackOff } from "#embedded/nodes/back-off.ts";

export interface Container {
  readonly spec: ContainerSpec;
  readonly state: ContainerState;
  readonly restarts: number;
  /** How the last life ended. */
  readonly past: Ended | undefined;
  /** And the one before it. */
  readonly before: Ended | undefined;
  readonly restartBackOff: BackOff;
  readonly pullBackOff: BackOff;
}

export type WaitingReason = "ContainerCreating" | "ErrImagePull" | "ImagePullBackOff" | "CreateContainerConfigError" | "CrashLoopBackOff";

export interface Waiting {
  readonly is: "waiting";
  readonly sinceMs: number;
  readonly reason: WaitingReason;
  readonly message?: string;
  /** When the kubelet looks again. */
  readonly retryMs: number;
  /** Of the pull or the life that failed last. */
  readonly failedAtMs: number;
}

export type ContainerState =
  | Waiting
  /** Shown as the waiting state before it. */
  | { readonly is: "pulling"; readonly sinceMs: number; readonly takesMs: number; readonly isMissing: boolean; readonly shown: Waiting }
  | { readonly is: "running"; readonly sinceMs: number; readonly life: Life; readonly isReady: boolean; readonly stop?: Stop }
  | { readonly is: "ended"; readonly sinceMs: number };

export interface Life {
  /** 64 hexadecimal digits. */
  readonly id: string;
  readonly startedAtMs: number;
  readonly behaviour: Behaviour;
  readonly memoryLimitBytes: number | undefined;
  readonly program: RunningProgram | undefined;
}

/** A program of this process, which reports here. */
export interface RunningProgram {
  readonly lines: PrintedLine[];
  readonly abort: AbortController;
  message: string;
  ended: { readonly code: number; readonly atMs: number } | undefined;
}

export interface PrintedLine {
  readonly atMs: number;
  readonly text: string;
}

/** SIGTERM, and SIGKILL after the grace. */
export interface Stop {
  readonly atMs: number;
  readonly graceMs: number;
}

export interface Ended {
  readonly life: Life;
  readonly code: number;
  readonly reason: "Completed" | "Error" | "OOMKilled";
  readonly atMs: number;
  readonly message: string;
}

/** The end of a life as far as it is known now; undefined while nothing ends it. */
export const endOf = (life: Life, stop: Stop | undefined): Ended | undefined => {
  const { behaviour, program, startedAtMs } = life;
  const readyAtMs = startedAtMs + (behaviour.startMs ?? 0);
  const end = (atMs: number, code: number, reason: Ended["reason"] = code === 0 ? "Completed" : "Error"): Ended => ({
    ...{ life, code, reason, atMs },
    message: program?.message ?? behaviour.terminationMessage ?? "",
  });
  const ends: Ended[] = [];
  if ((behaviour.memoryBytes ?? 0) > (life.memoryLimitBytes ?? Number.POSITIVE_INFINITY)) ends.push(end(readyAtMs, 137, "OOMKilled"));
  if (behaviour.exit !== undefined)
    ends.push(end(behaviour.exit.afterMs === undefined ? readyAtMs : startedAtMs + behaviour.exit.afterMs, behaviour.exit.code));
  if (program?.ended !== undefined) ends.push(end(program.ended.atMs, program.ended.code));
  if (stop !== undefined) {
    const { onTerm = { code: 143 } } = behaviour;
    const isGentle = onTerm !== "ignored" && stop.graceMs > 0;
    ends.push(isGentle ? end(stop.atMs, onTerm.code) : end(stop.atMs + stop.graceMs, 137));
  }
  return ends.toSorted((a, b) => a.atMs - b.atMs)[0];
};

/** What a life has printed until then, as far as a kubelet's log rotation keeps it. */
export const linesOf = ({ startedAtMs, behaviour, program }: Life, untilMs: number): readonly PrintedLine[] => {
  const planned = (behaviour.log ?? []).map((line) =>
    typeof line === "string" ? { atMs: startedAtMs, text: line } : { atMs: startedAtMs + line.afterMs, text: line.text },
  );
  return [...planned, ...(program?.lines ?? [])].filter(({ atMs }) => atMs <= untilMs).slice(-keptLines);
};
const keptLines = 10_000;
