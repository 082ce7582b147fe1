// The API server of a benchmark in a process of its own, so that its memory is not counted.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import process from "node:process";
import { createInterface } from "node:readline";

export interface LargeCluster {
  readonly url: string;
  readonly admin: string;
  readonly controllers: string;
  readonly signals: string;
  readonly namespace: string;
  readonly image: string;
  /** Of the server, to pause it. */
  readonly pid: number;
  stop(): void;
}

export const startLargeCluster = async (pods: number): Promise<LargeCluster> => {
  const child = spawn(process.execPath, ["--max-old-space-size=8192", join(import.meta.dirname, "serve.ts"), String(pods)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const said = JSON.parse(await firstLine(child)) as Omit<LargeCluster, "pid" | "stop">;
  return { ...said, pid: child.pid ?? 0, stop: () => void child.kill("SIGKILL") };
};

const firstLine = async (child: ChildProcess): Promise<string> => {
  if (child.stdout === null) throw new Error("the process has no output");
  const lines = createInterface(child.stdout);
  const ended = once(child, "exit").then(([code]) => {
    throw new Error(`the API server ended with ${String(code)} before it said where it is`);
  });
  const [line] = (await Promise.race([once(lines, "line"), ended])) as [string];
  ended.catch(() => {});
  return line;
};
