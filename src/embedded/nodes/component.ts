// How a part of the cluster that is no client writes: as itself, through the same registry as everybody; what is gone or changed meanwhile is
// looked at again later. Decides nothing.
import { type JsonRecord, type Stored, withValue } from "#embedded/json.ts";
import { type DeleteOptions, type Place, createObject, deleteObject, updateObject } from "#embedded/objects.ts";
import { type Resource, findKind } from "#embedded/resources.ts";
import { ApiError } from "#embedded/status.ts";
import type { World, Writer } from "#embedded/world.ts";

export interface Component {
  readonly pods: Resource;
  readonly nodes: Resource;
  readonly leases: Resource;
  create(resource: Resource, namespace: string | undefined, body: JsonRecord): Stored | undefined;
  change(resource: Resource, place: Place, change: (old: Stored) => unknown, subresource?: string): Stored | undefined;
  setStatus(resource: Resource, object: Stored, status: JsonRecord): Stored | undefined;
  remove(resource: Resource, place: Place, options?: DeleteOptions): void;
}

export const createComponent = (world: World, username: string, manager: string): Component => {
  const writer: Writer = { user: { username, groups: ["system:masters", "system:authenticated"] }, dryRun: false, manager };
  const attempt = <T>(work: () => T): T | undefined => {
    try {
      return work();
    } catch (error) {
      if (error instanceof ApiError) return undefined;
      throw error;
    }
  };
  const kind = (apiVersion: string, name: string): Resource => {
    const found = findKind(world.resources(), apiVersion, name);
    if (found === undefined) throw new Error(`the server serves no ${name} of ${apiVersion}`);
    return found;
  };
  const change: Component["change"] = (resource, place, edit, subresource) =>
    attempt(() => updateObject(world, resource, place, { subresource, change: edit }, writer).object);
  return {
    pods: kind("v1", "Pod"),
    nodes: kind("v1", "Node"),
    leases: kind("coordination.k8s.io/v1", "Lease"),
    create: (resource, namespace, body) => attempt(() => createObject(world, resource, namespace, body, writer).object),
    change,
    setStatus: (resource, object, status) => change(resource, object.metadata, (old) => withValue(old, ["status"], status), "status"),
    remove: (resource, place, options = {}) => void attempt(() => deleteObject(world, resource, place, options, writer)),
  };
};
