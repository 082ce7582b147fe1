// The API server as the rest of the product sees it: typed reads and writes, one at a time. Never caches, never retries a write.
import { Pods } from "#api/kubernetes.ts";
import {
  type Key,
  type KubeObject,
  type NewObject,
  type ObjectMeta,
  type ResourceType,
  apiVersionOf,
  keyOf,
  keyText,
} from "#api/object.ts";
import { type KubeError, errorOfJsonPatch, isNotFound } from "#kube/errors.ts";
import type { ClusterConfig } from "#kube/cluster-config.ts";
import { listAll, listWatch } from "#kube/list-watch.ts";
import { objectPath, resourcePath } from "#kube/resource-path.ts";
import { type TransportDeps, createTransport } from "#kube/transport.ts";
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
  /** Default 1 MiB. */
  readonly limitBytes?: number;
}

export interface Scope {
  /** All namespaces where absent. */
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
}
export interface ListScope extends Scope {
  /** At most so many objects; all where absent. */
  readonly limit?: number;
}

/** What a list-watch tells, in order. `synced` comes first and again after every re-list: it replaces all that was known. */
export type Seen<T extends KubeObject> =
  | { readonly kind: "synced"; readonly items: readonly T[]; readonly resourceVersion: string }
  | { readonly kind: "applied"; readonly object: T }
  | { readonly kind: "deleted"; readonly object: T };

export interface ListWatchOptions {
  /** Told of every failure, and with `undefined` when it is over. */
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
  request(method: Method, path: string, body?: unknown, options?: CallOptions): Promise<unknown>;
  /**
   * Flow: list, then watch from there, again and again until the signal is aborted.
   * Guarantees: never ends or throws by itself; never two watches at once; every gap is closed by a new `synced`.
   */
  listWatch<T extends KubeObject>(
    type: ResourceType<T>,
    scope: Scope,
    signal: AbortSignal,
    options?: ListWatchOptions,
  ): AsyncGenerator<Seen<T>, void>;
}

export type ConnectDeps = TransportDeps;

export const connect = (config: ClusterConfig, deps: ConnectDeps): Kube & { close(): void } => {
  const transport = createTransport(config, deps);

  const send = async <T>(
    method: Method,
    type: ResourceType,
    key: Key,
    verb: string,
    options: PatchOptions,
    body: unknown,
    contentType?: string,
  ): Promise<T> =>
    (await transport.json({
      ...callOptions(options),
      doing: `${verb} ${type.kind} ${keyText(key)}${options.subresource === undefined ? "" : `/${options.subresource}`}`,
      method,
      path: method === "POST" ? resourcePath(type, key.namespace) : objectPath(type, key, options.subresource),
      query: { dryRun: options.dryRun ? "All" : undefined },
      body,
      ...(contentType === undefined ? {} : { contentType }),
    })) as T;

  return {
    namespace: config.namespace,
    get: async <T extends KubeObject>(type: ResourceType<T>, key: Key, options: CallOptions = {}) =>
      unlessNotFound(send<T>("GET", type, key, "get", options, undefined), undefined),
    list: async (type, scope = {}, options = {}) => (await listAll(transport, type, scope, callOptions(options))).items,
    create: async <T extends KubeObject>(type: ResourceType<T>, object: NewObject<T>, options: WriteOptions = {}) =>
      send<T>("POST", type, requireNamespace(type, keyOf(object)), "create", options, object),
    jsonPatch: async <T extends KubeObject>(type: ResourceType<T>, key: Key, operations: JsonPatch, options: PatchOptions = {}) => {
      try {
        return await send<T>("PATCH", type, key, "patch", options, operations, "application/json-patch+json");
      } catch (error) {
        throw errorOfJsonPatch(`patch ${type.kind} ${keyText(key)}`, error);
      }
    },
    mergePatch: async (type, key, patch, options = {}) => send("PATCH", type, key, "patch", options, patch, "application/merge-patch+json"),
    replaceStatus: async (type, object, options = {}) => {
      const { name, namespace, resourceVersion } = object.metadata;
      const metadata = { name, ...(namespace === undefined ? {} : { namespace }), resourceVersion };
      const body = { apiVersion: apiVersionOf(type), kind: type.kind, metadata, status: object.status };
      return send("PUT", type, keyOf(object), "replace", { ...options, subresource: "status" }, body);
    },
    delete: async (type, key, options = {}) => {
      const preconditions = { uid: options.uid, resourceVersion: options.resourceVersion };
      const body = {
        apiVersion: "v1",
        kind: "DeleteOptions",
        propagationPolicy: options.propagation ?? "Background",
        gracePeriodSeconds: options.gracePeriodSeconds,
        ...(options.uid === undefined && options.resourceVersion === undefined ? {} : { preconditions }),
        ...(options.dryRun ? { dryRun: ["All"] } : {}),
      };
      return unlessNotFound(
        send("DELETE", type, key, "delete", callOptions(options), body).then(() => "deleted" as const),
        "gone",
      );
    },
    evict: async (pod, options = {}) => {
      const deleteOptions = {
        ...(options.uid === undefined ? {} : { preconditions: { uid: options.uid } }),
        ...(options.dryRun ? { dryRun: ["All"] } : {}),
      };
      const metadata = { name: pod.name, namespace: pod.namespace };
      const call = transport.json({
        ...callOptions(options),
        doing: `evict Pod ${keyText(pod)}`,
        method: "POST",
        path: objectPath(Pods, pod, "eviction"),
        // Said twice: admission reads the query, the eviction itself its own options.
        query: { dryRun: options.dryRun ? "All" : undefined },
        body: { apiVersion: "policy/v1", kind: "Eviction", metadata, deleteOptions },
      });
      return unlessNotFound(
        call.then(() => "evicted" as const),
        "gone",
      );
    },
    logs: async (pod, options) => {
      const limitBytes = options.limitBytes ?? defaultLogBytes;
      const query = {
        container: options.container,
        previous: options.previous ? "true" : undefined,
        tailLines: options.tailLines,
        limitBytes,
      };
      const doing = `read the log of ${options.container} in Pod ${keyText(pod)}`;
      return transport.text({
        ...callOptions(options),
        doing,
        method: "GET",
        path: objectPath(Pods, pod, "log"),
        query,
        maxBytes: limitBytes + 4096,
      });
    },
    request: (method, path, body, options = {}) =>
      transport.json({
        ...callOptions(options),
        doing: `${method} ${path.split("?")[0]}`,
        method,
        path,
        ...(body === undefined ? {} : { body }),
      }),
    listWatch: (type, scope, signal, options) => listWatch(transport, deps, type, scope, signal, options),
    close: transport.close,
  };
};

const defaultLogBytes = 1024 * 1024;

const callOptions = (options: CallOptions): CallOptions => ({
  ...(options.signal === undefined ? {} : { signal: options.signal }),
  ...(options.timeoutMs === undefined ? {} : { timeoutMs: options.timeoutMs }),
});

const requireNamespace = (type: ResourceType, key: Key): Key => {
  if (type.namespaced && !key.namespace) throw new TypeError(`${type.kind} ${key.name} needs a namespace`);
  return key;
};

const unlessNotFound = async <A, B>(call: Promise<A>, otherwise: B): Promise<A | B> => {
  try {
    return await call;
  } catch (error) {
    if (isNotFound(error)) return otherwise;
    throw error;
  }
};
