// What is known of changes, for whoever asks: by the journal that this process keeps, or as one has saved it.
import { loadJournal } from "#cluster/journal/config-map-store.ts";
import type { JournalKeeper } from "#cluster/journal/keep-journal.ts";
import type { Track } from "#cluster/journal/track.ts";
import type { Kube } from "#kube/client.ts";
import { KubeError } from "#kube/errors.ts";

/** Undefined where there is none that may be read: nothing is installed, or the rights are lacking. */
export type JournalReader = (signal?: AbortSignal) => Promise<readonly Track[] | undefined>;

/** At most as new as the last save, which may be some seconds ago. */
export const savedJournal =
  (kube: Pick<Kube, "list">, namespace: string): JournalReader =>
  async (signal) => {
    try {
      return (await loadJournal(kube, namespace, signal)).tracks;
    } catch (error) {
      if (error instanceof KubeError && (error.status === 403 || error.status === 404)) return undefined;
      throw error;
    }
  };

/** Without a call where the keeper knows everything. */
export const keptJournal =
  (keeper: Pick<JournalKeeper, "tracks"> | undefined, saved: JournalReader): JournalReader =>
  async (signal) =>
    keeper?.tracks() ?? saved(signal);
