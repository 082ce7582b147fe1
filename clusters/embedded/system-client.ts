// Writes of the cluster's own components: each by its own name, through the same registry as other clients. Decides nothing.
import { jsonEqual } from "#lib/canonical-json.ts";
import { type JsonRecord, type Stored, withValue } from "#embedded/json.ts";
import { type DeleteOptions, deleteObject } from "#embedded/deletion.ts";
import { type Place, createObject, updateObject } from "#embedded/objects.ts";
import { type Resource, builtIn } from "#embedded/resources.ts";
import { ApiError } from "#embedded/status.ts";
import type { ServerContext, Writer } from "#embedded/server-context.ts";

export interface SystemClient {
  create(resource: Resource, namespace: string | undefined, body: JsonRecord): Stored;
  /** Changes it as it is now. */
  update(object: Stored, change: (old: Stored) => JsonRecord, subresource?: "status" | "scale"): Stored;
  /** Writes only what is not so already. */
  setStatus(object: Stored, status: JsonRecord): Stored;
  /** This very one, and no other of its name. */
  remove(object: Stored, options?: DeleteOptions): void;
}

export const systemWriter = (username: string, manager: string): Writer => ({
  user: { username, groups: ["system:masters", "system:authenticated"] },
  dryRun: false,
  manager,
});

export const createSystemClient = (server: ServerContext, username: string, manager: string): SystemClient => {
  const writer = systemWriter(username, manager);
  const placeOf = ({ metadata }: Stored): Place => ({ namespace: metadata.namespace, name: metadata.name });
  const update: SystemClient["update"] = (object, change, subresource) =>
    updateObject(server, builtIn(object.apiVersion, object.kind), placeOf(object), { subresource, change }, writer).object;
  return {
    create: (resource, namespace, body) => createObject(server, resource, namespace, body, writer).object,
    update,
    setStatus: (object, status) =>
      jsonEqual(object["status"] ?? {}, status) ? object : update(object, (old) => withValue(old, ["status"], status), "status"),
    remove: (object, options = {}) => {
      const preconditions = { uid: object.metadata.uid };
      deleteObject(server, builtIn(object.apiVersion, object.kind), placeOf(object), { preconditions, ...options }, writer);
    },
  };
};

/** What the server says against it, where it does: gone or changed meanwhile, which a later look sees. */
export const refusalOf = (work: () => unknown): ApiError | undefined => {
  try {
    work();
    return undefined;
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    return error;
  }
};
