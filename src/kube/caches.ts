// One list-watch per kind and scope, shared by everything in the process. Starts only on request, never gives up; holds of an object only what its kind's view keeps.
import type { Kind } from "#api/define-kind.ts";
import type { KubeObject, ResourceType } from "#api/object.ts";
import type { Kube, Scope } from "#kube/client.ts";
import { type KubeError, isForbidden } from "#kube/errors.ts";
import { collectionText } from "#kube/resource-path.ts";
import { type Indexes, type OwnedStore, type Store, createStore } from "#kube/store.ts";
import { kubeMetrics } from "#kube/kube-metrics.ts";
import type { Log } from "#lib/log.ts";
import type { Metrics } from "#lib/metrics.ts";
import { createSharedText, type SharedText } from "#lib/shared-text.ts";

export interface CacheHealth {
  /** `pods`, `deployments.apps in shop` */
  readonly name: string;
  readonly synced: boolean;
  /** Why it is not being followed at the moment, in words. */
  readonly trouble?: string;
  /** It cannot be read for want of rights. */
  readonly forbidden?: true;
}

/**
 * What the caches keep of a kind, as a type of its own: a reader cannot read a field that was left out. A cluster may hold many thousands of
 * objects, so that none but our own kinds are kept whole.
 */
export interface View<V extends KubeObject = KubeObject> extends ResourceType<V> {
  /** `metadata`: the server sends nothing else. */
  readonly part?: "metadata";
  readonly keep: (object: KubeObject, share: SharedText) => V;
}
export type Cacheable<T extends KubeObject = KubeObject> = View<T> | (ResourceType<T> & Pick<Kind, "columns">);

export const viewOf = <T extends KubeObject, V extends KubeObject>(
  type: ResourceType<T>,
  keep: (object: T, share: SharedText) => V,
  options: Pick<View, "part"> = {},
): View<V> => {
  const { group, version, kind, plural, namespaced } = type;
  return { group, version, kind, plural, namespaced, ...options, keep: keep as View<V>["keep"] };
};

/** For kinds of which there are few. */
export const wholeView = <T extends KubeObject>(type: ResourceType<T>): View<T> => viewOf(type, withoutManagers);

export interface Caches {
  /** Same type, scope: same store. Indexes asked for later are added. */
  of<T extends KubeObject>(type: Cacheable<T>, scope?: Scope, indexes?: Indexes<T>): Store<T>;
  /** Begins to follow everything asked for so far and from now on, until the signal is aborted. */
  start(signal: AbortSignal): void;
  /** Resolves when every store asked for so far has read its first list. */
  synced(signal?: AbortSignal): Promise<void>;
  health(): readonly CacheHealth[];
}

export interface CachesDeps {
  readonly log: Log;
  readonly metrics?: Metrics;
}

const maxSharedTexts = 50_000;

interface Entry {
  readonly name: string;
  readonly store: OwnedStore<KubeObject>;
  readonly follow: (signal: AbortSignal) => Promise<void>;
  trouble: KubeError | undefined;
}

export const createCaches = (kube: Pick<Kube, "listWatch">, deps: CachesDeps): Caches => {
  const entries = new Map<string, Entry>();
  const share = createSharedText(maxSharedTexts);
  const objects = deps.metrics?.gauge(kubeMetrics.cachedObjects);
  const troubles = deps.metrics?.counter(kubeMetrics.cacheTroubles);
  let running: AbortSignal | undefined;

  const create = <T extends KubeObject>(type: Cacheable<T>, scope: Scope): Entry => {
    const name = [collectionText(type, scope.namespace), scope.labelSelector, scope.fieldSelector]
      .filter((part) => part !== undefined)
      .join(" where ");
    const log = deps.log.child({ cache: name });
    const keep = (object: KubeObject): T => ("keep" in type ? type.keep(object, share) : withoutManagers(object as T));
    const part = "keep" in type && type.part !== undefined ? { part: type.part } : {};
    const store = createStore<T>({ keep, onBug: (error) => log.error("a listener of the cache failed", { error }) });
    const entry: Entry = { name, store: store, follow, trouble: undefined };
    const onTrouble = (error: KubeError | undefined): void => {
      if (error !== undefined) {
        troubles?.add({ resource: name });
        // Logged once per kind of trouble: a server that is down for an hour is one line, not a thousand.
        if (error.reason !== entry.trouble?.reason)
          log.warn("the watch of the cache fails", { error: error.message, reason: error.reason });
      } else if (entry.trouble !== undefined) log.info("the watch of the cache is restored");
      entry.trouble = error;
    };
    async function follow(signal: AbortSignal): Promise<void> {
      for await (const seen of kube.listWatch<KubeObject, T>(type, scope, signal, { ...part, take: keep, onTrouble })) {
        store.see(seen);
        objects?.set(store.list().length, { resource: name });
      }
    }
    return entry;
  };
  const begin = (entry: Entry, signal: AbortSignal): void => {
    entry.follow(signal).catch((error: unknown) => deps.log.error("a cache ended", { cache: entry.name, error }));
  };

  return {
    of: (type, scope = {}, indexes = {}) => {
      const id = JSON.stringify([type.group, type.version, type.plural, scope.namespace, scope.labelSelector, scope.fieldSelector]);
      let entry = entries.get(id);
      if (entry === undefined) {
        entry = create(type, scope);
        entries.set(id, entry);
        if (running !== undefined) begin(entry, running);
      }
      const store = entry.store as unknown as OwnedStore<NonNullable<(typeof type)["objectType"]>>;
      store.addIndexes(indexes);
      return store;
    },
    start: (signal) => {
      if (running !== undefined) throw new Error("the caches are running already");
      running = signal;
      for (const entry of entries.values()) begin(entry, signal);
    },
    synced: async (signal) => {
      const waiting = Promise.all([...entries.values()].map((entry) => entry.store.whenSynced()));
      await (signal === undefined ? waiting : Promise.race([waiting, aborted(signal)]));
    },
    health: () =>
      [...entries.values()].map(({ name, store, trouble }) => ({
        name,
        synced: store.synced,
        ...(trouble === undefined ? {} : { trouble: trouble.message }),
        ...(isForbidden(trouble) ? { forbidden: true as const } : {}),
      })),
  };
};

/** By far the largest part of the metadata, and of use only to the API server. */
const withoutManagers = <T extends KubeObject>(object: T): T => {
  const { managedFields: _dropped, ...metadata } = object.metadata;
  return { ...object, metadata };
};

const aborted = (signal: AbortSignal): Promise<never> =>
  new Promise((_resolve, reject) => {
    if (signal.aborted) reject(signal.reason as Error);
    signal.addEventListener("abort", () => reject(signal.reason as Error), { once: true });
  });
