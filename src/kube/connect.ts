// Makes a Kube of an address and credentials: each method is one call. Never caches, never retries a write.
import { Pods } from "#api/kubernetes.ts";
import { type Key, type KubeObject, type NewObject, type ResourceType, apiVersionOf, keyOf, keyText } from "#api/object.ts";
import type { CallOptions, Kube, Method, PatchOptions, WriteOptions } from "#kube/client.ts";
import type { ClusterConfig } from "#kube/cluster-config.ts";
import { errorOfJsonPatch, isNotFound } from "#kube/errors.ts";
import { listPages } from "#kube/list-pages.ts";
import { listAll, listWatch } from "#kube/list-watch.ts";
import { objectPath, resourcePath } from "#kube/resource-path.ts";
import { type TransportDeps, createTransport } from "#kube/transport.ts";
import type { JsonPatch } from "#lib/json-patch.ts";

type ConnectDeps = TransportDeps;

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
    pages: (type, scope = {}, options = {}) => listPages(transport, type, scope, callOptions(options)),
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
        sinceTime: options.sinceTime,
        timestamps: options.timestamps ? "true" : undefined,
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
        ...(options.contentType === undefined ? {} : { contentType: options.contentType }),
        ...(options.maxBytes === undefined ? {} : { maxBytes: options.maxBytes }),
        ...(options.attempts === undefined ? {} : { attempts: options.attempts }),
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
