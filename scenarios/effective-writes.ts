// Who really changed what, read from the API server's audit log: the proof that a repair was one write by one account. Must never
// count what changed nothing: reads, dry runs, refused writes, status.
import { ACTION_ACCOUNT_PREFIX, APPROVED_SUFFIX } from "#api/labels.ts";
import type { AuditEvent } from "#embedded/audit.ts";

export interface EffectiveWrite {
  readonly user: string;
  readonly verb: string;
  /** Plural, as in the audit log. */
  readonly resource: string;
  readonly namespace: string;
  readonly name: string;
}

const writingVerbs = new Set(["create", "update", "patch", "delete", "deletecollection"]);

/** A write that was stored, status included. */
export const isStoredWrite = (event: AuditEvent): boolean =>
  event.stage === "ResponseComplete" &&
  writingVerbs.has(event.verb) &&
  !event.requestURI.includes("dryRun=") &&
  (event.responseStatus?.code ?? 0) < 300;

export const isEffectiveWrite = (event: AuditEvent): boolean => isStoredWrite(event) && event.objectRef?.subresource !== "status";

/**
 * What a repair costs the API server: every write of `installation`'s accounts in these events. Events, leases and the change journal's
 * ConfigMaps aside, the keys of the installation, and the Gateway's note of how often its alerts were delivered, which is bounded by time and not by repairs.
 */
export const storedWritesOf = (events: readonly AuditEvent[], installation: string): string[] =>
  events.flatMap((event) => {
    const { username } = event.impersonatedUser ?? event.user;
    const { resource = "", subresource } = event.objectRef ?? {};
    const isRecord = resource === "events" || resource === "leases" || resource === "configmaps" || resource === "secrets";
    const isNote =
      (event.requestObject as { status?: { alerts?: unknown } } | undefined)?.status?.alerts !== undefined && event.verb === "patch";
    if (!username.startsWith(accountPrefix(installation)) || isRecord || isNote || !isStoredWrite(event)) return [];
    return [`${event.verb} ${resource}${subresource === undefined ? "" : `/${subresource}`}`];
  });

/** Writes by the accounts of `installation`'s namespace to objects of `namespace`, in order. Events are records, not changes. */
export const writesByKintsugi = (events: readonly AuditEvent[], installation: string, namespace: string): EffectiveWrite[] =>
  events.flatMap((event) => {
    const user = (event.impersonatedUser ?? event.user).username;
    const { objectRef } = event;
    if (!user.startsWith(accountPrefix(installation)) || objectRef?.namespace !== namespace || objectRef.resource === "events") return [];
    if (!isEffectiveWrite(event)) return [];
    return [{ user, verb: event.verb, resource: objectRef.resource, namespace, name: objectRef.name ?? "" }];
  });

const accountPrefix = (installation: string): string => `system:serviceaccount:${installation}:`;

/** `rollback_deployment` of this action's account, `rollback_deployment (approved)` of its other one; undefined for any other account. */
export const actionOfAccount = (user: string, installation: string): string | undefined => {
  const prefix = `${accountPrefix(installation)}${ACTION_ACCOUNT_PREFIX}`;
  if (!user.startsWith(prefix)) return undefined;
  const account = user.slice(prefix.length);
  const isApproved = account.endsWith(APPROVED_SUFFIX);
  const action = (isApproved ? account.slice(0, -APPROVED_SUFFIX.length) : account).replaceAll("-", "_");
  return isApproved ? `${action} (approved)` : action;
};
