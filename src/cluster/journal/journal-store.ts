// Where the change journal outlives its process. An interface, so that a database can take over from ConfigMaps.
import type { Track } from "#cluster/journal/track.ts";

export interface LoadedJournal {
  readonly tracks: readonly Track[];
  /** Up to when the journal had watched, at least; undefined where nothing was saved. */
  readonly savedAt?: number;
  /** Parts that are not used, and why, in words. */
  readonly troubles: readonly string[];
  /** How many parts these are. */
  readonly refused: number;
}

export interface JournalStore {
  load(signal?: AbortSignal): Promise<LoadedJournal>;
  /**
   * Writes what has changed since the last call, as far as it is due; `all`: whatever is due or not. Throws what a write threw; what was not
   * written is tried again at the next call.
   */
  save(changed: readonly string[], journal: SavedView, options?: { readonly all?: true; readonly signal?: AbortSignal }): Promise<void>;
}

/** What a store may ask of the journal. */
export interface SavedView {
  tracks(): readonly Track[];
}
