// What is asked of a resource, by verb and subresource, and the form of the answer: an object, a list, a table, a stream.
import type { Authorizer } from "#embedded/authorization.ts";
import { type WatchStream, listBody, listObjects, watchObjects } from "#embedded/collections.ts";
import { deleteObject } from "#embedded/deletion.ts";
import type { Identities, User } from "#embedded/identity.ts";
import { type JsonRecord, type Stored, at, isRecord, listOf, recordOf, textOf } from "#embedded/json.ts";
import { applied } from "#embedded/managed-fields.ts";
import { bodyOf, mediaTypeOf, patchOf, patchTypes } from "#embedded/media.ts";
import { type Place, type UpdateOptions, type Written, createObject, updateObject } from "#embedded/objects.ts";
import { type ApiRequest, type Target, headerOf, isDryRun, isTrue } from "#embedded/request.ts";
import type { Resource } from "#embedded/resources.ts";
import { type ApiResponse, jsonResponse } from "#embedded/response.ts";
import { answerReview } from "#embedded/reviews.ts";
import { type ServerContext, type Writer, crdsOf } from "#embedded/server-context.ts";
import { badRequest, invalid, methodNotAllowed, noSuchPath, notFound, required, success } from "#embedded/status.ts";
import { bind, evict, requestToken, scaleOf, writeScale } from "#embedded/subresources.ts";
import { metadataList, tableOf } from "#embedded/tables.ts";

export interface RequestDeps {
  readonly server: ServerContext;
  readonly identities: Identities;
  readonly authorizer: Authorizer;
  /** The log of a pod that runs on a node. */
  readonly logOf: (pod: Stored, query: URLSearchParams) => string;
}

export interface Call {
  readonly request: ApiRequest;
  readonly query: URLSearchParams;
  readonly target: Target;
  readonly resource: Resource;
  readonly user: User;
  /** Collects the warnings of the answer. */
  readonly warnings: string[];
}

type Answer = (deps: RequestDeps, call: Call) => ApiResponse;

export const answerResource: Answer = (deps, call) => {
  const { resource, target, request } = call;
  if (resource.storage === "virtual") {
    if (target.verb !== "create") throw methodNotAllowed();
    return jsonResponse(201, answerReview(deps, resource, bodyOf(request), call.user));
  }
  const isOfOne = target.name !== undefined;
  if (resource.namespaced && target.namespace === undefined && (isOfOne || target.verb === "create")) throw methodNotAllowed();
  if (target.subresource !== undefined && !(resource.subresources as readonly string[]).includes(target.subresource)) throw noSuchPath();
  const key = target.subresource === undefined ? target.verb : `${target.verb} ${target.subresource}`;
  const answer = answers[key];
  const needsName = !["list", "watch", "create"].includes(target.verb) || target.subresource !== undefined;
  if (answer === undefined || (needsName && !isOfOne) || (key === "create" && isOfOne)) throw methodNotAllowed();
  return answer(deps, call);
};

const placeOf = ({ target, resource }: Call): Place => ({
  namespace: resource.namespaced ? target.namespace : undefined,
  name: target.name ?? "",
});

const existing = ({ server }: RequestDeps, call: Call): Stored => {
  const { name, namespace } = placeOf(call);
  const object = server.find(call.resource, namespace, name);
  if (object === undefined) throw notFound(call.resource, name);
  return object;
};

const writerOf = ({ user, query, request, warnings }: Call, options?: unknown): Writer => ({
  user,
  warn: (message) => void warnings.push(message),
  dryRun: isDryRun(query, at(options, "dryRun")),
  manager: query.get("fieldManager") ?? (headerOf(request, "user-agent") ?? "unknown").split("/")[0]?.slice(0, 128) ?? "unknown",
});

type Form = "Table" | "PartialObjectMetadataList";
/** The form that the client prefers. */
const prefers = (request: ApiRequest, form: Form): boolean => {
  const accept = (headerOf(request, "accept") ?? "").split(",")[0]?.split(/;\s*/) ?? [];
  return accept.includes(`as=${form}`) && accept.includes("g=meta.k8s.io");
};

type Table = (items: readonly Stored[], metadata: JsonRecord) => JsonRecord;

const tableFor = ({ server }: RequestDeps, { resource, request, query }: Call): Table | undefined => {
  if (!prefers(request, "Table")) return undefined;
  const includeObject = query.get("includeObject") ?? "Metadata";
  return (items, metadata) => tableOf(items, metadata, { resource, includeObject, nowMs: server.clock.now() });
};

const shown = (deps: RequestDeps, call: Call, status: number, object: Stored): ApiResponse => {
  const table = tableFor(deps, call);
  return jsonResponse(status, table === undefined ? object : table([object], { resourceVersion: object.metadata.resourceVersion }));
};

const written = (deps: RequestDeps, call: Call, { object, dropped, created }: Written): ApiResponse => {
  if ((call.query.get("fieldValidation") ?? "Warn") === "Warn")
    call.warnings.push(...dropped.map((path) => `unknown field ${JSON.stringify(path)}`));
  return shown(deps, call, created ? 201 : 200, object);
};

const checkStrict = ({ server }: RequestDeps, { query, resource }: Call, body: unknown): void => {
  if (query.get("fieldValidation") !== "Strict" || !isRecord(body)) return;
  const { dropped } = server.strategyOf(resource).decode(body);
  if (dropped.length === 0) return;
  const fields = dropped.map((path) => `unknown field ${JSON.stringify(path)}`).join(", ");
  const { kind, version } = resource;
  throw badRequest(`${kind} in version ${JSON.stringify(version)} cannot be handled as a ${kind}: strict decoding error: ${fields}`);
};

const listed: Answer = (deps, call) => {
  const { resource, target, query, request } = call;
  const found = listObjects(deps.server, { resource, namespace: placeOf(call).namespace, name: target.name, query });
  const form = tableFor(deps, call) ?? (prefers(request, "PartialObjectMetadataList") ? metadataList : undefined);
  return jsonResponse(200, form === undefined ? listBody(resource, found) : form(found.items, found.metadata));
};

const watched: Answer = (deps, call) => {
  const { resource, target, query } = call;
  const stream = watchObjects(deps.server, { resource, namespace: placeOf(call).namespace, name: target.name, query });
  const table = tableFor(deps, call);
  const asTables: WatchStream = (sink) =>
    stream({
      end: sink.end,
      event: (event) => {
        const object = event.object as Stored;
        const isObject = event.type !== "ERROR" && event.type !== "BOOKMARK" && table !== undefined;
        sink.event(isObject ? { type: event.type, object: table([object], { resourceVersion: object.metadata.resourceVersion }) } : event);
      },
    });
  return { status: 200, headers: { "content-type": "application/json" }, stream: table === undefined ? stream : asTables };
};

const created: Answer = (deps, call) => {
  const body = bodyOf(call.request);
  checkStrict(deps, call, body);
  return written(deps, call, createObject(deps.server, call.resource, call.target.namespace, body, writerOf(call)));
};

const updated = (deps: RequestDeps, call: Call, options: Omit<UpdateOptions, "subresource">): ApiResponse => {
  const { subresource } = call.target;
  return written(deps, call, updateObject(deps.server, call.resource, placeOf(call), { ...options, subresource }, writerOf(call)));
};

const replaced: Answer = (deps, call) => {
  const body = bodyOf(call.request);
  checkStrict(deps, call, body);
  const [name, place] = [textOf(at(body, "metadata", "name")), placeOf(call)];
  if (name === "") throw badRequest(`the name of the object ( based on URL) was undeterminable: name must be provided`);
  if (name !== place.name) throw badRequest(`the name of the object (${name}) does not match the name on the URL (${place.name})`);
  return updated(deps, call, { change: () => body, isReplace: true });
};

const patched: Answer = (deps, call) => {
  const { resource, request } = call;
  const type = mediaTypeOf(request);
  if (type === patchTypes.apply) return appliedTo(deps, call);
  const change = patchOf(resource, deps.server.strategyOf(resource).schema, type, request);
  return updated(deps, call, {
    change: (old) => {
      const next = change(old);
      checkStrict(deps, call, next);
      return next;
    },
  });
};

const appliedTo: Answer = (deps, call) => {
  const { server } = deps;
  const { resource, query, request } = call;
  const { subresource } = call.target;
  const place = placeOf(call);
  const manager = query.get("fieldManager") ?? "";
  if (manager === "")
    throw invalid({ group: "meta.k8s.io", kind: "PatchOptions" }, "", [required("fieldManager", "is required for apply patch")]);
  const config = bodyOf(request);
  checkStrict(deps, call, config);
  if (listOf(at(config, "metadata", "managedFields")).length > 0) throw badRequest("metadata.managedFields must be nil");
  const application = {
    manager,
    force: isTrue(query.get("force")),
    time: server.timestamp(),
    subresource,
    schema: server.strategyOf(resource).schema,
  };
  const old = server.find(resource, place.namespace, place.name);
  const named = { ...config, metadata: { name: place.name, ...recordOf(config["metadata"]) } };
  const result = applied(old, named, resource, application);
  if (old !== undefined) return updated(deps, call, { change: () => result.object, track: (_old, next) => result.track(next) });
  if (subresource !== undefined) throw notFound(resource, place.name);
  return written(deps, call, createObject(server, resource, place.namespace, named, writerOf(call), result.track));
};

const deleted: Answer = (deps, call) => {
  const { server } = deps;
  const { resource, query, request } = call;
  const body = request.body === undefined || request.body === "" ? {} : bodyOf(request);
  const grace = query.get("gracePeriodSeconds");
  const options = { ...(grace === null ? {} : { gracePeriodSeconds: Number(grace) }), ...body };
  const writer = writerOf(call, options);
  const before = existing(deps, call);
  const { object, gone } = deleteObject(server, resource, placeOf(call), options, writer);
  if (resource.group === crdsOf.group && gone && !writer.dryRun) {
    const key = `${textOf(at(before, "spec", "group"))}/${textOf(at(before, "spec", "names", "plural"))}`;
    for (const each of server.store.list(key)) server.store.remove(key, each);
  }
  if (!gone) return shown(deps, call, 200, object);
  const { name, uid } = object.metadata;
  return jsonResponse(200, success({ name, ...(resource.group === "" ? {} : { group: resource.group }), kind: resource.plural, uid }));
};

const scaled: Answer = (deps, call) => {
  const { resource, target, request } = call;
  const change = target.verb === "patch" ? patchOf(resource, {}, mediaTypeOf(request), request) : (): JsonRecord => bodyOf(request);
  return jsonResponse(200, writeScale(deps.server, resource, placeOf(call), change, writerOf(call)));
};

const got: Answer = (deps, call) => shown(deps, call, 200, existing(deps, call));

const answers: Readonly<Record<string, Answer>> = {
  get: got,
  list: listed,
  watch: watched,
  create: created,
  update: replaced,
  patch: patched,
  delete: deleted,
  "get status": got,
  "update status": replaced,
  "update finalize": replaced,
  "patch status": patched,
  "get scale": (deps, call) => jsonResponse(200, scaleOf(existing(deps, call))),
  "update scale": scaled,
  "patch scale": scaled,
  "create eviction": ({ server }, call) => {
    const body = bodyOf(call.request);
    return jsonResponse(201, evict(server, call.resource, placeOf(call), body, writerOf(call, body["deleteOptions"])));
  },
  "create token": ({ server, identities }, call) =>
    jsonResponse(201, requestToken(server, identities, call.resource, placeOf(call), bodyOf(call.request), writerOf(call))),
  "create binding": (deps, call) => {
    bind(deps.server, existing(deps, call), textOf(at(bodyOf(call.request), "target", "name")));
    return jsonResponse(201, { kind: "Status", apiVersion: "v1", metadata: {}, status: "Success", code: 201 });
  },
  "get log": (deps, call) => {
    const pod = existing(deps, call);
    const isBound = textOf(at(pod, "spec", "nodeName")) !== "";
    return { status: isBound ? 200 : 204, headers: { "content-type": "text/plain" }, text: isBound ? deps.logOf(pod, call.query) : "" };
  },
};
