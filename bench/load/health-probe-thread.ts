// The thread of a health probe: one probe after the other, and a message with what they took when it is asked.
import { get } from "node:http";
import { monitorEventLoopDelay, performance } from "node:perf_hooks";
import { setTimeout as pause } from "node:timers/promises";
import { parentPort, workerData } from "node:worker_threads";
import type { Probes } from "#bench/load/health-probe.ts";

const { url } = workerData as { readonly url: string };
const everyMs = 50;
const resolutionMs = 10;
const giveUpMs = 30_000;

const delay = monitorEventLoopDelay({ resolution: resolutionMs });
delay.enable();
const none = { count: 0, maxMs: 0, failed: 0 };
let lap = none;
let askedAt: number | undefined;

const waitedMs = (): number => (askedAt === undefined ? 0 : performance.now() - askedAt);

const statusOf = (): Promise<number> =>
  new Promise((resolve, reject) => {
    get(url, { agent: false, timeout: giveUpMs }, (answer) => {
      answer.resume();
      answer.once("end", () => resolve(answer.statusCode ?? 0)).once("error", reject);
    })
      .once("error", reject)
      .once("timeout", () => reject(new Error("no answer")));
  });

parentPort?.on("message", () => {
  const probes: Probes = { ...lap, maxMs: Math.max(lap.maxMs, waitedMs()), ownDelayMs: Math.max(0, delay.max / 1e6 - resolutionMs) };
  parentPort?.postMessage(probes, []);
  delay.reset();
  lap = none;
});

while (true) {
  askedAt = performance.now();
  const status = await statusOf().catch(() => 0);
  lap = { count: lap.count + 1, maxMs: Math.max(lap.maxMs, waitedMs()), failed: lap.failed + (status === 200 ? 0 : 1) };
  askedAt = undefined;
  await pause(everyMs);
}
