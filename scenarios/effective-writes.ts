// Who really changed what, read from the API server's audit log: the proof that a repair was one write by one account. Must never
// count what changed nothing: reads, dry runs, refused writes, status.
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { createInterface } from "node:readline/promises";
import { ACTION_ACCOUNT_PREFIX } from "#api/labels.ts";
import type { AuditEvent } from "#testbed/audit-log.ts";

export interface EffectiveWrite {
  readonly user: string;
  readonly verb: string;
  /** Plural, as in the audit log. */
  readonly resource: string;
  readonly namespace: string;
  readonly name: string;
}

const writingVerbs = new Set(["create", "update", "patch", "delete", "deletecollection"]);

export const isEffectiveWrite = (event: AuditEvent): boolean =>
  event.stage === "ResponseComplete" &&
  writingVerbs.has(event.verb) &&
  !event.requestURI.includes("dryRun=") &&
  event.objectRef?.subresource !== "status" &&
  (event.responseStatus?.code ?? 0) < 300;

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

/** `rollback_deployment` of the account that Kintsugi gave to this action; undefined for any other account. */
export const actionOfAccount = (user: string, installation: string): string | undefined => {
  const prefix = `${accountPrefix(installation)}${ACTION_ACCOUNT_PREFIX}`;
  return user.startsWith(prefix) ? user.slice(prefix.length).replaceAll("-", "_") : undefined;
};

export const auditLogSize = async (path: string): Promise<number> => (await stat(path)).size;

/** The events from `fromByte` on that mention `namespace`. The log of a busy cluster is large: only such lines are parsed. */
export const auditEventsAbout = async (path: string, fromByte: number, namespace: string): Promise<AuditEvent[]> => {
  const events: AuditEvent[] = [];
  const lines = createInterface({ input: createReadStream(path, { start: fromByte }), crlfDelay: Number.POSITIVE_INFINITY });
  for await (const line of lines) {
    // A last line may still be being written: then it is not whole.
    if (line.includes(`"namespace":"${namespace}"`) && line.endsWith("}")) events.push(JSON.parse(line) as AuditEvent);
  }
  return events;
};
