// One request after another: who calls, may they, what is meant, and the answer. The whole of a request happens at once, so that no two ever interleave.
import { type AuditEvent, type Audited, auditEvent } from "#embedded/audit.ts";
import { type Authorizer } from "#embedded/authorization.ts";
import { type WatchStream, listBody, listObjects, matcherOf, watchObjects } from "#embedded/collections.ts";
import { discover } from "#embedded/discovery.ts";
import { type Identities, type User, anonymous, impersonated } from "#embedded/identity.ts";
import { type JsonRecord, type Stored, at, isRecord, listOf, recordOf, textOf } from "#embedded/json.ts";
import { applied } from "#embedded/managed-fields.ts";
import { createObject, deleteObject, updateObject, type Place, type Written } from "#embedded/objects.ts";
import { openApi } from "#embedded/openapi.ts";
import { bodyOf, checkAccept, mediaTypeOf, patchOf, patchTypes } from "#embedded/media.ts";
import { type ApiRequest, type Target, headerOf, isDryRun, isTrue, targetOf } from "#embedded/request.ts";
import { type Resource, findResource, storageKeyOf } from "#embedded/resources.ts";
import { newUid } from "#embedded/random-text.ts";
import { servedForm } from "#embedded/event-versions.ts";
import { answerReview } from "#embedded/reviews.ts";
import { ApiError, badRequest, methodNotAllowed, noSuchPath, notFound, success } from "#embedded/status.ts";
import { bind, evict, requestToken, scaleOf, writeScale } from "#embedded/subresources.ts";
import { type PrinterColumn, metadataList, tableOf } from "#embedded/tables.ts";
import { type ServerContext, type Writer, crdsOf, versionOf } from "#embedded/server-context.ts";

export interface ApiResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** JSON; frozen, to be copied before it is changed. */
  readonly body?: unknown;
  readonly text?: string;
  readonly stream?: WatchStream;
}

export interface HandlerDeps {
  readonly server: ServerContext;
  readonly identities: Identities;
  readonly authorizer: Authorizer;
  /** Told of each request when it is answered. */
  readonly audit?: ((event: AuditEvent) => void) | undefined;
  /** Of a pod on a node. */
  readonly logOf: (pod: Stored, query: URLSearchParams) => string;
}

interface Call {
  readonly request: ApiRequest;
  readonly query: URLSearchParams;
  readonly target: Target;
  readonly resource: Resource;
  readonly user: User;
  readonly warnings: string[];
}

export const createHandler = (deps: HandlerDeps): ((request: ApiRequest) => ApiResponse) => {
  const { server, identities, authorizer } = deps;

  const callerOf = (request: ApiRequest): User => {
    const user = identities.authenticate(request);
    const other = impersonated(request);
    if (other === undefined) return user;
    const account = /^system:serviceaccount:([^:]+):([^:]+)$/.exec(other.username);
    if (account === null) authorizer.require(user, { verb: "impersonate", group: "", resource: "users", name: other.username });
    else authorizer.require(user, { verb: "impersonate", group: "", resource: "serviceaccounts", namespace: account[1], name: account[2] });
    return other;
  };

  const answer = (request: ApiRequest): ApiResponse => {
    const url = new URL(request.path, "http://localhost");
    const user = callerOf(request);
    const target = targetOf(request.method, url.pathname, url.searchParams);
    if (target === undefined) return pathAnswer(request, url.pathname, user);
    authorizer.require(user, {
      verb: target.verb,
      group: target.group,
      resource: target.plural,
      subresource: target.subresource,
      namespace: target.namespace,
      name: target.name ?? selectedName(url.searchParams),
    });
    const resource = findResource(server.resources(), target.group, target.version, target.plural);
    if (resource === undefined) {
      const isKnownGroup = server.resources().some(({ group, version }) => group === target.group && version === target.version);
      if (isKnownGroup) throw noSuchPath();
      return plain(404, "404 page not found\n");
    }
    checkAccept(request);
    const warnings: string[] = [];
    const response = resourceAnswer({ request, query: url.searchParams, target, resource, user, warnings });
    if (warnings.length === 0) return response;
    const warning = warnings.map((text) => `299 - ${JSON.stringify(text)}`).join(", ");
    return { ...response, headers: { ...response.headers, warning } };
  };

  const definitionOf = (resource: Resource): Stored | undefined =>
    resource.storage === "custom" ? server.find(crdsOf, undefined, `${resource.plural}.${resource.group}`) : undefined;

  const pathAnswer = (request: ApiRequest, pathname: string, user: User): ApiResponse => {
    authorizer.requirePath(user, request.method.toLowerCase(), pathname);
    if (["/healthz", "/livez", "/readyz"].includes(pathname)) return plain(200, "ok");
    const found = discover(server.resources(), pathname, headerOf(request, "accept") ?? "");
    const described = found === undefined ? openApi(server.resources(), pathname, definitionOf) : undefined;
    if (described !== undefined) return json(200, described);
    if (found === undefined) return plain(404, "404 page not found\n");
    return json(200, found.body, found.contentType);
  };

  const resourceAnswer = (call: Call): ApiResponse => {
    const { resource, target, query, request } = call;
    if (resource.storage === "virtual") {
      if (target.verb !== "create") throw methodNotAllowed();
      return json(201, answerReview(deps, resource, target.namespace, bodyOf(request), call.user));
    }
    if (resource.namespaced && target.namespace === undefined && !["list", "watch"].includes(target.verb)) throw methodNotAllowed();
    if (target.subresource !== undefined) return subresourceAnswer(call, target.subresource);
    switch (target.verb) {
      case "get":
        return shown(call, 200, existing(call));
      case "list": {
        const listed = listObjects(server, { resource, namespace: namespaceOf(call), name: target.name, query });
        const form = tableFor(call) ?? (wants(request, "PartialObjectMetadataList") ? metadataList : undefined);
        return json(200, form === undefined ? listBody(resource, listed) : form(listed.items, listed.metadata));
      }
      case "watch":
        return watched(call);
      case "create": {
        if (target.name !== undefined) throw methodNotAllowed();
        const body = bodyAndCheck(call);
        checkRights(call, body);
        return written(call, createObject(server, resource, target.namespace, body, writerOf(call)), 201);
      }
      case "update": {
        if (target.name === undefined) throw methodNotAllowed();
        return replaced(call, placeOf(call));
      }
      case "patch": {
        if (target.name === undefined) throw methodNotAllowed();
        return patched(call, placeOf(call));
      }
      case "delete":
        return deleted(call, placeOf(call));
      case "deletecollection":
        return collectionDeleted(call);
      default:
        throw methodNotAllowed();
    }
  };

  const namespaceOf = ({ target, resource }: Call): string | undefined => (resource.namespaced ? target.namespace : undefined);
  const placeOf = (call: Call): Place => ({ namespace: namespaceOf(call), name: call.target.name ?? "" });

  const existing = (call: Call): Stored => {
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

  const checkRights = ({ user, resource, target }: Call, body: unknown): void => {
    if (resource.group !== "rbac.authorization.k8s.io" || !isRecord(body)) return;
    const metadata = { ...recordOf(body["metadata"]), ...(target.namespace === undefined ? {} : { namespace: target.namespace }) };
    authorizer.requireNoEscalation(user, { ...body, kind: resource.kind, metadata } as unknown as Stored);
  };

  const written = (call: Call, result: Written, status: number): ApiResponse => {
    const mode = call.query.get("fieldValidation") ?? "Warn";
    if (mode === "Warn") call.warnings.push(...result.dropped.map((path) => `unknown field ${JSON.stringify(path)}`));
    return shown(call, status, result.object);
  };

  const checkStrict = (call: Call, body: unknown): void => {
    if (call.query.get("fieldValidation") !== "Strict" || !isRecord(body)) return;
    const { dropped } = server.strategyOf(call.resource).decode(body);
    if (dropped.length === 0) return;
    const fields = dropped.map((path) => `unknown field ${JSON.stringify(path)}`).join(", ");
    const { kind, version } = call.resource;
    throw badRequest(`${kind} in version ${JSON.stringify(version)} cannot be handled as a ${kind}: strict decoding error: ${fields}`);
  };

  const bodyAndCheck = (call: Call): JsonRecord => {
    const body = bodyOf(call.request);
    checkStrict(call, body);
    return body;
  };

  const replaced = (call: Call, place: Place, subresource?: string): ApiResponse => {
    const { resource } = call;
    const body = bodyAndCheck(call);
    checkRights(call, body);
    const name = at(body, "metadata", "name");
    if (textOf(name) === "") throw badRequest(`the name of the object ( based on URL) was undeterminable: name must be provided`);
    if (name !== place.name)
      throw badRequest(`the name of the object (${textOf(name)}) does not match the name on the URL (${place.name})`);
    if (resource.createsOnUpdate && subresource === undefined && server.find(resource, place.namespace, place.name) === undefined) {
      const { resourceVersion: _version, uid: _uid, ...metadata } = recordOf(body["metadata"]);
      return written(call, createObject(server, resource, place.namespace, { ...body, metadata }, writerOf(call)), 201);
    }
    const options = { subresource, change: () => body, isReplace: true };
    return written(call, updateObject(server, resource, place, options, writerOf(call)), 200);
  };

  const patched = (call: Call, place: Place, subresource?: string): ApiResponse => {
    const { resource, request } = call;
    const type = mediaTypeOf(request);
    const writer = writerOf(call);
    if (type === patchTypes.apply) return appliedTo(call, place, subresource);
    const change = patchOf(resource, type, request);
    const options = {
      subresource,
      change: (old: Stored) => {
        const next = change(old);
        checkStrict(call, next);
        checkRights(call, next);
        return next;
      },
    };
    return written(call, updateObject(server, resource, place, options, writer), 200);
  };

  const appliedTo = (call: Call, place: Place, subresource: string | undefined): ApiResponse => {
    const { resource, query, request } = call;
    const manager = query.get("fieldManager") ?? "";
    if (manager === "")
      throw new ApiError(
        422,
        "Invalid",
        'PatchOptions.meta.k8s.io "" is invalid: fieldManager: Required value: is required for apply patch',
        {
          group: "meta.k8s.io",
          kind: "PatchOptions",
          causes: [{ reason: "FieldValueRequired", message: "Required value: is required for apply patch", field: "fieldManager" }],
        },
      );
    const config = bodyOf(request);
    checkStrict(call, config);
    checkRights(call, config);
    if (listOf(at(config, "metadata", "managedFields")).length > 0) throw badRequest("metadata.managedFields must be nil");
    const application = {
      manager,
      force: isTrue(query.get("force")),
      time: server.timestamp(),
      subresource,
      listKeys: server.strategyOf(resource).listKeys,
    };
    const old = server.find(resource, place.namespace, place.name);
    const meta = { ...recordOf(config["metadata"]), name: at(config, "metadata", "name") ?? place.name };
    const named = { ...config, metadata: meta };
    if (old === undefined) {
      if (subresource !== undefined) throw notFound(resource, place.name);
      const fresh = applied(undefined, named, resource, application);
      return written(call, createObject(server, resource, place.namespace, named, writerOf(call), fresh.track), 201);
    }
    const result = applied(old, named, resource, application);
    const options = { subresource, change: () => result.object, track: (_old: Stored, next: JsonRecord) => result.track(next) };
    return written(call, updateObject(server, resource, place, options, writerOf(call)), 200);
  };

  const deleted = (call: Call, place: Place): ApiResponse => {
    const { resource, query } = call;
    const options = deleteOptionsOf(call);
    const before = existing(call);
    const result = deleteObject(server, resource, place, options, writerOf(call, options));
    if (resource.group === crdsOf.group && result.gone && !isDryRun(query, options["dryRun"])) removeInstances(before);
    if (!result.gone || resource.returnsDeleted) return shown(call, 200, result.object);
    const { name, uid } = result.object.metadata;
    return json(200, success({ name, ...(resource.group === "" ? {} : { group: resource.group }), kind: resource.plural, uid }));
  };

  const removeInstances = (definition: Stored): void => {
    const key = `${textOf(at(definition, "spec", "group"))}/${textOf(at(definition, "spec", "names", "plural"))}`;
    for (const object of server.store.list(key)) server.store.remove(key, object);
  };

  const collectionDeleted = (call: Call): ApiResponse => {
    const { resource, query } = call;
    const options = deleteOptionsOf(call);
    const fits = matcherOf({ resource, namespace: namespaceOf(call), query });
    const items = server.store.list(storageKeyOf(resource)).filter(fits);
    for (const { metadata } of items)
      deleteObject(server, resource, { namespace: metadata.namespace, name: metadata.name }, options, writerOf(call, options));
    return json(200, listBody(resource, { items, metadata: { resourceVersion: String(server.store.revision) } }));
  };

  const deleteOptionsOf = ({ request, query }: Call): JsonRecord => {
    const body = request.body === undefined || request.body === "" ? {} : bodyOf(request);
    const policy = query.get("propagationPolicy");
    const grace = query.get("gracePeriodSeconds");
    return {
      ...(policy === null ? {} : { propagationPolicy: policy }),
      ...(grace === null ? {} : { gracePeriodSeconds: Number(grace) }),
      ...body,
    };
  };

  const subresourceAnswer = (call: Call, subresource: string): ApiResponse => {
    const { resource, target, request } = call;
    if (!(resource.subresources as readonly string[]).includes(subresource)) throw noSuchPath();
    const place = placeOf(call);
    switch (`${target.verb} ${subresource}`) {
      case "get status":
        return shown(call, 200, existing(call));
      case "update status":
      case "update finalize":
        return replaced(call, place, subresource);
      case "patch status":
        return patched(call, place, subresource);
      case "get scale":
        return json(200, scaleOf(server, resource, existing(call)));
      case "update scale":
      case "patch scale": {
        const change = target.verb === "patch" ? patchOf(resource, mediaTypeOf(request), request) : (): JsonRecord => bodyOf(request);
        return json(200, writeScale(server, resource, place, change, writerOf(call)));
      }
      case "create eviction": {
        const body = bodyOf(request);
        return json(201, evict(server, resource, place, body, writerOf(call, body["deleteOptions"])));
      }
      case "create token":
        return json(201, requestToken(server, identities, resource, place, bodyOf(request), writerOf(call)));
      case "create binding":
        bind(server, existing(call), textOf(at(bodyOf(request), "target", "name")));
        return json(201, { kind: "Status", apiVersion: "v1", metadata: {}, status: "Success", code: 201 });
      case "get log":
        return logAnswer(existing(call), call.query);
      default:
        throw methodNotAllowed();
    }
  };

  /** What it would like best. */
  const wants = (request: ApiRequest, form: "Table" | "PartialObjectMetadataList"): boolean => {
    const accept = (headerOf(request, "accept") ?? "").split(",")[0]?.split(/;\s*/) ?? [];
    return accept.includes(`as=${form}`) && accept.includes("g=meta.k8s.io");
  };
  const logAnswer = (pod: Stored, query: URLSearchParams): ApiResponse =>
    textOf(at(pod, "spec", "nodeName")) === ""
      ? plain(204, "")
      : { status: 200, headers: { "content-type": "text/plain" }, text: deps.logOf(pod, query) };

  const tableFor = ({ resource, request, query }: Call): ((items: readonly Stored[], metadata: JsonRecord) => JsonRecord) | undefined => {
    if (!wants(request, "Table")) return undefined;
    const crd = definitionOf(resource);
    const columns =
      crd === undefined ? undefined : (versionOf(crd, resource.version)["additionalPrinterColumns"] as PrinterColumn[] | undefined);
    const includeObject = query.get("includeObject") ?? "Metadata";
    return (items, metadata) => tableOf(items, metadata, { resource, columns, includeObject, nowMs: server.clock.now() });
  };

  const shown = (call: Call, status: number, object: Stored): ApiResponse => {
    const table = tableFor(call);
    return json(
      status,
      table === undefined ? servedForm(call.resource, object) : table([object], { resourceVersion: object.metadata.resourceVersion }),
    );
  };

  const watched = (call: Call): ApiResponse => {
    const { resource, target, query } = call;
    const stream = watchObjects(server, { resource, namespace: namespaceOf(call), name: target.name, query });
    const table = tableFor(call);
    if (table === undefined) return { status: 200, headers: jsonType, stream };
    const asTable: WatchStream = (sink) =>
      stream({
        end: sink.end,
        event: (event) =>
          sink.event(
            event.type === "ERROR" || event.type === "BOOKMARK"
              ? event
              : {
                  type: event.type,
                  object: table([event.object as Stored], { resourceVersion: (event.object as Stored).metadata.resourceVersion }),
                },
          ),
      });
    return { status: 200, headers: jsonType, stream: asTable };
  };

  const answered = (request: ApiRequest): ApiResponse => {
    try {
      return answer(request);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      const { status } = error;
      const seconds = status.details?.retryAfterSeconds;
      const response = json(status.code ?? 500, status);
      return seconds === undefined ? response : { ...response, headers: { ...response.headers, "retry-after": String(seconds) } };
    }
  };

  const { audit } = deps;
  if (audit === undefined) return answered;
  return (request) => {
    const response = answered(request);
    audit(
      auditEvent({
        request,
        response,
        ...audited(identities, request),
        id: newUid(server.random),
        at: new Date(server.clock.now()).toISOString(),
      }),
    );
    return response;
  };
};

const audited = (identities: Identities, request: ApiRequest): Pick<Audited, "target" | "user" | "impersonated"> => {
  const url = new URL(request.path, "http://localhost");
  const target = targetOf(request.method, url.pathname, url.searchParams);
  try {
    return { target, user: identities.authenticate(request), impersonated: impersonated(request) };
  } catch {
    return { target, user: anonymous, impersonated: undefined };
  }
};

const jsonType = { "content-type": "application/json" };
const json = (status: number, body: unknown, contentType?: string): ApiResponse => ({
  status,
  headers: contentType === undefined ? jsonType : { "content-type": contentType },
  body,
});
const plain = (status: number, text: string): ApiResponse => ({ status, headers: { "content-type": "text/plain; charset=utf-8" }, text });

/** A right to one name is enough to list that one. */
const selectedName = (query: URLSearchParams): string | undefined =>
  /(?:^|,)metadata\.name==?([^,]+)/.exec(query.get("fieldSelector") ?? "")?.[1];
