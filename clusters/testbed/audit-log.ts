// The API server's audit log: the policy it writes by, and reading it. Tests count calls and prove who changed what from it.
import { readFile } from "node:fs/promises";
import type { AuditEvent } from "#embedded/audit.ts";

/** Writes with their bodies, reads with their names only; one event per request, when its response is complete (watches: also at start). */
export const auditPolicy = {
  apiVersion: "audit.k8s.io/v1",
  kind: "Policy",
  omitStages: ["RequestReceived"],
  rules: [{ level: "RequestResponse", verbs: ["create", "update", "patch", "delete", "deletecollection"] }, { level: "Metadata" }],
};

/** Every complete line of the log; a line still being written is left out. */
export const parseAuditLog = (text: string): AuditEvent[] =>
  text
    .slice(0, text.lastIndexOf("\n") + 1)
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as AuditEvent);

export const readAuditLog = async (path: string): Promise<AuditEvent[]> => parseAuditLog(await readFile(path, "utf8"));
