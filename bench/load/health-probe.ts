// Asks for /healthz again and again, each time on a new connection as the kubelet does, from a thread of its own: what the bench does meanwhile delays no probe.
import { once } from "node:events";
import { join } from "node:path";
import { Worker } from "node:worker_threads";

export interface Probes {
  readonly count: number;
  readonly maxMs: number;
  /** Those that ended without a 200. */
  readonly failed: number;
  /** The longest that the machine kept the thread of the probe itself waiting. */
  readonly ownDelayMs: number;
}
export interface HealthProbe {
  /** The probes since this was last asked, the one that has not been answered yet included. */
  lap(): Promise<Probes>;
  stop(): Promise<void>;
}

export const startHealthProbe = (url: string): HealthProbe => {
  const worker = new Worker(join(import.meta.dirname, "health-probe-thread.ts"), { workerData: { url } });
  return {
    lap: async () => {
      const answer = once(worker, "message");
      worker.postMessage("lap", []);
      return ((await answer) as [Probes])[0];
    },
    stop: async () => void (await worker.terminate()),
  };
};
