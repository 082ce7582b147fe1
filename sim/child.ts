// Runs `sim/main.ts` in a process of its own, for tests: a test runner's timers and a simulation's do not go together.
import { spawn } from "node:child_process";
import { join } from "node:path";
import process from "node:process";

export interface ChildRun {
  readonly exitCode: number | null;
  readonly failures: readonly {
    readonly course: string;
    readonly seed: number;
    readonly plan: unknown;
    readonly wrong: readonly string[];
  }[];
  readonly summary: {
    readonly runs: number;
    readonly failures: number;
    readonly struck: number;
    readonly writes: number;
    readonly perSecond: number;
    readonly cpuSeconds: number;
    readonly hash: string;
  };
}

const root = join(import.meta.dirname, "..");

export const runSim = (args: readonly string[]): Promise<ChildRun> =>
  new Promise((resolve, reject) => {
    // Most objects of a run die with it: a larger nursery saves a tenth of the time.
    const child = spawn(process.execPath, ["--max-semi-space-size=64", join(root, "sim/main.ts"), "--json", ...args], {
      cwd: root,
      stdio: ["ignore", "pipe", "pipe"],
    });
    let out = "";
    let trouble = "";
    child.stdout.on("data", (chunk: Buffer) => (out += chunk.toString()));
    child.stderr.on("data", (chunk: Buffer) => (trouble += chunk.toString()));
    child.once("error", reject);
    child.once("close", (exitCode) => {
      const lines = out.trim().split("\n");
      try {
        const parsed = lines.map((line) => JSON.parse(line) as unknown);
        resolve({ exitCode, failures: parsed.slice(0, -1) as ChildRun["failures"], summary: parsed.at(-1) as ChildRun["summary"] });
      } catch {
        reject(new Error(`the simulation did not end in order (${exitCode}):\n${trouble}\n${out.slice(-2_000)}`));
      }
    });
  });

/** Two processes, as many as there are cores to count on; each takes every second run. */
export const runInParts = (args: readonly string[]): Promise<readonly ChildRun[]> =>
  Promise.all(["1/2", "2/2"].map((part) => runSim([...args, "--part", part])));
