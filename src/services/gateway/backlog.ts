// Alerts that are acknowledged and not yet recorded: in the write-ahead log, and recorded in the order of each target once the API server answers.
import type { Reference, Reported } from "#api/fields.ts";
import { referenceText } from "#api/object.ts";
import type { SignalResult } from "#api/rest/gateway.ts";
import { backoffDelay } from "#lib/backoff.ts";
import { type Clock, delay, type Random } from "#lib/clock.ts";
import type { Log } from "#lib/log.ts";
import { DamagedRecordError, type WriteAheadLog } from "#lib/write-ahead-log.ts";
import { severityRank } from "#services/gateway/admission.ts";
import type { RecordSignal, Resolution } from "#services/gateway/intake.ts";
import { loggedText, parseLogged } from "#services/gateway/logged-signal.ts";
import { targetText } from "#services/gateway/recorder.ts";
import type { Signal, TargetedSignal } from "#services/gateway/signal.ts";

export interface Backlog {
  /** Resolves when it is on the disk. Throws LogFullError, or the error of the disk. */
  add(signal: Signal, resolved: Resolution | undefined): Promise<void>;
  /** Whether alerts of this target wait: a later one has to wait behind them. */
  has(target: Reference): boolean;
  /** Records what waits, until the signal is aborted. To be called when the caches are complete; resolves when all that had begun has ended. */
  run(signal: AbortSignal): Promise<void>;
  /** What earlier processes left is in its order: before that, whatever comes has to wait. */
  readonly isSorted: boolean;
  readonly depth: number;
  readonly bytes: number;
  /** 0 where nothing waits. */
  readonly oldestAgeMs: number;
}

export interface BacklogDeps {
  readonly wal: WriteAheadLog;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly resolve: (reported: Reported) => Resolution;
  readonly record: RecordSignal;
  readonly setbackOf: (error: unknown) => Setback;
  /** Whether the API server takes alerts, as the last attempt showed. */
  readonly onAttempt: (isDown: boolean) => void;
  readonly onRecorded: (result: SignalResult["result"] | "lost") => void;
}

/** What an error says of the next attempt. `down`: no alert can be recorded. `target`: only those of this target cannot. */
export interface Setback {
  readonly of: "down" | "target";
  readonly waitMs?: number | undefined;
}

interface Entry {
  readonly id: number;
  readonly fingerprint: string;
  /** The same for each delivery of one firing, or of its end. */
  readonly what: string;
  readonly rank: number;
  readonly receivedAtMs: number;
}
interface Lane {
  readonly text: string;
  readonly target: Reference | undefined;
  readonly reported: Reported;
  entries: Entry[];
  /** Of its most severe alert. */
  rank: number;
  /** Appends on their way to the disk. */
  writing: number;
  restsUntilMs: number;
}

const lowestRank = Math.max(...Object.values(severityRank));
const lanesAtOnce = 64;
const entriesAtOnce = 200;
const backoff = { firstMs: 500, maxMs: 15_000 };
const targetRestMs = 5_000;

export const createBacklog = (deps: BacklogDeps): Backlog => {
  const { wal, clock, log } = deps;
  const lanes = new Map<string, Lane>();
  /** Of each alert: a repeated delivery of what waits already is not written again. */
  const newest = new Map<string, Entry>();
  const alertOf = (lane: Lane, fingerprint: string): string => `${lane.text} ${fingerprint}`;
  let isSorted = false;
  let changed = Promise.withResolvers<void>();

  const laneOf = (reported: Reported, target: Reference | undefined): Lane => {
    const text = target === undefined ? `reported ${referenceText(reported)}` : targetText(target);
    const lane = lanes.get(text) ?? { text, target, reported, entries: [], rank: lowestRank, writing: 0, restsUntilMs: 0 };
    lanes.set(text, lane);
    return lane;
  };
  const dropIfEmpty = (lane: Lane): void => {
    if (lane.entries.length === 0 && lane.writing === 0) lanes.delete(lane.text);
  };
  const enter = (lane: Lane, id: number, signal: Signal, receivedAtMs: number): void => {
    const entry = { id, fingerprint: signal.fingerprint, what: whatOf(signal), rank: severityRank[signal.severity], receivedAtMs };
    lane.entries.push(entry);
    lane.rank = Math.min(lane.rank, entry.rank);
    newest.set(alertOf(lane, entry.fingerprint), entry);
  };
  const finish = (lane: Lane, done: ReadonlySet<Entry>): void => {
    if (done.size === 0) return;
    wal.finish([...done].map(({ id }) => id));
    lane.entries = lane.entries.filter((entry) => !done.has(entry));
    lane.rank = lane.entries.reduce((rank, entry) => Math.min(rank, entry.rank), lowestRank);
    for (const entry of done) {
      const alert = alertOf(lane, entry.fingerprint);
      if (newest.get(alert) === entry) newest.delete(alert);
    }
    dropIfEmpty(lane);
  };

  /** What earlier processes left, and what came before the cluster was known, in the order in which it came. */
  const sortIn = async (): Promise<void> => {
    await wal.replay((id, text) => {
      const logged = parseLogged(text);
      if (logged === undefined) {
        log.error("a record of the write-ahead log cannot be read: its alert is lost", { record: id });
        deps.onRecorded("lost");
        return wal.finish([id]);
      }
      enter(laneOf(logged.signal.reported, logged.target), id, logged.signal, logged.receivedAtMs);
    });
    for (const lane of [...lanes.values()]) {
      if (lane.target !== undefined) continue;
      const known = laneOf(lane.reported, deps.resolve(lane.reported).target);
      known.entries = [...known.entries, ...lane.entries.splice(0)];
      known.rank = Math.min(known.rank, lane.rank);
      dropIfEmpty(lane);
    }
    isSorted = true;
    newest.clear();
    for (const lane of lanes.values()) {
      lane.entries.sort((a, b) => a.id - b.id);
      for (const entry of lane.entries) newest.set(alertOf(lane, entry.fingerprint), entry);
    }
    if (wal.depth > 0) log.info("alerts of the write-ahead log wait to be recorded", { alerts: wal.depth });
  };

  const read = async (entry: Entry): Promise<TargetedSignal | undefined> => {
    try {
      const logged = parseLogged(await wal.read(entry.id));
      if (logged === undefined) return undefined;
      const { signal, target, unresolved, receivedAtMs: loggedAtMs } = logged;
      if (target === undefined) return { ...deps.resolve(signal.reported), signal, loggedAtMs };
      return { signal, target, ...(unresolved === undefined ? {} : { unresolved }), loggedAtMs };
    } catch (error) {
      if (!(error instanceof DamagedRecordError)) throw error;
      return undefined;
    }
  };

  /** Undefined where all that was tried is recorded. */
  const recordLane = async (lane: Lane): Promise<Setback | undefined> => {
    const entries = lane.entries.slice(0, entriesAtOnce);
    const { rank } = lane;
    const done = new Set<Entry>();
    let setback: Setback | undefined;
    const recordOne = async (entry: Entry, signal: TargetedSignal): Promise<void> => {
      const { result, reason } = await deps.record(signal, rank);
      if (result === "rejected") log.error("an acknowledged alert is refused by the API server", { alert: signal.signal.name, reason });
      deps.onRecorded(result);
      done.add(entry);
    };
    const signals = await Promise.all(entries.map(read));
    const outcomes = await Promise.allSettled(
      entries.map((entry, index) => {
        const signal = signals[index];
        if (signal !== undefined) return recordOne(entry, signal);
        log.error("a record of the write-ahead log is damaged: its alert is lost", { record: entry.id });
        deps.onRecorded("lost");
        done.add(entry);
        return Promise.resolve();
      }),
    );
    for (const outcome of outcomes) if (outcome.status === "rejected") setback ??= deps.setbackOf(outcome.reason);
    finish(lane, done);
    // Also where the API server seems to be down: it may be this target alone that it does not take.
    if (setback !== undefined) lane.restsUntilMs = clock.now() + (setback.waitMs ?? targetRestMs);
    return setback;
  };

  /** Those with the most severe alerts first, then those that wait longest: a Map keeps the order in which they came. */
  const nextLanes = (count: number): Lane[] => {
    const ready: Lane[][] = [];
    for (const lane of lanes.values()) {
      if (lane.entries.length === 0 || lane.restsUntilMs > clock.now()) continue;
      const sameRank = (ready[lane.rank] ??= []);
      if (sameRank.length < count) sameRank.push(lane);
    }
    return ready.flat().slice(0, count);
  };

  const untilWorthwhile = async (signal: AbortSignal): Promise<void> => {
    let restsUntilMs = Number.POSITIVE_INFINITY;
    for (const lane of lanes.values()) if (lane.entries.length > 0) restsUntilMs = Math.min(restsUntilMs, lane.restsUntilMs);
    const over = new AbortController();
    const either = AbortSignal.any([over.signal, signal]);
    const rested = Number.isFinite(restsUntilMs) ? delay(clock, restsUntilMs - clock.now(), either) : aborted(either);
    await Promise.race([changed.promise, rested]).catch(() => {});
    over.abort();
  };

  const run = async (signal: AbortSignal): Promise<void> => {
    await sortIn();
    let failures = 0;
    while (!signal.aborted) {
      changed = Promise.withResolvers();
      const batch = nextLanes(failures > 0 ? 1 : lanesAtOnce);
      if (batch.length === 0) {
        await untilWorthwhile(signal);
        continue;
      }
      const setbacks = await Promise.all(batch.map(recordLane));
      const down = setbacks.every((setback) => setback !== undefined) ? setbacks.find((setback) => setback.of === "down") : undefined;
      deps.onAttempt(down !== undefined);
      failures = down === undefined ? 0 : failures + 1;
      if (down !== undefined) await delay(clock, down.waitMs ?? backoffDelay(backoff, failures, deps.random), signal).catch(() => {});
    }
  };

  return {
    add: async (signal, resolved) => {
      const lane = laneOf(signal.reported, resolved?.target);
      if (newest.get(alertOf(lane, signal.fingerprint))?.what === whatOf(signal)) return;
      lane.writing += 1;
      try {
        const receivedAtMs = clock.now();
        const id = await wal.append(loggedText({ signal, ...resolved, receivedAtMs }));
        const isUnsorted = isSorted && resolved === undefined;
        enter(isUnsorted ? laneOf(signal.reported, deps.resolve(signal.reported).target) : lane, id, signal, receivedAtMs);
        changed.resolve();
      } finally {
        lane.writing -= 1;
        dropIfEmpty(lane);
      }
    },
    has: (target) => lanes.has(targetText(target)),
    run,
    get isSorted() {
      return isSorted;
    },
    get depth() {
      return wal.depth;
    },
    get bytes() {
      return wal.bytes;
    },
    get oldestAgeMs() {
      let oldestMs = clock.now();
      for (const { entries } of lanes.values()) oldestMs = Math.min(oldestMs, entries[0]?.receivedAtMs ?? oldestMs);
      return clock.now() - oldestMs;
    },
  };
};

const whatOf = ({ status, startsAtMs }: Signal): string => `${status} ${startsAtMs}`;

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
