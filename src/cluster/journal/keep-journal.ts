// Keeps the change journal until its signal is aborted: loads the saved state, follows every kind, saves changes. Reads the cluster, and writes through its store only.
import { mayReadSecrets } from "#cluster/secret-names.ts";
import type { KubeObject, ObjectReference, ResourceType } from "#api/object.ts";
import { changesNear, type NearChange, type Nearby, type Window } from "#cluster/journal/changes-near.ts";
import { journalMetrics } from "#cluster/journal/journal-metrics.ts";
import { createJournal, defaultBounds, type Journal, type JournalBounds, journalKey } from "#cluster/journal/journal.ts";
import type { JournalStore } from "#cluster/journal/journal-store.ts";
import { type Gap, referenceOf, type Track } from "#cluster/journal/track.ts";
import { secretType, trackedTypes } from "#cluster/journal/tracked-kinds.ts";
import type { Kube, ListWatchOptions } from "#kube/client.ts";
import { collectionText } from "#kube/resource-path.ts";
import { type Clock, delay } from "#lib/clock.ts";
import type { Log } from "#lib/log.ts";
import type { Metrics } from "#lib/metrics.ts";

export interface KeeperDeps {
  readonly kube: Pick<Kube, "listWatch" | "request">;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics?: Metrics;
  readonly store: JournalStore;
  readonly bounds?: JournalBounds;
}

export interface JournalKeeper {
  /** Resolves when the signal is aborted and what was left has been saved. Never throws. */
  run(signal: AbortSignal): Promise<void>;
  /** As far as it is known by now; empty where it does not run. */
  readonly journal: Pick<Journal, "tracks" | "get" | "content" | "size">;
  /** Called after another version of an object is known. Returns how to stop listening. */
  onChange(listener: (object: ObjectReference) => void): () => void;
  /** Undefined before every kind has been seen once, and where it does not run. */
  tracks(): readonly Track[] | undefined;
  changesNear(target: ObjectReference, window: Window, nearby?: Nearby): readonly NearChange[];
  /** Kinds that could not be read, and why. */
  readonly gaps: readonly string[];
}

const saveEveryMs = 2_000;
const trimEveryMs = 3_600_000;
const retryLoadMs = 5_000;
/** Objects in one page of a list: between two pages others have their turn, and one page of the largest objects fits into memory. */
const pageSize = 100;

export const createJournalKeeper = (deps: KeeperDeps): JournalKeeper => {
  const { kube, clock, store, metrics, bounds = defaultBounds } = deps;
  const log = deps.log.child({ role: "change-journal" });
  const objects = metrics?.gauge(journalMetrics.objects);
  const bytes = metrics?.gauge(journalMetrics.bytes);
  const refused = metrics?.gauge(journalMetrics.refused);
  const failures = metrics?.counter(journalMetrics.saveFailures);
  const listeners = new Set<(object: ObjectReference) => void>();
  const announce = (object: ObjectReference): void => {
    for (const listener of listeners) listener(object);
  };
  let journal = createJournal(bounds, announce);
  let isWhole = false;
  const troubles = new Map<string, string>();

  const load = async (signal: AbortSignal): Promise<number | undefined> => {
    while (!signal.aborted) {
      try {
        const loaded = await store.load(signal);
        for (const trouble of loaded.troubles) log.warn("a part of the saved change journal is ignored", { trouble });
        refused?.set(loaded.refused);
        journal.restore(loaded.tracks);
        return loaded.savedAt;
      } catch (error) {
        log.warn("the change journal could not be loaded", { error });
        await delay(clock, retryLoadMs, signal).catch(() => {});
      }
    }
    return undefined;
  };

  /** `onFirst`: when the first list was read, or could not be. */
  const follow = async (type: ResourceType, savedAt: number | undefined, signal: AbortSignal, onFirst: () => void): Promise<void> => {
    let watchedUntil = savedAt;
    const name = collectionText(type, undefined);
    const gap = (): Gap | undefined => (watchedUntil === undefined ? undefined : { notBefore: watchedUntil });
    const options: ListWatchOptions = {
      pageSize,
      // Seen as it arrives: of a list of all objects nothing is held but their names.
      take: (object, arrival) => {
        if (arrival === "listed") journal.see(object, clock.now(), gap());
        if (arrival === "applied") journal.see(object, clock.now());
        return namesOf(object);
      },
      ...(type === secretType ? { part: "metadata" as const } : {}),
      onTrouble: (error) => {
        if (error === undefined) troubles.delete(name);
        else {
          if (!troubles.has(name)) log.warn("the change journal does not see a kind", { kind: name, error: error.message });
          troubles.set(name, error.message);
        }
        onFirst();
      },
    };
    for await (const seen of kube.listWatch(type, {}, signal, options)) {
      if (seen.kind === "synced") {
        journal.seeAbsent(type.kind, new Set(seen.items.map((item) => journalKey(referenceOf(item)))), clock.now(), gap());
        onFirst();
      } else if (seen.kind === "deleted") journal.seeDeleted({ ...referenceOf(seen.object), kind: type.kind }, clock.now());
      watchedUntil = clock.now();
    }
  };

  const save = async (all?: true): Promise<void> => {
    try {
      await store.save(journal.takeChanged(), journal, all === undefined ? {} : { all });
    } catch (error) {
      failures?.add();
      log.warn("the change journal could not be saved; it is tried again", { error });
    }
    objects?.set(journal.size.objects);
    bytes?.set(journal.size.bytes);
  };

  const saveAgainAndAgain = async (signal: AbortSignal): Promise<void> => {
    let trimmedAt = clock.now();
    while (!signal.aborted) {
      await delay(clock, saveEveryMs, signal).catch(() => {});
      if (signal.aborted) return;
      if (clock.now() - trimmedAt >= trimEveryMs) {
        journal.trim(clock.now());
        trimmedAt = clock.now();
      }
      await save();
    }
  };

  const followAll = async (signal: AbortSignal, savedAt: number | undefined): Promise<void> => {
    const types = (await mayReadSecrets(kube, "watch", signal)) ? [...trackedTypes, secretType] : trackedTypes;
    const running: Promise<void>[] = [];
    for (const type of types) {
      if (signal.aborted) break;
      const first = Promise.withResolvers<void>();
      const following = follow(type, savedAt, signal, first.resolve).catch((error: unknown) =>
        log.error("the change journal lost a kind", { error }),
      );
      running.push(following);
      // One list at a time: all at once would take the memory of all of them.
      await Promise.race([first.promise, following]);
    }
    isWhole = true;
    await Promise.all(running);
  };

  return {
    run: async (signal) => {
      // Another process may have kept it since our last term.
      journal = createJournal(bounds, announce);
      troubles.clear();
      const savedAt = await load(signal);
      if (signal.aborted) return;
      await Promise.all([followAll(signal, savedAt), saveAgainAndAgain(signal)]);
      isWhole = false;
      await save(true);
    },
    get journal() {
      return journal;
    },
    onChange: (listener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    tracks: () => (isWhole ? journal.tracks() : undefined),
    changesNear: (target, window, nearby) => changesNear(journal.tracks(), target, window, nearby),
    get gaps() {
      return [...troubles].map(([name, trouble]) => `changes of ${name} are not watched: ${trouble}`);
    },
  };
};

const namesOf = ({ apiVersion, kind, metadata: { name, namespace = "", uid, resourceVersion } }: KubeObject): KubeObject => ({
  apiVersion,
  kind,
  metadata: { name, namespace, uid, resourceVersion, creationTimestamp: "" },
});
