// Connections without a token that send bodies without an end, as fast as the other side takes them, from a thread of its own.
import { once } from "node:events";
import { join } from "node:path";
import { Worker } from "node:worker_threads";

export interface Flooded {
  /** Connections that were opened, those included that took the place of a closed one. */
  readonly opened: number;
  readonly sentMiB: number;
}
export interface Flood {
  /** Ends every connection. */
  stop(): Promise<Flooded>;
}

export const startFlood = (port: number, connections: number): Flood => {
  const worker = new Worker(join(import.meta.dirname, "flood-thread.ts"), { workerData: { port, connections } });
  return {
    stop: async () => {
      const answer = once(worker, "message");
      worker.postMessage("stop", []);
      const [flooded] = (await answer) as [Flooded];
      await worker.terminate();
      return flooded;
    },
  };
};
