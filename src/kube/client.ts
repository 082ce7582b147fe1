// The API server as the rest of the product sees it: typed reads and writes, one at a time. Never caches, never retries a write.
import type { Key, KubeObject, NewObject, ObjectMeta, ResourceType } from "#api/object.ts";
import type { KubeError } from "#kube/errors.ts";
import type { JsonPatch } from "#lib/json-patch.ts";

export interface CallOptions {
  readonly signal?: AbortSignal;
  /** Default 30 s. */
  readonly timeoutMs?: number;
}
export interface WriteOptions extends CallOptions {
  /** The server does everything but store it. */
  readonly dryRun?: true;
}
export interface RequestOptions extends CallOptions {
  /** Default `application/json`. */
  readonly contentType?: string;
  /** Of the answer. */
  readonly maxBytes?: number;
  /** A read that fails is not repeated. */
  readonly attempts?: 1;
}
export interface PatchOptions extends WriteOptions {
  /** `status`, `scale`, `approval` … */
  readonly subresource?: string;
}
export interface DeleteOptions extends WriteOptions {
  /** Only this very object; another of its name is left alone and answers 409. */
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly propagation?: "Background" | "Foreground" | "Orphan";
  readonly gracePeriodSeconds?: number;
}
export interface LogsOptions extends CallOptions {
  readonly container: string;
  /** Of the container's run before this one. */
  readonly previous?: true;
  readonly tailLines?: number;
  /** RFC 3339: only lines from then on. */
  readonly sinceTime?: string;
  /** Each line after the time at which the runtime received it. */
  readonly timestamps?: true;
  /** Of the lines that are selected, the first ones. Default 1 MiB. */
  readonly limitBytes?: number;
}

export interface Scope {
  /** Default: all namespaces. */
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
}
export interface ListScope extends Scope {
  /** The largest number of objects; default: all. */
  readonly limit?: number;
}

export interface PageScope extends ListScope {
  /** Objects in one answer; default 500. */
  readonly pageSize?: number;
  /** `metadata`: the server sends nothing else of an object, so that no value of a Secret crosses the wire. */
  readonly part?: "metadata";
  /** Of one answer. */
  readonly maxBytes?: number;
  /** Where an answer is too large, asks again for fewer objects instead of failing. */
  readonly shrinks?: true;
}

export interface Page<T extends KubeObject> {
  readonly items: readonly T[];
  /** What came before it, if anything, was of a version that is no longer kept, and is to be forgotten. */
  readonly isFirst: boolean;
  readonly isLast: boolean;
  /** How many are still to come, where the server says so. */
  readonly remaining?: number;
  readonly bytes: number;
}

/** The events of a list-watch, in order. `synced` comes first and again after every re-list: it replaces all that was known. */
export type Seen<T extends KubeObject> =
  | { readonly kind: "synced"; readonly items: readonly T[]; readonly resourceVersion: string }
  | { readonly kind: "applied"; readonly object: T }
  | { readonly kind: "deleted"; readonly object: T };

export interface ListWatchOptions<T extends KubeObject = KubeObject, V extends KubeObject = T> {
  /** `metadata`: the server sends nothing else of an object, neither in the list nor in the watch. */
  readonly part?: "metadata";
  /** Objects in one answer of a list; default 500. */
  readonly pageSize?: number;
  /** Called for each object as it arrives, in order. Only what it returns is held and passed on. Default: the whole object. */
  readonly take?: (object: T, arrival: "listed" | Exclude<Seen<T>["kind"], "synced">) => V;
  /** Called for every failure, and with `undefined` when it is over. */
  readonly onTrouble?: (error: KubeError | undefined) => void;
}

export type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";

/** The part of an object that a status write needs. */
export interface StatusOf {
  readonly metadata: Pick<ObjectMeta, "name" | "namespace" | "resourceVersion">;
  readonly status?: unknown;
}

/** Every call throws KubeError, whose message names what was being done to which object. */
export interface Kube {
  /** The namespace that the configuration names, else `default`. */
  readonly namespace: string;
  get<T extends KubeObject>(type: ResourceType<T>, key: Key, options?: CallOptions): Promise<T | undefined>;
  /** Reads page by page; items carry apiVersion and kind. */
  list<T extends KubeObject>(type: ResourceType<T>, scope?: ListScope, options?: CallOptions): Promise<T[]>;
  /** The same as it arrives, for a caller that keeps only a part of each object or may have enough before the end. */
  pages<T extends KubeObject>(type: ResourceType<T>, scope?: PageScope, options?: CallOptions): AsyncGenerator<Page<T>, void>;
  create<T extends KubeObject>(type: ResourceType<T>, object: NewObject<T>, options?: WriteOptions): Promise<T>;
  jsonPatch<T extends KubeObject>(type: ResourceType<T>, key: Key, operations: JsonPatch, options?: PatchOptions): Promise<T>;
  mergePatch<T extends KubeObject>(type: ResourceType<T>, key: Key, patch: object, options?: PatchOptions): Promise<T>;
  /** Sends only apiVersion, kind, name, namespace, resourceVersion and status: a stale view gets 409, unknown fields of the rest survive. */
  replaceStatus<T extends KubeObject>(type: ResourceType<T>, object: StatusOf, options?: WriteOptions): Promise<T>;
  delete(type: ResourceType, key: Key, options?: DeleteOptions): Promise<"deleted" | "gone">;
  /** Throws 429 where a PodDisruptionBudget forbids it. */
  evict(pod: Key, options?: WriteOptions & { readonly uid?: string }): Promise<"evicted" | "gone">;
  logs(pod: Key, options: LogsOptions): Promise<string>;
  /** For what has no type: reviews, discovery, version. */
  request(method: Method, path: string, body?: unknown, options?: RequestOptions): Promise<unknown>;
  /**
   * Flow: list, then watch from there, again and again until the signal is aborted.
   * Guarantees: never ends or throws by itself; never two watches at once; every gap is closed by a new `synced`; of a list, at most
   * one page is held whole.
   */
  listWatch<T extends KubeObject, V extends KubeObject = T>(
    type: ResourceType<T>,
    scope: Scope,
    signal: AbortSignal,
    options?: ListWatchOptions<T, V>,
  ): AsyncGenerator<Seen<V>, void>;
}
