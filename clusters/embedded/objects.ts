// Create and update as apiserver's generic registry does them: defaults, validation, admission, preconditions, then one write.
import { jsonEqual } from "#lib/canonical-json.ts";
import { apiVersionOf } from "#api/object.ts";
import { isSameObject, metadataErrors, metadataUpdateErrors, cleanMetadata } from "#embedded/metadata.ts";
import { admit } from "#embedded/admission.ts";
import { tracked } from "#embedded/managed-fields.ts";
import { type JsonRecord, type Stored, at, isRecord, listOf, recordOf, textOf, withValue, without } from "#embedded/json.ts";
import { newUid, randomSuffix } from "#embedded/random-text.ts";
import { type Resource, storageKeyOf } from "#embedded/resources.ts";
import { type FieldError, alreadyExists, badRequest, conflict, invalid, invalidValue, modified, notFound } from "#embedded/status.ts";
import { withCustomStatus } from "#embedded/custom-definitions.ts";
import type { ServerContext, Writer } from "#embedded/server-context.ts";

export interface Written {
  readonly object: Stored;
  readonly created: boolean;
  /** Fields that were not known. */
  readonly dropped: readonly string[];
}

export interface Place {
  readonly namespace?: string | undefined;
  readonly name: string;
}

/** The kind and place that the object names must be those of the path. */
const checkedBody = (resource: Resource, namespace: string | undefined, body: unknown): JsonRecord => {
  if (!isRecord(body)) throw badRequest("couldn't get version/kind; json parse error: json: cannot unmarshal into an object");
  const apiVersion = apiVersionOf(resource);
  const [ownVersion, ownKind] = [body["apiVersion"] ?? apiVersion, body["kind"] ?? resource.kind];
  if (ownVersion !== apiVersion)
    throw badRequest(`the API version in the data (${textOf(ownVersion)}) does not match the expected API version (${apiVersion})`);
  if (ownKind !== resource.kind)
    throw badRequest(`${textOf(ownKind)} in version "${resource.version}" cannot be handled as a ${resource.kind}: unexpected kind`);
  const metadata = recordOf(body["metadata"]);
  const own = textOf(metadata["namespace"]);
  if (resource.namespaced && own !== "" && own !== namespace)
    throw badRequest("the namespace of the provided object does not match the namespace sent on the request");
  return {
    ...body,
    apiVersion,
    kind: resource.kind,
    metadata: resource.namespaced ? { ...metadata, namespace } : without(metadata, "namespace"),
  };
};

export const createObject = (
  server: ServerContext,
  resource: Resource,
  namespace: string | undefined,
  body: unknown,
  writer: Writer,
  track?: (object: JsonRecord) => JsonRecord,
): Written => {
  const given = checkedBody(resource, namespace, body);
  const metadata = recordOf(given["metadata"]);
  if (textOf(metadata["resourceVersion"]) !== "" && metadata["resourceVersion"] !== "0")
    throw badRequest("resourceVersion should not be set on objects to be created");
  const generated = textOf(metadata["name"]) === "" && textOf(metadata["generateName"]) !== "";
  const name = generated ? `${textOf(metadata["generateName"])}${randomSuffix(server.random)}` : metadata["name"];
  const strategy = server.strategyOf(resource);
  const fresh = {
    ...given,
    metadata: {
      ...without(cleanMetadata(metadata), "resourceVersion", "deletionTimestamp", "deletionGracePeriodSeconds", "generation"),
      ...(name === undefined ? {} : { name }),
      uid: newUid(server.random),
      creationTimestamp: server.timestamp(),
      ...(resource.counts ? { generation: 1 } : {}),
    },
  };
  const { object: decoded, dropped } = strategy.decode(resource.subresources.includes("status") ? without(fresh, "status") : fresh);
  const filled = onCreate(resource, decoded);
  const givenName = generated ? textOf(metadata["generateName"]) : undefined;
  const label = textOf(name);
  refuse(resource, label, [...metadataErrors(resource, recordOf(filled["metadata"])), ...strategy.errors(filled)]);
  const withFields =
    track?.(filled) ?? tracked(undefined, filled, resource, { manager: writer.manager, time: server.timestamp(), schema: strategy.schema });
  const object = withCustomStatus(resource, withFields as Stored, server.timestamp());
  admit(server, { resource, namespace, name: label, givenName, operation: "CREATE", object, oldObject: null, options: {} }, writer);
  if (server.find(resource, namespace, label) !== undefined) throw alreadyExists(resource, label);
  return { object: writer.dryRun ? object : server.store.put(storageKeyOf(resource), object), created: true, dropped };
};

/** Only at its creation: later the finalizer is there to be taken away. */
const onCreate = (resource: Resource, object: JsonRecord): JsonRecord =>
  resource.kind === "Namespace" ? withValue(object, ["spec", "finalizers"], ["kubernetes"]) : object;

const refuse = (resource: Resource, name: string, errors: readonly FieldError[]): void => {
  if (errors.length > 0) throw invalid(resource, name, errors);
};

export interface UpdateOptions {
  readonly subresource?: string | undefined;
  /** From the object that is there to the one that is wanted; undefined where there is none and one may be made. */
  readonly change: (old: Stored) => unknown;
  /** The whole object comes from the caller: its uid is a precondition, and some kinds insist on a version. */
  readonly isReplace?: boolean;
  /** What admission sees instead of the object: a scale. */
  readonly shownAs?: (object: Stored) => JsonRecord;
  /** Its own record in managedFields. */
  readonly track?: (old: Stored, next: JsonRecord) => JsonRecord;
}

export const updateObject = (server: ServerContext, resource: Resource, place: Place, options: UpdateOptions, writer: Writer): Written => {
  const { namespace, name } = place;
  const { subresource, shownAs = (object: Stored): JsonRecord => object } = options;
  const old = server.find(resource, namespace, name);
  if (old === undefined) throw notFound(resource, name);
  const strategy = server.strategyOf(resource);
  const given = checkedBody(resource, namespace, options.change(old));
  const metadata = cleanMetadata(given["metadata"]);
  if (metadata["name"] !== undefined && metadata["name"] !== name)
    throw badRequest(`the name of the object (${textOf(metadata["name"])}) does not match the name on the URL (${name})`);
  checkPreconditions(resource, place, metadata, old, options.isReplace === true);

  const { object: decoded, dropped } = strategy.decode(
    keepOthersParts(resource, subresource, given, { ...metadata, uid: old.metadata.uid }, old),
  );
  const counted = { ...decoded, metadata: { ...ownMetadata(recordOf(decoded["metadata"]), old) } };
  refuse(resource, name, [
    ...metadataErrors(resource, recordOf(counted["metadata"])),
    ...metadataUpdateErrors(recordOf(counted["metadata"]), old.metadata),
    ...strategy.errors(counted, old),
  ]);
  const changes = subresource === undefined || subresource === "scale" ? strategy.countsChange(counted, old) : false;
  const generation = old.metadata.generation;
  const next: JsonRecord = changes && generation !== undefined ? withValue(counted, ["metadata", "generation"], generation + 1) : counted;
  const fields =
    options.track?.(old, next) ??
    tracked(old, next, resource, { manager: writer.manager, subresource, time: server.timestamp(), schema: strategy.schema });
  const object = withCustomStatus(resource, fields as Stored, server.timestamp());
  admit(
    server,
    { resource, subresource, namespace, name, operation: "UPDATE", object: shownAs(object), oldObject: shownAs(old), options: {} },
    writer,
  );
  if (isSameObject(object, old) && (options.track === undefined || isSameHistory(object, old)))
    return { object: old, created: false, dropped };
  const { deletionTimestamp, deletionGracePeriodSeconds = 0 } = object.metadata;
  const isGone = deletionTimestamp !== undefined && deletionGracePeriodSeconds === 0 && !isHeld(object);
  if (writer.dryRun) return { object: withVersion(object, old), created: false, dropped };
  if (!isGone) return { object: server.store.put(storageKeyOf(resource), object), created: false, dropped };
  return { object: server.store.remove(storageKeyOf(resource), object), created: false, dropped };
};

/** An apply that changes nothing may still make its manager an owner. */
const isSameHistory = (object: Stored, old: Stored): boolean =>
  jsonEqual(object.metadata.managedFields ?? [], old.metadata.managedFields ?? []);

const withVersion = (object: Stored, old: Stored): Stored => ({
  ...object,
  metadata: { ...object.metadata, resourceVersion: old.metadata.resourceVersion },
});

/** By a finalizer. */
export const isHeld = ({ kind, metadata, spec }: Stored): boolean =>
  listOf(metadata.finalizers).length > 0 || (kind === "Namespace" && listOf(at(spec, "finalizers")).length > 0);

const checkPreconditions = (
  resource: Resource,
  { namespace, name }: Place,
  metadata: JsonRecord,
  old: Stored,
  isReplace: boolean,
): void => {
  const isCustom = resource.storage === "custom";
  const uid = metadata["uid"];
  if (uid !== undefined && uid !== old.metadata.uid) {
    if (!isReplace) throw invalid(resource, name, [invalidValue("metadata.uid", uid, "field is immutable")]);
    const folder = isCustom ? `${resource.group}/${resource.plural}` : resource.plural;
    const key = ["/registry", folder, ...(namespace === undefined ? [] : [namespace]), name].join("/");
    const why = `Precondition failed: UID in precondition: ${textOf(uid)}, UID in object meta: ${old.metadata.uid}`;
    throw conflict(resource, name, `StorageError: invalid object, Code: 4, Key: ${key}, ResourceVersion: 0, AdditionalErrorMsg: ${why}`);
  }
  const version = metadata["resourceVersion"];
  // This one error names the resource where all others name the kind.
  if (version === undefined && isReplace && isCustom)
    throw invalid({ group: resource.group, kind: resource.plural }, name, [
      invalidValue("metadata.resourceVersion", 0, "must be specified for an update"),
    ]);
  if (version !== undefined && version !== "0" && version !== old.metadata.resourceVersion) throw conflict(resource, name, modified);
};

/** What this endpoint does not write stays as it is. */
const keepOthersParts = (
  resource: Resource,
  subresource: string | undefined,
  given: JsonRecord,
  metadata: JsonRecord,
  old: Stored,
): JsonRecord => {
  if (subresource === "status") {
    const kept = resource.storage === "custom" ? old.metadata : { ...metadata, labels: old.metadata.labels };
    return {
      ...without(old, "status"),
      metadata: cleanMetadata(kept),
      ...(given["status"] === undefined ? {} : { status: given["status"] }),
    };
  }
  if (subresource === "finalize") return { ...old, spec: given["spec"] ?? {} };
  if (!resource.subresources.includes("status")) return { ...given, metadata };
  return { ...without(given, "status"), metadata, ...(old["status"] === undefined ? {} : { status: old["status"] }) };
};

const ownMetadata = (metadata: JsonRecord, old: Stored): JsonRecord => {
  const kept: Record<string, unknown> = {
    ...metadata,
    uid: old.metadata.uid,
    creationTimestamp: old.metadata.creationTimestamp,
    name: old.metadata.name,
  };
  for (const field of ["namespace", "generation", "deletionTimestamp", "deletionGracePeriodSeconds", "generateName"] as const) {
    if (old.metadata[field] === undefined) delete kept[field];
    else kept[field] = old.metadata[field];
  }
  delete kept["resourceVersion"];
  return kept;
};
