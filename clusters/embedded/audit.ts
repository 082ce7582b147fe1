// The audit event of an answered request, in the form of audit.k8s.io/v1. Keeps the bodies of writes as they came; decides nothing.
import type { User } from "#embedded/identity.ts";
import { at, textOf } from "#embedded/json.ts";
import { type ApiRequest, type Target, headerOf } from "#embedded/request.ts";

/** A real server may say less of one. */
export type AuditUser = Pick<User, "username"> & Partial<User>;

export interface AuditEvent {
  readonly auditID: string;
  readonly stage: "ResponseStarted" | "ResponseComplete" | "Panic";
  readonly verb: string;
  readonly requestURI: string;
  readonly user: AuditUser;
  readonly impersonatedUser?: AuditUser;
  readonly userAgent?: string;
  readonly objectRef?: {
    readonly apiGroup?: string;
    readonly apiVersion?: string;
    readonly resource: string;
    readonly subresource?: string;
    readonly namespace?: string;
    readonly name?: string;
  };
  readonly responseStatus?: { readonly code?: number; readonly reason?: string };
  readonly requestObject?: unknown;
  readonly responseObject?: unknown;
  readonly requestReceivedTimestamp: string;
  readonly stageTimestamp: string;
}

export interface Audited {
  readonly request: ApiRequest;
  readonly target: Target | undefined;
  readonly user: User;
  readonly impersonated: User | undefined;
  readonly response: { readonly status: number; readonly body?: unknown; readonly stream?: unknown };
  readonly id: string;
  readonly at: string;
}

/** A request for a path without a resource has no objectRef; a watch has its event when it begins. */
export const auditEvent = ({ request, target, user, impersonated, response, id, at: time }: Audited): AuditEvent => {
  const isWrite = target !== undefined && !["get", "list", "watch"].includes(target.verb);
  const reason = textOf(at(response.body, "reason"));
  return {
    auditID: id,
    stage: response.stream === undefined ? "ResponseComplete" : "ResponseStarted",
    verb: target?.verb ?? request.method.toLowerCase(),
    requestURI: request.path,
    user,
    ...(impersonated === undefined ? {} : { impersonatedUser: impersonated }),
    ...(headerOf(request, "user-agent") === undefined ? {} : { userAgent: headerOf(request, "user-agent") ?? "" }),
    ...(target === undefined ? {} : { objectRef: objectRefOf(target, response.body) }),
    responseStatus: { code: response.status, ...(reason === "" || response.status < 300 ? {} : { reason }) },
    ...(isWrite ? { ...parsed(request.body), responseObject: response.body } : {}),
    requestReceivedTimestamp: time,
    stageTimestamp: time,
  };
};

/** The name of a created object is only in the answer. */
const objectRefOf = (target: Target, answer: unknown): NonNullable<AuditEvent["objectRef"]> => {
  const made = target.verb === "create" && target.name === undefined ? textOf(at(answer, "metadata", "name")) : "";
  const name = target.name ?? made;
  return {
    ...(target.group === "" ? {} : { apiGroup: target.group }),
    apiVersion: target.version,
    resource: target.plural,
    ...(target.subresource === undefined ? {} : { subresource: target.subresource }),
    ...(target.namespace === undefined ? {} : { namespace: target.namespace }),
    ...(name === "" ? {} : { name }),
  };
};

const parsed = (body: string | undefined): { readonly requestObject?: unknown } => {
  if (body === undefined || body === "") return {};
  try {
    return { requestObject: JSON.parse(body) as unknown };
  } catch {
    // YAML, or unreadable: the event has no body.
    return {};
  }
};
