// The known changes, for every reader: from the journal that this process keeps, or from the saved one.
import { readKey } from "#cluster/installation-key.ts";
import { listSaved, readSaved } from "#cluster/journal/config-map-store.ts";
import { JOURNAL_KEY_NAME } from "#cluster/journal/journal-seal.ts";
import type { LoadedJournal } from "#cluster/journal/journal-store.ts";
import type { JournalKeeper } from "#cluster/journal/keep-journal.ts";
import type { Track } from "#cluster/journal/track.ts";
import type { Kube } from "#kube/client.ts";
import { isForbidden, KubeError } from "#kube/errors.ts";

export interface ReadJournal {
  readonly tracks: readonly Track[];
  /** Parts that are not used, and why, in words. */
  readonly troubles: readonly string[];
  /** Why the seals could not be verified: what it holds may be shown, never put back. Absent where they were. */
  readonly unverified?: string;
}

/** Undefined where there is none that may be read: nothing is installed, or the rights are lacking. */
export type JournalReader = (signal?: AbortSignal) => Promise<ReadJournal | undefined>;

/** What the last leader has saved. Guarantee: without `unverified`, everything in it was sealed with the key of this installation. */
export const loadJournal = async (
  kube: Pick<Kube, "list" | "get">,
  namespace: string,
  signal?: AbortSignal,
): Promise<LoadedJournal & ReadJournal> => {
  const found = await listSaved(kube, namespace, signal);
  if (found.length === 0) return (await readSaved(found, undefined)).journal;
  try {
    return (await readSaved(found, await readKey(kube, { namespace, name: JOURNAL_KEY_NAME }, signal))).journal;
  } catch (error) {
    signal?.throwIfAborted();
    const none = (await readSaved(found, undefined)).journal;
    // The Secret holds something else than a key.
    if (error instanceof Error && !(error instanceof KubeError)) return { ...none, troubles: [error.message, ...none.troubles] };
    if (!isForbidden(error)) throw error;
    const unverified = `not verified: no access to Secret ${namespace}/${JOURNAL_KEY_NAME}`;
    return { ...(await readSaved(found, "unverified")).journal, unverified };
  }
};

/** At most as new as the last save, which may be some seconds ago. */
export const savedJournal =
  (kube: Pick<Kube, "list" | "get">, namespace: string): JournalReader =>
  async (signal) => {
    try {
      return await loadJournal(kube, namespace, signal);
    } catch (error) {
      if (error instanceof KubeError && (error.status === 403 || error.status === 404)) return undefined;
      throw error;
    }
  };

/** For a process that acts: without a call where the keeper knows everything, and never anything that is not verified. */
export const keptJournal =
  (keeper: Pick<JournalKeeper, "tracks"> | undefined, saved: JournalReader): JournalReader =>
  async (signal) => {
    const kept = keeper?.tracks();
    if (kept !== undefined) return { tracks: kept, troubles: [] };
    const read = await saved(signal);
    return read?.unverified === undefined ? read : { tracks: [], troubles: [`change journal: ${read.unverified}`] };
  };
