// One list-watch per kind and scope, shared by everything in the process. Never starts before it is told to, never gives up.
import type { KubeObject, ResourceType } from "#api/object.ts";
import type { Scope } from "#kube/client.ts";
import type { Indexes, Store } from "#kube/store.ts";

export interface CacheHealth {
  /** `pods`, `deployments.apps in shop` */
  readonly name: string;
  readonly synced: boolean;
  /** Why it is not being followed at the moment, in words. */
  readonly trouble?: string;
  /** It cannot be read for want of rights. */
  readonly forbidden?: true;
}

export interface Caches {
  /** Same type, scope: same store. Indexes asked for later are added. */
  of<T extends KubeObject>(type: ResourceType<T>, scope?: Scope, indexes?: Indexes<T>): Store<T>;
  /** Begins to follow everything asked for so far and from now on, until the signal is aborted. */
  start(signal: AbortSignal): void;
  /** Resolves when every store asked for so far has read its first list. */
  synced(signal?: AbortSignal): Promise<void>;
  health(): readonly CacheHealth[];
}
