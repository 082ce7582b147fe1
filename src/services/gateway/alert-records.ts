// Keeps the answer to "why was this alert not handled?" for alerts that became part of no request. Bounded; written at most every ten seconds, and only where an
// answer is new. A courtesy: what cannot be written is tried again, and never holds up an alert.
import { ALERT_RECORDS_NAME, type AlertRecord, maxAlertRecords, parseAlertRecord } from "#api/alert-record.ts";
import { ConfigMaps } from "#api/kubernetes.ts";
import type { Need } from "#api/object.ts";
import type { SignalResult } from "#api/rest/gateway.ts";
import type { Kube } from "#kube/client.ts";
import { isAlreadyExists, isNotFound, KubeError } from "#kube/errors.ts";
import { type Clock, fromTimestamp, toTimestamp } from "#lib/clock.ts";
import type { Log } from "#lib/log.ts";
import { oneLine } from "#lib/plain-text.ts";
import { redact } from "#lib/redact.ts";
import { TooManyOpenError } from "#services/gateway/recorder.ts";
import type { Read, Signal } from "#services/gateway/signal.ts";

export const needs: readonly Need[] = [
  { group: "", resource: "configmaps", verbs: ["get", "create", "patch"], names: [ALERT_RECORDS_NAME], scope: "own" },
];

export interface AlertRecords {
  note(read: Read, source: Signal["source"], outcome: { readonly result: SignalResult } | { readonly error: unknown }): void;
  /** Writes what is left; for the end of the process. */
  flush(): Promise<void>;
}

export interface AlertRecordsDeps {
  readonly kube: Pick<Kube, "get" | "create" | "mergePatch">;
  readonly clock: Clock;
  readonly log: Log;
  readonly namespace: string;
}

const flushAfterMs = 10_000;
/** The same answer is not written again before. */
const sameAfterMs = 10 * 60_000;
const timeoutMs = 4_000;

export const createAlertRecords = ({ kube, clock, log, namespace }: AlertRecordsDeps): AlertRecords => {
  /** By fingerprint, the oldest first. */
  const records = new Map<string, AlertRecord>();
  const changed = new Set<string>();
  let isAdopted = false;
  let stopTimer: (() => void) | undefined;

  const put = (fingerprint: string, record: AlertRecord): void => {
    const known = records.get(fingerprint);
    const isSame =
      known !== undefined && known.result === record.result && known.reason === record.reason && known.status === record.status;
    if (isSame && (fromTimestamp(record.at) ?? 0) - (fromTimestamp(known.at) ?? 0) < sameAfterMs) return;
    records.delete(fingerprint);
    records.set(fingerprint, record);
    changed.add(fingerprint);
    trim();
    stopTimer ??= clock.after(flushAfterMs, () => void flush());
  };

  const trim = (): void => {
    while (records.size > maxAlertRecords) {
      const oldest = records.keys().next().value;
      if (oldest === undefined) return;
      records.delete(oldest);
      // Written as absent.
      changed.add(oldest);
    }
    // An absent one that is not written yet need not be remembered for ever.
    if (changed.size > 4 * maxAlertRecords) for (const key of changed) if (!records.has(key)) changed.delete(key);
  };

  /** What a process before this one has kept counts among the bounded number too. */
  const adopt = async (): Promise<void> => {
    const found = await kube.get(ConfigMaps, { namespace, name: ALERT_RECORDS_NAME }, { timeoutMs });
    isAdopted = true;
    const known = Object.entries(found?.data ?? {}).flatMap(([key, text]) => {
      const record = parseAlertRecord(text);
      if (record === undefined) changed.add(key);
      return record === undefined || records.has(key) ? [] : [[key, record] as const];
    });
    const newer = [...records];
    records.clear();
    for (const [key, record] of [...known.toSorted(([, a], [, b]) => (a.at < b.at ? -1 : 1)), ...newer]) records.set(key, record);
    trim();
  };

  const flush = async (): Promise<void> => {
    stopTimer?.();
    stopTimer = undefined;
    if (changed.size === 0) return;
    let writing: readonly string[] = [];
    try {
      if (!isAdopted) await adopt();
      writing = [...changed];
      changed.clear();
      const data = Object.fromEntries(writing.map((key) => [key, textOf(records.get(key))]));
      await write(data);
    } catch (error) {
      log.info("records of alerts were not written", { error });
      for (const key of writing) changed.add(key);
      if (!(error instanceof KubeError && error.status === 403)) stopTimer ??= clock.after(sameAfterMs, () => void flush());
    }
  };

  const write = async (data: Readonly<Record<string, string | null>>): Promise<void> => {
    const key = { namespace, name: ALERT_RECORDS_NAME };
    try {
      await kube.mergePatch(ConfigMaps, key, { data }, { timeoutMs });
    } catch (error) {
      if (!isNotFound(error)) throw error;
      const present = Object.fromEntries(Object.entries(data).filter((entry): entry is [string, string] => entry[1] !== null));
      const object = { apiVersion: "v1", kind: "ConfigMap", metadata: key, data: present };
      try {
        await kube.create(ConfigMaps, object, { timeoutMs });
      } catch (created) {
        if (!isAlreadyExists(created)) throw created;
        await kube.mergePatch(ConfigMaps, key, { data }, { timeoutMs });
      }
    }
  };

  return {
    note: (read, source, outcome) => {
      const said = answerOf(outcome);
      if (said === undefined) return;
      const { fingerprint, name = "unnamed" } = read.kind === "signal" ? read.signal : read;
      put(fingerprint, {
        name: safe(name, 256),
        source,
        status: read.kind === "signal" ? read.signal.status : "unread",
        result: said.result,
        reason: safe(said.reason, 400),
        at: toTimestamp(Math.floor(clock.now() / 60_000) * 60_000),
      });
    },
    flush,
  };
};

/** Undefined for an alert that is part of a request: the request shows it. */
const answerOf = (
  outcome: { readonly result: SignalResult } | { readonly error: unknown },
): Pick<AlertRecord, "result" | "reason"> | undefined => {
  if ("error" in outcome) {
    const { error } = outcome;
    const why =
      error instanceof TooManyOpenError
        ? error.message
        : error instanceof KubeError
          ? `the API server: ${error.reason}`
          : "it could not be recorded";
    return { result: "notStored", reason: `${why}; its sender delivers it again` };
  }
  const { result, request, reason = "no reason given" } = outcome.result;
  if (request !== undefined || (result !== "rejected" && result !== "ignored")) return undefined;
  return { result, reason };
};

const textOf = (record: AlertRecord | undefined): string | null => (record === undefined ? null : JSON.stringify(record));

/** Names and reasons may hold the sender's own text. */
const safe = (text: string, maxLength: number): string =>
  redact(oneLine(text.slice(0, 1024)))
    .slice(0, maxLength)
    .toWellFormed();
