// One request: authentication, authorization, the resource, its answer, the audit event. A request is answered in one go, so that no two interleave.
import { type AuditEvent, auditEvent } from "#embedded/audit.ts";
import { discover } from "#embedded/discovery.ts";
import { type User, anonymous, impersonated } from "#embedded/identity.ts";
import { checkAccept } from "#embedded/media.ts";
import { openApi } from "#embedded/openapi.ts";
import { newUid } from "#embedded/random-text.ts";
import { type ApiRequest, targetOf } from "#embedded/request.ts";
import { type RequestDeps, answerResource } from "#embedded/resource-requests.ts";
import { findResource } from "#embedded/resources.ts";
import { type ApiResponse, jsonResponse, textResponse } from "#embedded/response.ts";
import { ApiError, noSuchPath } from "#embedded/status.ts";

export interface HandlerDeps extends RequestDeps {
  /** Called with each request once it is answered. */
  readonly audit?: ((event: AuditEvent) => void) | undefined;
}

export const createHandler = (deps: HandlerDeps): ((request: ApiRequest) => ApiResponse) => {
  const { server, identities, authorizer, audit } = deps;

  const callerOf = (request: ApiRequest): User => {
    const user = identities.userOf(request);
    if (user === undefined) throw new ApiError(401, "Unauthorized", "Unauthorized");
    const other = impersonated(request);
    if (other === undefined) return user;
    const [, namespace, name] = /^system:serviceaccount:([^:]+):([^:]+)$/.exec(other.username) ?? [];
    if (namespace === undefined) authorizer.require(user, { verb: "impersonate", group: "", resource: "users", name: other.username });
    else authorizer.require(user, { verb: "impersonate", group: "", resource: "serviceaccounts", namespace, name });
    return other;
  };

  const answer = (request: ApiRequest): ApiResponse => {
    const url = new URL(request.path, "http://localhost");
    const user = callerOf(request);
    const target = targetOf(request.method, url.pathname, url.searchParams);
    if (target === undefined) return pathAnswer(request, url.pathname, user);
    const { verb, group, plural, subresource, namespace, name = selectedName(url.searchParams) } = target;
    authorizer.require(user, { verb, group, resource: plural, subresource, namespace, name });
    const resource = findResource(server.resources(), group, target.version, plural);
    if (resource === undefined) {
      if (server.resources().some((each) => each.group === group && each.version === target.version)) throw noSuchPath();
      return textResponse(404, "404 page not found\n");
    }
    checkAccept(request);
    const warnings: string[] = [];
    const response = answerResource(deps, { request, query: url.searchParams, target, resource, user, warnings });
    if (warnings.length === 0) return response;
    const warning = warnings.map((text) => `299 - ${JSON.stringify(text)}`).join(", ");
    return { ...response, headers: { ...response.headers, warning } };
  };

  const pathAnswer = (request: ApiRequest, pathname: string, user: User): ApiResponse => {
    authorizer.requirePath(user, request.method.toLowerCase(), pathname);
    if (["/healthz", "/livez", "/readyz"].includes(pathname)) return textResponse(200, "ok");
    const body = discover(server.resources(), pathname) ?? openApi(server.resources(), pathname);
    return body === undefined ? textResponse(404, "404 page not found\n") : jsonResponse(200, body);
  };

  const answered = (request: ApiRequest): ApiResponse => {
    try {
      return answer(request);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      const { status } = error;
      const seconds = status.details?.retryAfterSeconds;
      const response = jsonResponse(status.code ?? 500, status);
      return seconds === undefined ? response : { ...response, headers: { ...response.headers, "retry-after": String(seconds) } };
    }
  };

  if (audit === undefined) return answered;
  return (request) => {
    const response = answered(request);
    const url = new URL(request.path, "http://localhost");
    const target = targetOf(request.method, url.pathname, url.searchParams);
    const [id, at] = [newUid(server.random), new Date(server.clock.now()).toISOString()];
    const user = identities.userOf(request);
    const other = user === undefined ? undefined : impersonated(request);
    audit(auditEvent({ request, response, target, user: user ?? anonymous, impersonated: other, id, at }));
    return response;
  };
};

/** A right to one name is enough to list that one. */
const selectedName = (query: URLSearchParams): string | undefined =>
  /(?:^|,)metadata\.name==?([^,]+)/.exec(query.get("fieldSelector") ?? "")?.[1];
