// The write-ahead log in the life of the Gateway: when it is drained, what it reports, and how it ends.
import { type Clock, delay } from "#lib/clock.ts";
import { type Backlog, type BacklogDeps, createBacklog } from "#services/gateway/backlog.ts";
import { type Logging, setbackOf } from "#services/gateway/intake.ts";
import { metrics } from "#services/gateway/role.ts";
import type { Metrics } from "#lib/metrics.ts";

export interface RunningBacklog extends Logging {
  /** To be called when the caches are complete. */
  run(): void;
  /** Records what waits while the API server takes it, for a few seconds; the rest stays in the log. */
  stop(): Promise<void>;
  notes(): readonly string[];
}

/** Also of a Gateway without a log, which then reports that nothing waits. */
export const walMetrics = (into: Metrics) => ({
  records: into.gauge(metrics.walRecords),
  bytes: into.gauge(metrics.walBytes),
  oldest: into.gauge(metrics.walOldest),
  recorded: into.counter(metrics.walRecorded),
});
type WalMetrics = ReturnType<typeof walMetrics>;

export interface StartBacklogDeps extends Pick<BacklogDeps, "wal" | "clock" | "random" | "log" | "resolve" | "record"> {
  readonly metrics: Pick<Metrics, "onCollect">;
  readonly measured: WalMetrics;
}

/** A pod that is deleted takes an emptyDir with it. */
const lastChanceMs = 5_000;
const lookAgainMs = 50;

export const startBacklog = (deps: StartBacklogDeps): RunningBacklog => {
  const { clock, log } = deps;
  let isDown = false;
  const backlog = createBacklog({
    ...deps,
    setbackOf,
    onAttempt: (failed) => {
      if (failed !== isDown)
        log.info(failed ? "the API server takes no alerts: they wait in the write-ahead log" : "the API server takes alerts again");
      isDown = failed;
    },
    onRecorded: (result) => deps.measured.recorded.add({ result }),
  });
  deps.metrics.onCollect(() => report(backlog, deps.measured));
  const ending = new AbortController();
  let running: Promise<void> | undefined;
  return {
    backlog,
    // Where nothing waits, no attempt would show that it answers again.
    isDown: () => isDown && backlog.depth > 0,
    onDown: () => {
      isDown = true;
    },
    run: () => {
      running = backlog.run(ending.signal).catch((error: unknown) => log.error("the write-ahead log is not drained any more", { error }));
    },
    stop: async () => {
      if (running !== undefined) await untilEmpty(backlog, clock, () => isDown);
      ending.abort();
      await running;
      if (backlog.depth > 0) log.warn("alerts stay in the write-ahead log", { alerts: backlog.depth });
    },
    notes: () =>
      backlog.depth === 0
        ? []
        : [`write-ahead log: ${backlog.depth} alerts wait to be recorded, the oldest for ${Math.round(backlog.oldestAgeMs / 1000)} s`],
  };
};

const report = (backlog: Backlog, { records, bytes, oldest }: WalMetrics): void => {
  records.set(backlog.depth);
  bytes.set(backlog.bytes);
  oldest.set(backlog.oldestAgeMs / 1000);
};

const untilEmpty = async (backlog: Backlog, clock: Clock, isDown: () => boolean): Promise<void> => {
  for (let waitedMs = 0; backlog.depth > 0 && !isDown() && waitedMs < lastChanceMs; waitedMs += lookAgainMs)
    await delay(clock, lookAgainMs);
};
