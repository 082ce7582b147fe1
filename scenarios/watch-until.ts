// Waits for a state of the cluster by watching it. Must never poll or sleep.
import { keyOf, keyText, type KubeObject, type ResourceType } from "#api/object.ts";
import type { Kube, Scope } from "#kube/client.ts";
import type { Clock } from "#lib/clock.ts";

export interface Waiting {
  readonly kube: Pick<Kube, "listWatch">;
  readonly clock: Clock;
  readonly timeoutMs: number;
  /** Ends the wait early: Ctrl-C. */
  readonly signal?: AbortSignal;
  /** Completes "waited 60 s for …". */
  readonly what: string;
}

/**
 * Flow: shows every known state of the objects in scope to `look`, oldest first, until it returns something.
 * Guarantees: returns that something, or throws with what was waited for when the time is over.
 */
export const watchUntil = async <T extends KubeObject, R>(
  waiting: Waiting,
  type: ResourceType<T>,
  scope: Scope,
  look: (objects: readonly T[]) => R | undefined,
): Promise<R> => {
  const ended = new AbortController();
  const end = (): void => ended.abort();
  const timedOut = new AbortController();
  const cancelTimer = waiting.clock.after(waiting.timeoutMs, () => {
    timedOut.abort();
    end();
  });
  waiting.signal?.addEventListener("abort", end, { once: true });
  try {
    if (waiting.signal?.aborted !== true) {
      const objects = new Map<string, T>();
      for await (const seen of waiting.kube.listWatch(type, scope, ended.signal)) {
        if (seen.kind === "synced") {
          objects.clear();
          for (const object of seen.items) objects.set(keyText(keyOf(object)), object);
        } else if (seen.kind === "applied") objects.set(keyText(keyOf(seen.object)), seen.object);
        else objects.delete(keyText(keyOf(seen.object)));
        const result = look([...objects.values()]);
        if (result !== undefined) return result;
      }
    }
    if (timedOut.signal.aborted) throw new Error(`waited ${Math.round(waiting.timeoutMs / 1000)} s for ${waiting.what}`);
    throw new Error(`stopped while waiting for ${waiting.what}`);
  } finally {
    cancelTimer();
    waiting.signal?.removeEventListener("abort", end);
    end();
  }
};
