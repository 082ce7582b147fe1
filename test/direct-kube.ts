// The product's own client of an embedded API server whose storage a test fills directly, as etcd would hold it: with uids, owners and times of its
// choice. Counts calls, and fails on request. Never answers by itself what the server would answer.
import { apiVersionOf, type Key, type KubeObject, keyText, type ResourceType } from "#api/object.ts";
import { openEmbeddedCluster } from "#embedded/embedded-cluster.ts";
import type { Stored } from "#embedded/json.ts";
import type { Kube, Method } from "#kube/client.ts";
import { KubeError } from "#kube/errors.ts";
import { type Clock, toTimestamp } from "#lib/clock.ts";

export interface DirectCall {
  readonly verb: "create" | "get" | "mergePatch" | "request";
  readonly what: string;
  readonly body?: unknown;
}

export interface DirectKube extends Kube {
  readonly calls: DirectCall[];
  /** Stores it as another client would have: seen by the watches, not counted. */
  put(type: ResourceType, object: object): KubeObject;
  remove(type: ResourceType, key: Key): void;
  objects(type: ResourceType): KubeObject[];
  /** Runs before a call is sent; what it throws is the answer. */
  before: (call: DirectCall) => void | Promise<void>;
  /** Instead of the server, for reviews of tokens that are not its own. */
  answer: ((method: Method, path: string, body: unknown) => unknown) | undefined;
  /** While false, watches receive nothing; what was missed comes when it is true again. */
  setWatching(watching: boolean): void;
}

export const failure = (status: number, reason: string, retryAfterMs?: number): KubeError =>
  new KubeError({ doing: "test", status, reason, message: reason, retryAfterMs });

const namespaces = ["kintsugi-system", "shop"];
const storageKeyOf = ({ group, plural }: ResourceType): string => `${group}/${plural}`;

/** `definitions`: CustomResourceDefinitions that the server serves. */
export const createDirectKube = (clock: Clock, definitions: readonly object[] = []): DirectKube => {
  const cluster = openEmbeddedCluster({ clock, random: () => 0.5, garbage: "kept" });
  const { objects: store } = cluster;
  const connected = cluster.connect();
  let made = 0;
  let watching = Promise.withResolvers<void>();
  watching.resolve();

  const sent = async <T>(call: DirectCall, send: () => Promise<T>): Promise<T> => {
    kube.calls.push(call);
    await kube.before(call);
    return send();
  };
  const idOf = (type: ResourceType, key: Key): string => `${type.plural}/${keyText(key)}`;
  const kube: DirectKube = {
    ...connected,
    calls: [],
    before: () => {},
    answer: undefined,
    put: (type, object) => {
      const given = structuredClone(object) as { readonly metadata: Pick<Stored["metadata"], "name" | "namespace"> };
      made += 1;
      const metadata = { uid: `uid-${made}`, creationTimestamp: toTimestamp(clock.now()), ...given.metadata, resourceVersion: "" };
      return store.put(storageKeyOf(type), {
        ...given,
        apiVersion: apiVersionOf(type),
        kind: type.kind,
        metadata,
      }) as unknown as KubeObject;
    },
    remove: (type, { namespace, name }) => {
      const object = store.get(storageKeyOf(type), namespace, name);
      if (object !== undefined) store.remove(storageKeyOf(type), object);
    },
    objects: (type) => [...store.list(storageKeyOf(type))] as unknown as KubeObject[],
    setWatching: (isWatching) => {
      if (isWatching) watching.resolve();
      else watching = Promise.withResolvers<void>();
    },
    create: (type, object, options) =>
      sent({ verb: "create", what: idOf(type, object.metadata), body: object }, () => connected.create(type, object, options)),
    get: (type, key, options) => sent({ verb: "get", what: idOf(type, key) }, () => connected.get(type, key, options)),
    mergePatch: (type, key, patch, options) =>
      sent({ verb: "mergePatch", what: idOf(type, key), body: patch }, () => connected.mergePatch(type, key, patch, options)),
    request: (method, path, body, options) =>
      sent({ verb: "request", what: `${method} ${path}`, body }, async () =>
        kube.answer === undefined ? connected.request(method, path, body, options) : kube.answer(method, path, body),
      ),
    listWatch: async function* (type, scope, signal, options) {
      for await (const seen of connected.listWatch(type, scope, signal, options)) {
        await watching.promise;
        yield seen;
      }
    },
  };
  for (const name of namespaces)
    kube.put({ group: "", version: "v1", plural: "namespaces", kind: "Namespace", namespaced: false }, { metadata: { name } });
  for (const definition of definitions) {
    const headers = { authorization: `Bearer ${cluster.adminToken}`, "content-type": "application/json" };
    const path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
    cluster.handle({ method: "POST", path, headers, body: JSON.stringify(definition) });
  }
  return kube;
};
