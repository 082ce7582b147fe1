// What every controller is to the loop that runs it, and what it may do. Types and the client only; no rule of any kind of object.
import { jsonEqual } from "#lib/canonical-json.ts";
import type { NamespaceIndex } from "#embedded/controllers/namespace-index.ts";
import { createEventRecorder } from "#embedded/event-recorder.ts";
import { type JsonRecord, type Stored, withValue } from "#embedded/json.ts";
import type { Change } from "#embedded/object-store.ts";
import { type DeleteOptions, type Place, createObject, deleteObject, updateObject } from "#embedded/objects.ts";
import { type Resource, builtInResources, findKind, storageKeyOf } from "#embedded/resources.ts";
import { ApiError } from "#embedded/status.ts";
import type { World, Writer } from "#embedded/world.ts";

export interface Controller {
  /** The kind it looks after: every change of one makes it look at that one. */
  readonly resource: Resource;
  /** Which ones to look at after a change of something else. */
  affected(change: Change): readonly Place[];
  /** Brings one closer to what it should be. An ApiError makes the loop try again later. */
  sync(object: Stored, again: Again): void;
  /** It is no longer there. */
  gone?(place: Place): void;
}

/** Look again after so many milliseconds, whatever happens until then. */
export type Again = (delayMs: number) => void;

export interface Client {
  readonly world: World;
  /** Of one namespace; of a kind without namespaces where there is none. */
  list(resource: Resource, namespace?: string): readonly Stored[];
  find(resource: Resource, namespace: string | undefined, name: string): Stored | undefined;
  create(resource: Resource, namespace: string | undefined, body: JsonRecord): Stored;
  /** Changes it as it is now. */
  update(object: Stored, change: (old: Stored) => JsonRecord, subresource?: "status" | "scale"): Stored;
  /** Writes only what is not so already. */
  setStatus(object: Stored, status: JsonRecord): Stored;
  remove(object: Stored, options?: DeleteOptions): void;
  tell(about: Stored, type: "Normal" | "Warning", reason: string, message: string): void;
}

export const builtIn = (apiVersion: string, kind: string): Resource => {
  const resource = findKind(builtInResources, apiVersion, kind);
  if (resource === undefined) throw new Error(`no such kind: ${apiVersion} ${kind}`);
  return resource;
};

/** The refusal, where there is one: what else is to be done is done before it is thrown. */
export const refusalOf = (work: () => void): ApiError | undefined => {
  try {
    work();
    return undefined;
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    return error;
  }
};

/** Go leaves a count of nothing out. */
export const nonZero = (counts: Readonly<Record<string, number>>): JsonRecord =>
  Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 0));

export const podsOf = builtIn("v1", "Pod");
export const nodesOf = builtIn("v1", "Node");

/** Events come from `component`, which most times is called as its account is. */
export const createClient = (world: World, index: NamespaceIndex, account: string, component = account): Client => {
  const writer: Writer = {
    user: { username: `system:serviceaccount:kube-system:${account}`, groups: ["system:masters", "system:authenticated"] },
    dryRun: false,
    manager: "kube-controller-manager",
  };
  const recorder = createEventRecorder(world, { component });
  const placeOf = ({ metadata }: Stored): Place => ({ namespace: metadata.namespace, name: metadata.name });
  const update: Client["update"] = (object, change, subresource) =>
    updateObject(world, builtIn(object.apiVersion, object.kind), placeOf(object), { subresource, change }, writer).object;
  return {
    world,
    list: (resource, namespace) => index.list(storageKeyOf(resource), namespace),
    find: world.find,
    create: (resource, namespace, body) => createObject(world, resource, namespace, body, writer).object,
    update,
    setStatus: (object, status) =>
      jsonEqual(object["status"] ?? {}, status) ? object : update(object, (old) => withValue(old, ["status"], status), "status"),
    remove: (object, options = {}) => {
      const preconditions = { uid: object.metadata.uid };
      deleteObject(world, builtIn(object.apiVersion, object.kind), placeOf(object), { preconditions, ...options }, writer);
    },
    tell: (about, type, reason, message) => recorder.record({ about, type, reason, message }),
  };
};
