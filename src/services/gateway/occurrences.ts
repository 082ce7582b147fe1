// Repeated alerts, counted here and written later: at most one write per second and request, none where nothing was counted. Approximate by design.
import { RemediationRequest } from "#api/kinds/remediation-request.ts";
import type { Kube } from "#kube/client.ts";
import { errorCode } from "#kube/errors.ts";
import type { Store } from "#kube/store.ts";
import type { Clock } from "#lib/clock.ts";
import type { Log } from "#lib/log.ts";
import { alertsPatch, countedEntry } from "#services/gateway/request.ts";

export interface Occurrences {
  count(request: RemediationRequest, key: string): void;
  /** Writes what is left; for the end of the process. */
  flush(): Promise<void>;
}

export interface OccurrencesDeps {
  readonly kube: Pick<Kube, "mergePatch">;
  readonly clock: Clock;
  readonly log: Log;
  readonly requests: Store<RemediationRequest>;
}

const flushAfterMs = 1_000;
const retryAfterMs = 10_000;
/** Requests with counts that wait; more than that is not counted: counts are a courtesy, the alerts themselves are durable. */
const maxRequests = 10_000;

interface Counted {
  times: number;
  lastSeenMs: number;
  readonly firstSeenMs: number;
}
interface Waiting {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly counts: Map<string, Counted>;
  cancel: () => void;
}

export const createOccurrences = (deps: OccurrencesDeps): Occurrences => {
  const waiting = new Map<string, Waiting>();
  const sending = new Set<Promise<void>>();

  const schedule = (entry: Waiting, afterMs: number): void => {
    entry.cancel = deps.clock.after(afterMs, () => void send(entry));
  };
  const send = (entry: Waiting): Promise<void> => {
    entry.cancel();
    waiting.delete(entry.uid);
    const run = write(entry).finally(() => sending.delete(run));
    sending.add(run);
    return run;
  };
  const write = async (entry: Waiting): Promise<void> => {
    const { namespace, name, uid, counts } = entry;
    const request = deps.requests.get({ namespace, name });
    // Deleted meanwhile: no request is left to count for.
    if (request?.metadata.uid !== uid) return;
    const entries = Object.fromEntries([...counts].map(([key, counted]) => [key, countedEntry(request, key, counted)]));
    try {
      const written = await deps.kube.mergePatch(RemediationRequest, { namespace, name }, alertsPatch(request, entries), {
        subresource: "status",
      });
      deps.requests.noteWrite(written);
    } catch (error) {
      deps.log.info("counts of repeated alerts were not written", { request: name, error });
      if (errorCode(error) === "transient") putBack(entry);
    }
  };
  /** What was counted since then stays: both are added up. */
  const putBack = (entry: Waiting): void => {
    const newer = waiting.get(entry.uid);
    if (newer === undefined) {
      waiting.set(entry.uid, entry);
      return schedule(entry, retryAfterMs);
    }
    for (const [key, { times, lastSeenMs, firstSeenMs }] of entry.counts) add(newer, key, times, firstSeenMs, lastSeenMs);
  };
  const add = (entry: Waiting, key: string, times: number, firstSeenMs: number, lastSeenMs: number): void => {
    const known = entry.counts.get(key) ?? { times: 0, firstSeenMs, lastSeenMs };
    entry.counts.set(key, {
      firstSeenMs: known.firstSeenMs,
      times: known.times + times,
      lastSeenMs: Math.max(known.lastSeenMs, lastSeenMs),
    });
  };

  return {
    count: ({ metadata: { namespace, name, uid } }, key) => {
      const now = deps.clock.now();
      let entry = waiting.get(uid);
      if (entry === undefined) {
        if (waiting.size >= maxRequests) return;
        entry = { namespace, name, uid, counts: new Map(), cancel: () => {} };
        waiting.set(uid, entry);
        schedule(entry, flushAfterMs);
      }
      add(entry, key, 1, now, now);
    },
    flush: async () => {
      for (const entry of waiting.values()) void send(entry);
      await Promise.all(sending);
    },
  };
};
