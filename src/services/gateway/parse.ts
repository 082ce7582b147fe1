// Reads a delivery of Alertmanager (webhook version 4), each alert by itself. Pure; never throws, and a bad alert never costs a good one.
import * as z from "zod";
import { reportedObject } from "#cluster/reported-object.ts";
import { hashOf } from "#lib/canonical-json.ts";
import { fromTimestamp } from "#lib/clock.ts";
import type { Problem } from "#lib/problem.ts";
import { otherKey } from "#services/gateway/episode.ts";
import type { Read, Signal } from "#services/gateway/signal.ts";

export type Delivery =
  | { readonly kind: "read"; readonly alerts: readonly Read[] }
  | { readonly kind: "unreadable"; readonly errors: NonNullable<Problem["errors"]> }
  | { readonly kind: "too-many" };

export const maxDeliveredAlerts = 10_000;
/** An alert is three objects: itself, its labels, its annotations. The delivery around them has a few more. */
const maxOpenings = 3 * maxDeliveredAlerts + 100;

/** Whether the body opens no more objects and lists than a full delivery does: looked at before JSON.parse makes an object of each. */
export const fitsDelivery = (bytes: Uint8Array): boolean => {
  let openings = 0;
  let inText = false;
  for (let index = 0; index < bytes.length; index += 1) {
    const byte = bytes[index];
    if (inText) {
      if (byte === backslash) index += 1;
      else if (byte === quote) inText = false;
    } else if (byte === quote) inText = true;
    else if (byte === openBrace || byte === openBracket) {
      openings += 1;
      if (openings > maxOpenings) return false;
    }
  }
  return true;
};
const [quote, backslash, openBrace, openBracket] = [0x22, 0x5c, 0x7b, 0x5b];

const Envelope = z.object({ version: z.literal("4"), alerts: z.array(z.unknown()) });

/** One fault however many values are wrong: each is an object, and a delivery may hold a million of them. */
const Texts = z
  .custom<Readonly<Record<string, string>>>(
    (value) => typeof value === "object" && value !== null && !Array.isArray(value),
    "it is not a map of texts",
  )
  .check(({ value, issues }) => {
    const wrong = Object.keys(value).find((key) => typeof value[key] !== "string");
    if (wrong !== undefined) issues.push({ code: "custom", message: "it is not a text", path: [wrong], input: undefined });
  });
const AlertmanagerAlert = z.object({
  status: z.enum(["firing", "resolved"]),
  labels: Texts,
  annotations: Texts.nullish(),
  startsAt: z.string().max(64),
  endsAt: z.string().max(64).nullish(),
  generatorURL: z.string().nullish(),
  fingerprint: z.string().nullish(),
});
type AlertmanagerAlert = z.output<typeof AlertmanagerAlert>;

/** At most this many faults are reported. */
const maxErrors = 20;

/** `unreadable` where the envelope is not Alertmanager's, or where there are alerts and none of them can be read. */
export const parseDelivery = (body: unknown, nowMs: number): Delivery => {
  const envelope = Envelope.safeParse(body);
  if (!envelope.success) return { kind: "unreadable", errors: errorsOf(envelope.error, "") };
  if (envelope.data.alerts.length > maxDeliveredAlerts) return { kind: "too-many" };
  const alerts = envelope.data.alerts.map((alert, index) => parseAlert(alert, index, nowMs));
  if (alerts.length === 0 || alerts.some((alert) => alert.kind !== "rejected")) return { kind: "read", alerts };
  const errors = alerts.flatMap((alert, index) =>
    alert.kind === "rejected" && index < maxErrors ? [{ pointer: `/alerts/${index}`, detail: alert.reason }] : [],
  );
  return { kind: "unreadable", errors };
};

const parseAlert = (value: unknown, index: number, nowMs: number): Read => {
  const parsed = AlertmanagerAlert.safeParse(value);
  if (!parsed.success) {
    const reason = errorsOf(parsed.error, "").map(({ pointer, detail }) => `${pointer || "the alert"}: ${detail}`);
    return { kind: "rejected", fingerprint: fingerprintOf(value, index), reason: reason.join("; ").slice(0, 512) };
  }
  return readAlert(parsed.data, nowMs);
};

const readAlert = (alert: AlertmanagerAlert, nowMs: number): Read => {
  const { labels } = alert;
  const fingerprint = usable(alert.fingerprint) ?? hashOf(labels).slice(0, 16);
  const rejected = (reason: string): Read => ({ kind: "rejected", fingerprint, reason });
  if (Object.keys(labels).length === 0) return rejected("it has no labels");
  const startsAtMs = realTime(alert.startsAt);
  if (startsAtMs === undefined) return rejected("startsAt is not a time (RFC 3339)");
  if (labels.severity === "none") return { kind: "ignored", fingerprint, reason: "its severity is none: it reports no trouble" };
  const reported = reportedObject(labels);
  if (reported === undefined) return { kind: "ignored", fingerprint, reason: "its labels name no object of the cluster" };
  // The zero time means "not known"; endsAt of a firing alert is only when it would go stale.
  const endsAtMs = alert.status === "resolved" ? realTime(alert.endsAt ?? undefined) : undefined;
  const signal: Signal = {
    status: alert.status,
    name: (labels.alertname ?? "").slice(0, 256) || "unnamed",
    fingerprint,
    severity: severities.get((labels.severity ?? "").toLowerCase()) ?? "unknown",
    startsAtMs: Math.min(startsAtMs, nowMs),
    ...(startsAtMs > nowMs ? { startsInFuture: true as const } : {}),
    ...(endsAtMs === undefined ? {} : { endsAtMs }),
    source: "prometheus",
    labels,
    annotations: alert.annotations ?? {},
    ...(alert.generatorURL ? { generatorURL: alert.generatorURL } : {}),
    reported,
  };
  return { kind: "signal", signal };
};

const severities: ReadonlyMap<string, Signal["severity"]> = new Map([
  ["critical", "critical"],
  ["page", "critical"],
  ["error", "critical"],
  ["warning", "warning"],
  ["warn", "warning"],
  ["info", "info"],
]);

/** It becomes a key of the request's status, so only a plain one is taken as it is. */
const plainFingerprint = /^[0-9A-Za-z][0-9A-Za-z_.-]{0,63}$/;
const usable = (fingerprint: string | null | undefined): string | undefined =>
  fingerprint && plainFingerprint.test(fingerprint) && fingerprint !== otherKey ? fingerprint : undefined;

const fingerprintOf = (value: unknown, index: number): string => {
  const claimed = typeof value === "object" && value !== null && "fingerprint" in value ? value.fingerprint : undefined;
  return (typeof claimed === "string" ? usable(claimed) : undefined) ?? `alert-${index}`;
};

const latestMs = Date.UTC(9999, 11, 31);
const rfc3339 = /^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)$/;
/** A time that happened: Go's zero time and what a CRD's date-time would refuse are none. */
const realTime = (text: string | undefined): number | undefined => {
  const epochMs = text !== undefined && rfc3339.test(text) ? fromTimestamp(text) : undefined;
  return epochMs === undefined || epochMs <= 0 || epochMs > latestMs ? undefined : epochMs;
};

const errorsOf = (error: z.ZodError, root: string): NonNullable<Problem["errors"]> =>
  error.issues.slice(0, maxErrors).map((issue) => ({
    pointer: `${root}${issue.path.map((part) => `/${String(part).slice(0, 64)}`).join("")}`,
    detail: issue.message.slice(0, 256),
  }));
