// Runs one controller: keys in from its watches, one worker per key, retries by the class of the error. Knows nothing of any kind.
import type { Key, KubeObject, Need } from "#api/object.ts";
import type { Store } from "#kube/store.ts";
import type { Clock, Random } from "#lib/clock.ts";
import type { Log } from "#lib/log.ts";
import type { Metrics } from "#lib/metrics.ts";

/** `rest`: nothing to do until a watch says otherwise. Waiting is a value, never thrown. */
export type Next = { readonly afterMs: number } | "rest";

export interface Watch<T extends KubeObject = KubeObject> {
  readonly store: Store<T>;
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
  /** Its rights as data: RBAC is generated from this. */
  readonly needs: readonly Need[];
  readonly watches: readonly Watch[];
  reconcile(key: Key, context: ReconcileContext): Promise<Next>;
}

export interface ControllerDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly metrics?: Metrics;
}
