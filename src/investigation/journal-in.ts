// The change journal that an installation has saved, as a source of evidence. Where nothing is installed there is none, and that is no gap.
import { loadJournal } from "#cluster/journal/config-map-store.ts";
import { recentChanges } from "#cluster/journal/recent-changes.ts";
import type { ChangeSource } from "#evidence/collect-cluster.ts";
import type { Kube } from "#kube/client.ts";
import { KubeError } from "#kube/errors.ts";

export const journalIn =
  (kube: Pick<Kube, "list">, namespace: string, signal?: AbortSignal): ChangeSource =>
  async (namespaces, since) => {
    try {
      return recentChanges((await loadJournal(kube, namespace, signal)).tracks, namespaces, since);
    } catch (error) {
      // Whoever may not read there has none.
      if (error instanceof KubeError && (error.status === 403 || error.status === 404)) return [];
      throw error;
    }
  };
