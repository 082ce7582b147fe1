// One life of one container, played after its behaviour on the clock: it prints, listens, grows, ends or is ended. Knows no pods and no probes.
import type { Clock } from "#lib/clock.ts";
import type { Behaviour, ContainerContext } from "#embedded/nodes/behaviour.ts";
import { type LogBuffer, createLogBuffer } from "#embedded/nodes/log-buffer.ts";

export interface Ended {
  readonly code: number;
  readonly reason: "Completed" | "Error" | "OOMKilled" | "StartError";
  readonly finishedAtMs: number;
  readonly message: string;
}

/** What is known of a run when it is over. */
export interface Remains {
  readonly id: string;
  readonly startedAtMs: number;
  readonly log: LogBuffer;
}

export interface ContainerRun extends Remains {
  isListening(port: number): boolean;
  httpStatus(path: string): number;
  exec(command: readonly string[]): { readonly code: number; readonly output: string };
  /** SIGTERM, and SIGKILL after the grace. */
  stop(graceMs: number): void;
}

export interface RunDeps {
  readonly clock: Clock;
  readonly behaviour: Behaviour;
  readonly context: ContainerContext;
  /** Whether the end of the log stands for last words that are missing: FallbackToLogsOnError. */
  readonly lastWords: "file" | "file or log";
  readonly token: () => string;
  readonly onEnd: (ended: Ended) => void;
}

export const runContainer = (id: string, { clock, behaviour, context, lastWords, token, onEnd }: RunDeps): ContainerRun => {
  const startedAtMs = clock.now();
  const startMs = behaviour.startMs ?? 0;
  const log = createLogBuffer();
  const abort = new AbortController();
  const timers = new Set<() => void>();
  let terminationMessage = behaviour.terminationMessage ?? "";
  let isOver = false;

  const after = (delayMs: number, work: () => void): void => {
    const cancel = clock.after(delayMs, () => {
      timers.delete(cancel);
      work();
    });
    timers.add(cancel);
  };
  const end = (code: number, reason: Ended["reason"] = code === 0 ? "Completed" : "Error"): void => {
    if (isOver) return;
    isOver = true;
    for (const cancel of timers) cancel();
    abort.abort(new Error("the container was killed"));
    const isSilent = terminationMessage === "" && code !== 0 && lastWords === "file or log";
    onEnd({ code, reason, finishedAtMs: clock.now(), message: isSilent ? endOf(log) : terminationMessage });
  };
  const print = (text: string): void => log.print({ atMs: clock.now(), text });

  for (const line of behaviour.log ?? []) {
    if (typeof line === "string") print(line);
    else after(line.afterMs, () => print(line.text));
  }
  if ((behaviour.memoryBytes ?? 0) > (context.memoryLimitBytes ?? Number.POSITIVE_INFINITY)) after(startMs, () => end(137, "OOMKilled"));
  const { exit, run } = behaviour;
  if (exit !== undefined) after(exit.afterMs ?? startMs, () => end(exit.code));
  if (run !== undefined) {
    const setTerminationMessage = (text: string): void => void (terminationMessage = text);
    run({ ...context, token: token(), signal: abort.signal, log: print, setTerminationMessage }).then(
      (code) => end(code),
      (error: unknown) => {
        print(error instanceof Error ? (error.stack ?? error.message) : String(error));
        end(1);
      },
    );
  }

  return {
    id,
    startedAtMs,
    log,
    isListening: (port) => !isOver && clock.now() >= startedAtMs + startMs && (behaviour.listens ?? context.containerPorts).includes(port),
    httpStatus: (path) => {
      const prefixes = Object.entries(behaviour.httpStatus ?? {}).filter(([prefix]) => path.startsWith(prefix));
      return prefixes.toSorted(([a], [b]) => b.length - a.length)[0]?.[1] ?? 200;
    },
    exec: (command) => ({ output: "", code: 0, ...behaviour.exec?.[command.join(" ")] }),
    stop: (graceMs) => {
      const onTerm = behaviour.onTerm ?? { code: 143 };
      after(graceMs, () => end(137));
      if (onTerm !== "ignored" && graceMs > 0) after(onTerm.afterMs ?? 0, () => end(onTerm.code));
    },
  };
};

/** As much of it as the kubelet takes. */
const endOf = (log: LogBuffer): string =>
  Buffer.from(
    log
      .lines()
      .slice(-80)
      .map(({ text }) => `${text}\n`)
      .join(""),
  )
    .subarray(-2048)
    .toString("utf8");

/** What is left of a container whose program could not be started: no time, no log. */
export const neverRan = (id: string): Remains => ({ id, startedAtMs: 0, log: createLogBuffer() });
