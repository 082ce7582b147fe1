// The source of audit events: the API server's audit log in a file, or the events of an embedded server. Must never
// judge what it reads.
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { createInterface } from "node:readline/promises";
import type { AuditEvent } from "#embedded/audit.ts";

export interface AuditTrail {
  /** To read on from later. */
  position(): Promise<number>;
  /** What came after `from` about objects in `namespace`. */
  about(namespace: string, from: number): Promise<AuditEvent[]>;
  /** Everything whose record has `text` in it. */
  mentioning(text: string): Promise<AuditEvent[]>;
}

/** The log of a busy cluster is large: only lines with `text` are parsed. */
const linesWith = async (path: string, start: number, text: string): Promise<AuditEvent[]> => {
  const events: AuditEvent[] = [];
  const lines = createInterface({ input: createReadStream(path, { start }), crlfDelay: Number.POSITIVE_INFINITY });
  for await (const line of lines) {
    // A last line may still be being written: then it is not whole.
    if (line.includes(text) && line.endsWith("}")) events.push(JSON.parse(line) as AuditEvent);
  }
  return events;
};

export const fileAuditTrail = (path: string): AuditTrail => ({
  position: async () => (await stat(path)).size,
  about: (namespace, from) => linesWith(path, from, `"namespace":"${namespace}"`),
  mentioning: (text) => linesWith(path, 0, text),
});

export interface MemoryAuditTrail extends AuditTrail {
  readonly record: (event: AuditEvent) => void;
}

const writes = new Set(["create", "update", "patch", "delete", "deletecollection"]);

/** Keeps writes only, the newest `most`: reads are many and not needed. */
export const memoryAuditTrail = (most = 20_000): MemoryAuditTrail => {
  const kept: AuditEvent[] = [];
  let dropped = 0;
  return {
    record: (event) => {
      if (!writes.has(event.verb)) return;
      kept.push(event);
      if (kept.length > most) dropped += kept.splice(0, kept.length - most).length;
    },
    position: () => Promise.resolve(dropped + kept.length),
    about: (namespace, from) =>
      Promise.resolve(kept.slice(Math.max(0, from - dropped)).filter((event) => event.objectRef?.namespace === namespace)),
    mentioning: (text) => Promise.resolve(kept.filter((event) => JSON.stringify(event).includes(text))),
  };
};
