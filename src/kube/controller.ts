// Runs one controller: keys in from its watches, one worker per key, retries by the class of the error. Knows nothing of any kind.
import { type Key, type KubeObject, keyText } from "#api/object.ts";
import { type ErrorCode, KubeError, errorCode, isNotFound } from "#kube/errors.ts";
import { createQueue } from "#kube/queue.ts";
import type { Store } from "#kube/store.ts";
import { kubeMetrics } from "#kube/kube-metrics.ts";
import type { Clock, Random } from "#lib/clock.ts";
import type { Log } from "#lib/log.ts";
import type { Metrics } from "#lib/metrics.ts";

/** `rest`: nothing to do until a watch says otherwise. Waiting is a value, never thrown. */
export type Next = { readonly afterMs: number } | "rest";

/** To look again at this time, at once where it has passed; without one, when a watch says so. */
export const until = (atMs: number | undefined, nowMs: number): Next =>
  atMs === undefined ? "rest" : { afterMs: Math.max(0, atMs - nowMs) };

export interface Watch<T extends KubeObject = KubeObject> {
  readonly store: Pick<Store<T>, "onChange" | "whenSynced" | "list">;
  /** Whose turn it is when this object changes; asked for the object before the change as well. */
  keysOf(object: T): readonly Key[];
}

export interface ReconcileContext {
  readonly signal: AbortSignal;
  readonly log: Log;
}

export interface Controller {
  readonly name: string;
  /** How many keys at once. */
  readonly concurrency: number;
  readonly watches: readonly Watch[];
  reconcile(key: Key, context: ReconcileContext): Promise<Next>;
}

export interface ControllerDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly metrics?: Metrics;
}

/** A stalled object has no retry; rights and the like change without a watch that would say so, hence a look now and then. */
const stalledLookMs = 300_000;

/**
 * Flow: wait for the first lists, queue every object known, then follow the changes until the signal is aborted.
 * Guarantees: one worker per key; returns only after the running reconciles have ended; one object's error never stops another's.
 */
export const runController = async (controller: Controller, deps: ControllerDeps, signal: AbortSignal): Promise<void> => {
  const log = deps.log.child({ controller: controller.name });
  const stopped = Promise.withResolvers<void>();
  const running = new Set<Promise<void>>();
  const measure = measures(controller.name, deps.metrics);
  let open = false;

  const pump = (): void => {
    if (!open) return;
    while (!signal.aborted && running.size < controller.concurrency) {
      const key = queue.take();
      if (key === undefined) break;
      const run = work(key).finally(() => {
        running.delete(run);
        pump();
      });
      running.add(run);
    }
    measure.depth(queue.depth);
  };
  const queue = createQueue({ clock: deps.clock, random: deps.random, onReady: () => pump() });

  const work = async (key: Key): Promise<void> => {
    const startedAt = deps.clock.now();
    const keyLog = log.child({ object: keyText(key) });
    let outcome: Outcome = "ok";
    try {
      const next = await controller.reconcile(key, { signal, log: keyLog });
      queue.done(key);
      if (next !== "rest") queue.addAfter(key, next.afterMs);
    } catch (error) {
      // The object it wrote to was deleted meanwhile: the cache does not show that yet, and the next reconcile finds nothing to do.
      outcome = signal.aborted ? "stopped" : isNotFound(error) ? "transient" : errorCode(error);
      fail(key, error, outcome, keyLog);
    }
    measure.reconciled(outcome, deps.clock.now() - startedAt);
  };

  const fail = (key: Key, error: unknown, outcome: Outcome, keyLog: Log): void => {
    if (outcome === "stopped") return queue.done(key);
    if (outcome === "stalled") {
      queue.done(key);
      queue.addAfter(key, stalledLookMs);
      return keyLog.warn("stalled until something changes", { error });
    }
    const retryInMs = queue.failed(key, error instanceof KubeError ? error.retryAfterMs : undefined);
    if (outcome === "transient") return keyLog.info("will be tried again", { reason: (error as Error).message, retryInMs });
    keyLog.error("failed in a way that was not foreseen", { error, retryInMs });
  };

  const subscriptions = controller.watches.map((watch) =>
    watch.store.onChange((change) => {
      const before = change.kind === "applied" && change.previous !== undefined ? watch.keysOf(change.previous) : [];
      // Each once: the first would begin to run at once, and the second make it run again.
      const keys = new Map([...watch.keysOf(change.object), ...before].map((key) => [keyText(key), key]));
      for (const key of keys.values()) queue.add(key);
    }),
  );
  if (signal.aborted) stopped.resolve();
  signal.addEventListener("abort", () => stopped.resolve(), { once: true });
  try {
    await Promise.race([Promise.all(controller.watches.map((watch) => watch.store.whenSynced())), stopped.promise]);
    for (const watch of controller.watches)
      for (const object of watch.store.list()) for (const key of keysOf(watch, object, log)) queue.add(key);
    open = true;
    pump();
    await stopped.promise;
  } finally {
    for (const unsubscribe of subscriptions) unsubscribe();
    await Promise.allSettled(running);
    queue.clear();
  }
};

type Outcome = "ok" | "stopped" | ErrorCode;

/** One object that cannot be understood must not keep the controller from starting. */
const keysOf = (watch: Watch, object: KubeObject, log: Log): readonly Key[] => {
  try {
    return watch.keysOf(object);
  } catch (error) {
    log.error("a watch failed on an object", { object: keyText(object.metadata), error });
    return [];
  }
};

const measures = (controller: string, metrics: Metrics | undefined) => {
  const total = metrics?.counter(kubeMetrics.reconciles);
  const seconds = metrics?.histogram(kubeMetrics.reconcileTime);
  const depth = metrics?.gauge(kubeMetrics.queueDepth);
  return {
    reconciled: (outcome: Outcome, ms: number): void => {
      total?.add({ controller, outcome });
      seconds?.observe(ms / 1000, { controller });
    },
    depth: (ready: number): void => depth?.set(ready, { controller }),
  };
};
