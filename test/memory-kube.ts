// A hand-written API server of one process for tests without a cluster: stores, counts calls, fails on request. Knows no rule that a test does not need.
import { type Key, type KubeObject, type NewObject, type ResourceType, keyText } from "#api/object.ts";
import type { Kube, ListWatchOptions, Method, Seen } from "#kube/client.ts";
import { KubeError } from "#kube/errors.ts";

export interface MemoryCall {
  readonly verb: "create" | "get" | "mergePatch" | "request";
  readonly what: string;
  readonly body?: unknown;
}

export interface MemoryKube extends Pick<Kube, "create" | "get" | "mergePatch" | "request" | "listWatch"> {
  readonly calls: MemoryCall[];
  /** Puts an object there as another client would: seen by the watches, not counted. */
  put(type: ResourceType, object: object): KubeObject;
  remove(type: ResourceType, key: Key): void;
  objects(type: ResourceType): KubeObject[];
  /** Runs before a call takes effect; what it throws is the answer. */
  before: (call: MemoryCall) => void | Promise<void>;
  /** Answers reviews and whatever else has no type. */
  answer: (method: Method, path: string, body: unknown) => unknown;
  /** While false, watches hear nothing; what was missed comes when it is true again. */
  setWatching(watching: boolean): void;
}

export const failure = (status: number, reason: string, retryAfterMs?: number): KubeError =>
  new KubeError({ doing: "test", status, reason, message: reason, retryAfterMs });

export const createMemoryKube = (now: () => number): MemoryKube => {
  const stored = new Map<string, KubeObject>();
  const watchers = new Map<string, ((seen: Seen<KubeObject>) => void)[]>();
  const missed: (() => void)[] = [];
  let isWatching = true;
  let version = 0;

  const idOf = (type: ResourceType, key: Key): string => `${type.plural}/${keyText(key)}`;
  const tell = (type: ResourceType, seen: Seen<KubeObject>): void => {
    const deliver = (): void => watchers.get(type.plural)?.forEach((hear) => hear(seen));
    if (isWatching) deliver();
    else missed.push(deliver);
  };
  const store = (type: ResourceType, object: KubeObject): KubeObject => {
    version += 1;
    const next = { ...object, metadata: { ...object.metadata, resourceVersion: String(version) } };
    stored.set(idOf(type, next.metadata), next);
    tell(type, { kind: "applied", object: structuredClone(next) });
    return structuredClone(next);
  };
  const complete = (object: object): KubeObject => {
    const given = object as { metadata: object } & Omit<KubeObject, "metadata">;
    return {
      ...given,
      metadata: {
        uid: `uid-${version + 1}`,
        creationTimestamp: new Date(now()).toISOString(),
        ...given.metadata,
        resourceVersion: "",
      } as KubeObject["metadata"],
    };
  };
  const kube: MemoryKube = {
    calls: [],
    before: () => {},
    answer: () => ({}),
    put: (type, object) => store(type, complete(object)),
    remove: (type, key) => {
      const object = stored.get(idOf(type, key));
      if (object === undefined) return;
      stored.delete(idOf(type, key));
      version += 1;
      tell(type, { kind: "deleted", object: { ...object, metadata: { ...object.metadata, resourceVersion: String(version) } } });
    },
    objects: (type) => [...stored].filter(([id]) => id.startsWith(`${type.plural}/`)).map(([, object]) => object),
    setWatching: (watching) => {
      isWatching = watching;
      if (watching) for (const deliver of missed.splice(0)) deliver();
    },
    create: async <T extends KubeObject>(type: ResourceType<T>, object: NewObject<T>) => {
      const call: MemoryCall = { verb: "create", what: idOf(type, object.metadata), body: object };
      kube.calls.push(call);
      await kube.before(call);
      if (stored.has(call.what)) throw failure(409, "AlreadyExists");
      return store(type, complete(structuredClone(object))) as T;
    },
    get: async <T extends KubeObject>(type: ResourceType<T>, key: Key) => {
      const call: MemoryCall = { verb: "get", what: idOf(type, key) };
      kube.calls.push(call);
      await kube.before(call);
      return structuredClone(stored.get(call.what)) as T | undefined;
    },
    mergePatch: async <T extends KubeObject>(type: ResourceType<T>, key: Key, patch: object) => {
      const call: MemoryCall = { verb: "mergePatch", what: idOf(type, key), body: patch };
      kube.calls.push(call);
      await kube.before(call);
      const object = stored.get(call.what);
      if (object === undefined) throw failure(404, "NotFound");
      return store(type, merged(object, structuredClone(patch)) as KubeObject) as T;
    },
    request: async (method, path, body) => {
      const call: MemoryCall = { verb: "request", what: `${method} ${path}`, body };
      kube.calls.push(call);
      await kube.before(call);
      return kube.answer(method, path, body);
    },
    listWatch: async function* <T extends KubeObject, V extends KubeObject = T>(
      type: ResourceType<T>,
      _scope: object,
      signal: AbortSignal,
      options: ListWatchOptions<T, V> = {},
    ) {
      const take = options.take ?? ((object: T): V => object as unknown as V);
      const taken = (seen: Seen<T>): Seen<V> =>
        seen.kind === "synced"
          ? { ...seen, items: seen.items.map((item) => take(item, "listed")) }
          : { kind: seen.kind, object: take(seen.object, seen.kind) };
      const queue: Seen<KubeObject>[] = [
        { kind: "synced", items: kube.objects(type).map((item) => structuredClone(item)), resourceVersion: String(version) },
      ];
      let wake = (): void => {};
      watchers.set(type.plural, [...(watchers.get(type.plural) ?? []), (seen) => (queue.push(seen), wake())]);
      while (!signal.aborted) {
        for (let seen = queue.shift(); seen !== undefined; seen = queue.shift()) yield taken(seen as Seen<T>);
        const woken = Promise.withResolvers<void>();
        wake = woken.resolve;
        signal.addEventListener("abort", wake, { once: true });
        if (queue.length === 0) await woken.promise;
      }
    },
  };
  return kube;
};

/** RFC 7396. */
const merged = (target: unknown, patch: unknown): unknown => {
  if (typeof patch !== "object" || patch === null || Array.isArray(patch)) return patch;
  const result: Record<string, unknown> = typeof target === "object" && target !== null ? { ...target } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key];
    else result[key] = merged(result[key], value);
  }
  return result;
};
