// One holder at a time across processes. The kernel releases the lock when the holder dies, so there is no stale lock to clean up.
import { spawn } from "node:child_process";
import { mkdir } from "node:fs/promises";
import { dirname } from "node:path";
import { toolEnvironment } from "#testbed/environment.ts";

/** Runs `work` while holding the lock on `path`; `whenWaiting` is called once if another process holds it. */
export const withFileLock = async <T>(path: string, whenWaiting: () => void, work: () => Promise<T>): Promise<T> => {
  await mkdir(dirname(path), { recursive: true });
  // `cat` ends with our end of the pipe, however we end: flock(1) then lets go.
  const holder = spawn("flock", ["--exclusive", path, "sh", "-c", "echo locked; exec cat"], {
    // In a session of its own: Ctrl-C must not release the lock while its holder still cleans up.
    detached: true,
    env: toolEnvironment(),
    stdio: ["pipe", "pipe", "ignore"],
  });
  const waiting = setTimeout(whenWaiting, 500);
  try {
    await new Promise<void>((resolve, reject) => {
      holder.stdout.once("data", () => resolve());
      holder.once("error", (error) => reject(new Error(`cannot lock ${path}: ${error.message}`)));
      holder.once("exit", (code) => reject(new Error(`cannot lock ${path}: flock ended with ${code ?? "a signal"}`)));
    });
    clearTimeout(waiting);
    return await work();
  } finally {
    clearTimeout(waiting);
    holder.stdin.end();
  }
};
