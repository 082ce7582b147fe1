// Delete as apiserver's generic registry does it: preconditions, admission, grace and finalizers, then one write. Dependents go in the background.
import { admit } from "#embedded/admission.ts";
import { type Stored, at, numberOf, recordOf, textOf } from "#embedded/json.ts";
import { isSameObject } from "#embedded/metadata.ts";
import { type Place, isHeld } from "#embedded/objects.ts";
import { type Resource, storageKeyOf } from "#embedded/resources.ts";
import type { ServerContext, Writer } from "#embedded/server-context.ts";
import { conflict, notFound } from "#embedded/status.ts";

export interface DeleteOptions {
  readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string };
  readonly gracePeriodSeconds?: number;
  /** Another request has been admitted in its place. */
  readonly isAdmitted?: true;
}
export interface Deleted {
  readonly object: Stored;
  readonly gone: boolean;
}

export const deleteObject = (server: ServerContext, resource: Resource, place: Place, options: DeleteOptions, writer: Writer): Deleted => {
  const { namespace, name } = place;
  const old = server.find(resource, namespace, name);
  if (old === undefined) throw notFound(resource, name);
  checkDeletePreconditions(resource, name, options, old);
  if (options.isAdmitted !== true)
    admit(server, { resource, namespace, name, operation: "DELETE", object: null, oldObject: old, options: { ...options } }, writer);
  const grace = graceOf(old, options);
  const earlier = old.metadata.deletionGracePeriodSeconds;
  const seconds = earlier === undefined ? grace : Math.min(earlier, grace);
  const held = isHeld(old) || seconds > 0;
  const metadata = {
    ...old.metadata,
    deletionTimestamp: old.metadata.deletionTimestamp ?? deletionTime(server, seconds),
    deletionGracePeriodSeconds: seconds,
    ...(old.metadata.deletionTimestamp === undefined && old.metadata.generation !== undefined && held
      ? { generation: old.metadata.generation + 1 }
      : {}),
  };
  const dying = {
    ...old,
    metadata,
    ...(old.kind === "Namespace" ? { status: { ...recordOf(old["status"]), phase: "Terminating" } } : {}),
  };
  const next = dying as unknown as Stored;
  if (held) {
    if (writer.dryRun || isSameObject(next, old)) return { object: writer.dryRun ? next : old, gone: false };
    return { object: server.store.put(storageKeyOf(resource), next), gone: false };
  }
  if (writer.dryRun) return { object: old, gone: true };
  server.store.remove(storageKeyOf(resource), old);
  return { object: old, gone: true };
};

const deletionTime = (server: ServerContext, seconds: number): string =>
  new Date(Math.floor(server.clock.now() / 1000) * 1000 + seconds * 1000).toISOString().replace(".000Z", "Z");

/** Only a pod on a node has a kubelet that ends it. */
const graceOf = (old: Stored, options: DeleteOptions): number => {
  if (old.kind !== "Pod" || textOf(at(old, "spec", "nodeName")) === "") return 0;
  const phase = at(old, "status", "phase");
  if (phase === "Failed" || phase === "Succeeded") return 0;
  return options.gracePeriodSeconds ?? numberOf(at(old, "spec", "terminationGracePeriodSeconds")) ?? 30;
};

const checkDeletePreconditions = (resource: Resource, name: string, { preconditions = {} }: DeleteOptions, old: Stored): void => {
  const { uid, resourceVersion } = old.metadata;
  const named = { group: "", plural: resource.group === "" ? resource.kind : `${resource.kind}.${resource.group}` };
  const refuse = (field: string, wanted: string, actual: string, meaning: string): never => {
    throw conflict(
      named,
      name,
      `the ${field} in the precondition (${wanted}) does not match the ${field} in record (${actual}). The object might have been ${meaning}`,
    );
  };
  if (preconditions.uid !== undefined && preconditions.uid !== uid) refuse("UID", preconditions.uid, uid, "deleted and then recreated");
  if (preconditions.resourceVersion !== undefined && preconditions.resourceVersion !== resourceVersion)
    refuse("ResourceVersion", preconditions.resourceVersion, resourceVersion, "modified");
};
