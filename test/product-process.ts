// The product as a process of its own, as it would run: what it listens on, what it printed, and how it dies.
import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";

const root = join(import.meta.dirname, "..");

export interface ProductProcess {
  readonly pid: number;
  readonly output: () => string;
  /** The first match of the pattern in what it prints. Rejects with the output when the process ends first. */
  waitFor(pattern: RegExp): Promise<RegExpMatchArray>;
  kill(signal?: NodeJS.Signals): void;
  readonly exited: Promise<number | null>;
}

export const startProduct = (
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  main = join(root, "src/main.ts"),
): ProductProcess => {
  const { PATH, NODE_COMPILE_CACHE } = process.env;
  const child: ChildProcess = spawn(process.execPath, [main, ...args], {
    cwd: root,
    stdio: ["ignore", "pipe", "pipe"],
    env: { PATH, NODE_COMPILE_CACHE, HOME: "/nonexistent", ...env },
  });
  let text = "";
  const listeners = new Set<() => void>();
  const take = (chunk: Buffer): void => {
    text += chunk.toString("utf8");
    for (const listener of listeners) listener();
  };
  child.stdout?.on("data", take);
  child.stderr?.on("data", take);
  const exited = new Promise<number | null>((resolve) => child.once("exit", resolve));
  return {
    pid: child.pid ?? 0,
    output: () => text,
    waitFor: (pattern) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          const match = text.match(pattern);
          if (match === null) return;
          listeners.delete(look);
          resolve(match);
        };
        listeners.add(look);
        void exited.then((code) => reject(new Error(`the process ended with ${code} before it printed ${pattern}:\n${text}`)));
        look();
      }),
    kill: (signal = "SIGKILL") => void child.kill(signal),
    exited,
  };
};
