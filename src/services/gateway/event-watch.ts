// Follows the Warning events of the cluster and passes those of opted-in namespaces on as alerts, each with its end. For the leader alone; never keeps an event.
import { MANAGED_LABEL } from "#api/labels.ts";
import { type Event, Events } from "#api/kubernetes.ts";
import type { CachedNamespace } from "#cluster/cached-kinds.ts";
import type { Kube } from "#kube/client.ts";
import type { Store } from "#kube/store.ts";
import type { Clock } from "#lib/clock.ts";
import type { Log } from "#lib/log.ts";
import type { Settle } from "#services/gateway/settle.ts";
import { quietMs, readEvent, type SeenEvent } from "#services/gateway/sources/kubernetes-events.ts";

export interface EventWatchDeps {
  readonly kube: Pick<Kube, "listWatch">;
  readonly clock: Clock;
  readonly log: Log;
  readonly namespaces: Pick<Store<CachedNamespace>, "get">;
  readonly settle: Settle;
}

/** Troubles that are followed at once; of more, the one that was silent for longest is forgotten. */
const maxFollowed = 5_000;
const sweepMs = 60_000;
/** A trouble that repeats is counted at most this often. */
const repeatMs = 30_000;
const maxMessage = 1_024;

interface Followed {
  readonly seen: SeenEvent;
  deliveredAtMs: number | undefined;
  /** Its end is recorded: the same event may begin again, with the time of its very first report. */
  ended?: true;
}

export const createEventWatch = ({ kube, clock, log, namespaces, settle }: EventWatchDeps) => {
  const followed = new Map<string, Followed>();

  const isOptedIn = (namespace: string | undefined): boolean =>
    namespace !== undefined && namespaces.get({ name: namespace })?.metadata.labels?.[MANAGED_LABEL] === "true";

  /** What could not be stored is delivered again by the next sweep. */
  const deliver = async (entry: Followed): Promise<void> => {
    const { signal } = entry.seen;
    const before = entry.deliveredAtMs;
    entry.deliveredAtMs = clock.now();
    try {
      await settle({ kind: "signal", signal }, signal.source);
    } catch (error) {
      entry.deliveredAtMs = before;
      log.warn("an event could not be recorded; it is tried again", { alert: signal.name, error });
    }
  };

  const end = async (entry: Followed): Promise<void> => {
    const { seen } = entry;
    const signal = { ...seen.signal, status: "resolved" as const, endsAtMs: seen.lastMs };
    try {
      await settle({ kind: "signal", signal }, signal.source);
      entry.ended = true;
    } catch (error) {
      log.warn("the end of an event could not be recorded; it is tried again", { alert: signal.name, error });
    }
  };

  const see = (event: Event): void => {
    const seen = readEvent(event, clock.now());
    if (seen === undefined) return;
    const { signal } = seen;
    const { fingerprint, name, source, reported } = signal;
    if (!isOptedIn(reported.namespace)) {
      const reason = `Namespace ${reported.namespace ?? ""} is not opted in: its events are not taken`;
      void settle({ kind: "ignored", fingerprint, reason, name }, source);
      return;
    }
    const known = followed.get(fingerprint);
    if (known !== undefined && known.seen.lastMs >= seen.lastMs) return;
    // Moved to the end: the order is that of their last event.
    followed.delete(fingerprint);
    const entry: Followed =
      known === undefined
        ? { seen, deliveredAtMs: undefined }
        : known.ended
          ? { seen: startingAt(seen, seen.lastMs), deliveredAtMs: undefined }
          : { seen: startingAt(seen, known.seen.signal.startsAtMs), deliveredAtMs: known.deliveredAtMs };
    followed.set(fingerprint, entry);
    const oldest = followed.size > maxFollowed ? followed.keys().next().value : undefined;
    if (oldest !== undefined) followed.delete(oldest);
    // One of long ago that a list still shows has ended, whether or not a process before this one has seen it begin.
    if (isOver(seen)) return;
    if (entry.deliveredAtMs === undefined || clock.now() - entry.deliveredAtMs >= repeatMs) void deliver(entry);
  };

  const isOver = ({ lastMs }: SeenEvent): boolean => clock.now() - lastMs > quietMs;

  const sweep = async (): Promise<void> => {
    for (const entry of followed.values()) {
      if (entry.ended) continue;
      if (isOver(entry.seen)) await end(entry);
      else if (entry.deliveredAtMs === undefined) await deliver(entry);
    }
  };

  const sweepUntil = (signal: AbortSignal): void => {
    let stop = (): void => {};
    const schedule = (): void => {
      if (!signal.aborted) stop = clock.after(sweepMs, () => void sweep().finally(schedule));
    };
    schedule();
    signal.addEventListener("abort", () => stop(), { once: true });
  };

  /** Until the signal is aborted. */
  return async (signal: AbortSignal): Promise<void> => {
    sweepUntil(signal);
    const scope = { fieldSelector: "type=Warning" };
    for await (const seen of kube.listWatch<Event, Event>(Events, scope, signal, { take: kept })) {
      if (seen.kind === "synced") for (const event of seen.items) see(event);
      else if (seen.kind === "applied") see(seen.object);
    }
  };
};

const startingAt = (seen: SeenEvent, startsAtMs: number): SeenEvent => ({ ...seen, signal: { ...seen.signal, startsAtMs } });

const kept = (event: Event): Event => {
  const { apiVersion, kind, metadata, involvedObject, type, reason, message, count, series } = event;
  const { firstTimestamp, lastTimestamp, eventTime } = event;
  const { name, namespace, uid, resourceVersion, creationTimestamp } = metadata;
  return {
    ...{ apiVersion, kind },
    metadata: { name, uid, resourceVersion, creationTimestamp, ...(namespace === undefined ? {} : { namespace }) },
    involvedObject: involvedObject ?? {},
    ...{ type, reason, count, series, firstTimestamp, lastTimestamp, eventTime },
    ...(message ? { message: message.slice(0, maxMessage) } : {}),
  } as Event;
};
