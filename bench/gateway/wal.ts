// The write-ahead log on this disk: alerts a second that are appended in groups and synced, and how long the replay of many takes.
import { mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { silentLog } from "#lib/log.ts";
import { openWriteAheadLog } from "#lib/write-ahead-log.ts";
import { openSegmentFiles } from "#lib/write-ahead-log/segment-files.ts";
import { loggedText, parseLogged } from "#services/gateway/logged-signal.ts";
import type { Signal } from "#services/gateway/signal.ts";

export interface WalFigures {
  readonly perSecond: number;
  readonly replaySeconds: number;
  readonly replayed: number;
}

const signalOf = (index: number): Signal => ({
  status: "firing",
  name: "KubePodCrashLooping",
  fingerprint: index.toString(16).padStart(16, "0"),
  severity: "critical",
  startsAtMs: 1_767_225_600_000 + index,
  source: "prometheus",
  labels: { alertname: "KubePodCrashLooping", severity: "critical", namespace: "shop", deployment: `d-${index}` },
  annotations: { summary: "Pod restarts again and again" },
  generatorURL: "http://prometheus.monitoring:9090/graph?g0.expr=x",
  reported: { kind: "Deployment", namespace: "shop", name: `d-${index}` },
});

/** `writers` append one alert after the other, each when its last one is on the disk. */
export const measureWal = async (folderOf: string, alerts: number, writers: number): Promise<WalFigures> => {
  const folder = await mkdtemp(join(folderOf, ".bench-wal-"));
  const options = { maxBytes: 1024 ** 3, log: silentLog };
  try {
    const wal = await openWriteAheadLog(await openSegmentFiles(folder), options);
    let next = 0;
    const write = async (): Promise<void> => {
      while (next < alerts) {
        next += 1;
        await wal.append(loggedText({ signal: signalOf(next), receivedAtMs: Date.now() }));
      }
    };
    const startedAt = performance.now();
    await Promise.all(Array.from({ length: writers }, write));
    const perSecond = alerts / ((performance.now() - startedAt) / 1000);
    await wal.close();
    const replayedFrom = performance.now();
    const again = await openWriteAheadLog(await openSegmentFiles(folder), options);
    let replayed = 0;
    await again.replay((_, text) => {
      if (parseLogged(text) !== undefined) replayed += 1;
    });
    const replaySeconds = (performance.now() - replayedFrom) / 1000;
    await again.close();
    return { perSecond, replaySeconds, replayed };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};
