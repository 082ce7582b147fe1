// Long-running processes: started with a log file and a marker, waited for, and stopped. Must never signal a process it cannot
// prove to be its own.
import { spawn } from "node:child_process";
import { closeSync, mkdirSync, openSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { markerVariable, toolEnvironment } from "#testbed/environment.ts";

export interface ProcessSpec {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly logFolder: string;
  /** The state folder of the testbed the process belongs to. */
  readonly marker: string;
  readonly binFolder?: string;
  /** `parent`: killed by the kernel when we die, however we die. `detached`: lives on until it is stopped by its marker. */
  readonly lifetime: "parent" | "detached";
}

export interface RunningProcess {
  readonly name: string;
  readonly pid: number;
  readonly logPath: string;
  hasExited(): boolean;
  /** SIGKILL, and resolves when it is gone: everything a testbed holds is thrown away. */
  kill(): Promise<void>;
  /** SIGTERM, and resolves when it is gone. */
  terminate(): Promise<void>;
}

export const startProcess = async (spec: ProcessSpec): Promise<RunningProcess> => {
  mkdirSync(spec.logFolder, { recursive: true });
  const logPath = join(spec.logFolder, `${spec.name}.log`);
  const log = openSync(logPath, "a");
  const bound = spec.lifetime === "parent";
  const [command, args] = bound
    ? ["setpriv", ["--pdeathsig", "KILL", "--", spec.command, ...spec.args]]
    : ([spec.command, spec.args] as const);
  const child = spawn(command, args, {
    detached: true,
    env: { ...toolEnvironment(spec.binFolder), [markerVariable]: spec.marker },
    stdio: ["ignore", log, log],
  });
  closeSync(log);
  child.unref();
  let exited = false;
  const exit = new Promise<void>((resolve) => {
    child.once("exit", () => {
      exited = true;
      resolve();
    });
  });
  await new Promise<void>((resolve, reject) => {
    child.once("spawn", resolve);
    child.once("error", (error) => reject(new Error(`cannot start ${spec.name} (${spec.command}): ${error.message}`)));
  });
  const { pid } = child;
  if (pid === undefined) throw new Error(`cannot start ${spec.name} (${spec.command}): no process id`);
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    if (exited) return;
    child.ref();
    child.kill(signal);
    await exit;
  };
  return { name: spec.name, pid, logPath, hasExited: () => exited, kill: () => end("SIGKILL"), terminate: () => end("SIGTERM") };
};

export const logTail = (path: string, lines = 8): string => {
  try {
    return readFileSync(path, "utf8").trimEnd().split("\n").slice(-lines).join("\n");
  } catch {
    return "(no log)";
  }
};

/** Polls `probe` until it is true. Throws with the log's tail when the process dies or the time is over. */
export const waitUntilReady = async (process: RunningProcess, timeoutMs: number, probe: () => Promise<boolean>): Promise<void> => {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    if (await probe()) return;
    if (process.hasExited()) throw new Error(`${process.name} died while starting; its log ends with:\n${logTail(process.logPath)}`);
    if (Date.now() > deadline) {
      throw new Error(`${process.name} was not ready after ${timeoutMs / 1000} s; its log ends with:\n${logTail(process.logPath)}`);
    }
    await sleep(50);
  }
};

/** The live processes that carry this marker, from any parent. */
export const processesOf = (marker: string): number[] => {
  const wanted = `${markerVariable}=${marker}`;
  return readdirSync("/proc")
    .filter((entry) => /^\d+$/.test(entry))
    .map(Number)
    .filter((pid) => pid !== globalThis.process.pid && carries(pid, wanted));
};

const carries = (pid: number, wanted: string): boolean => {
  try {
    // A zombie has no environment left: it reads as empty and is rightly not counted.
    return readFileSync(`/proc/${pid}/environ`, "utf8").split("\0").includes(wanted);
  } catch {
    return false;
  }
};

/** Kills everything that carries the marker and waits until it is gone. */
export const killProcessesOf = async (marker: string): Promise<void> => {
  const deadline = Date.now() + 15_000;
  for (;;) {
    const pids = processesOf(marker);
    if (pids.length === 0) return;
    for (const pid of pids) {
      try {
        process.kill(pid, "SIGKILL");
      } catch {
        // Gone between the look and the signal.
      }
    }
    if (Date.now() > deadline) throw new Error(`processes ${pids.join(", ")} of ${marker} do not die`);
    await sleep(50);
  }
};
