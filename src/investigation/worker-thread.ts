// A thread of Node in which evidence is diagnosed: the connection between the two sides, its memory and its CPU time. Decides nothing.
import process from "node:process";
import { Worker } from "node:worker_threads";
import type { FromThread } from "#investigation/diagnosis-thread.ts";
import type { Thread } from "#investigation/thread-diagnoser.ts";

/** Node 24 counts the CPU time of each thread. Before it, time on the clock has to do. */
const measuresCpu = "threadCpuUsage" in process && "cpuUsage" in Worker.prototype;

/** Of this thread, by the same measure. */
export const ownCpuMs = (): number => {
  if (!measuresCpu) return Date.now();
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
};

/** `entry`: the file that runs in it. `memoryMb`: of its heap; beyond it the thread ends, not the process. */
export const startWorkerThread = (entry: string, memoryMb: number): Thread => {
  const worker = new Worker(entry, { env: {}, execArgv: [], resourceLimits: { maxOldGenerationSizeMb: memoryMb } });
  let hear = (_message: FromThread): void => undefined;
  let died = (_why: string): void => undefined;
  let end: string | undefined;
  const ended = (why: string): void => {
    end ??= why;
    died(end);
  };
  worker.on("message", (message: FromThread) => {
    // While it has nothing to do, it does not keep the process alive.
    if (message.at === "end" || message.at === "failed") worker.unref();
    hear(message);
  });
  worker.on("error", (error: Error) => ended(error.message));
  worker.on("exit", (code) => ended(`its thread exited with ${code}`));
  return {
    begin: (job, onMessage, onDeath) => {
      [hear, died] = [onMessage, onDeath];
      if (end !== undefined) return died(end);
      worker.ref();
      worker.postMessage(job, []);
    },
    // It answers for a thread that is busy as well.
    cpuMs: async () => {
      if (!measuresCpu) return Date.now();
      const { user, system } = await worker.cpuUsage();
      return (user + system) / 1000;
    },
    stop: async () => {
      [hear, died] = [() => undefined, () => undefined];
      await worker.terminate();
    },
  };
};
