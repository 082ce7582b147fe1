// The change journal as a source of evidence. Where nothing is installed there is none, and that is no gap.
import type { JournalReader } from "#cluster/journal/journal-reader.ts";
import { recentChanges } from "#cluster/journal/recent-changes.ts";
import type { ChangeSource } from "#evidence/sources/source.ts";

export const journalIn =
  (journal: JournalReader, signal?: AbortSignal): ChangeSource =>
  async (namespaces, since) => {
    const read = await journal(signal);
    if (read === undefined) return { changes: [], gaps: [] };
    const { tracks, troubles, unverified } = read;
    const gaps = [...(unverified === undefined ? [] : [unverified]), ...troubles];
    return { changes: recentChanges(tracks, namespaces, since), gaps };
  };
