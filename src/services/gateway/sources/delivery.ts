// What the bodies of all senders have in common: an envelope, a list of alerts, and each alert read by itself. Pure; never throws, and a bad alert never costs a good one.
import * as z from "zod";
import { type LabelOrder, reportedObject } from "#cluster/reported-object.ts";
import { hashOf } from "#lib/canonical-json.ts";
import { fromTimestamp } from "#lib/clock.ts";
import { oneLine } from "#lib/plain-text.ts";
import type { Problem } from "#lib/problem.ts";
import { otherKey } from "#services/gateway/episode.ts";
import type { Read, Signal } from "#services/gateway/signal.ts";

export type Delivery =
  | { readonly kind: "read"; readonly alerts: readonly Read[] }
  | { readonly kind: "unreadable"; readonly errors: NonNullable<Problem["errors"]> }
  | { readonly kind: "too-many" };

export interface ReadingContext {
  readonly nowMs: number;
  readonly order: LabelOrder;
}

/** One kind of sender, as a value. */
export interface SignalSource {
  readonly name: Signal["source"];
  /** Where it posts. */
  readonly path: string;
  /** Of its body, for messages: "an Alertmanager delivery (webhook version 4)". */
  readonly body: string;
  /** `unreadable` where the envelope is not the sender's, or where there are alerts and none of them can be read. */
  readonly parse: (body: unknown, context: ReadingContext) => Delivery;
}

export const maxDeliveredAlerts = 10_000;
/** An alert is at most four objects: itself, its labels, its annotations, and its values or its object. The delivery around them has a few more. */
const maxOpenings = 4 * maxDeliveredAlerts + 100;

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

/** One fault however many values are wrong: each is an object, and a delivery may hold a million of them. */
export const Texts = z
  .custom<Readonly<Record<string, string>>>(
    (value) => typeof value === "object" && value !== null && !Array.isArray(value),
    "it is not a map of texts",
  )
  .check(({ value, issues }) => {
    const wrong = Object.keys(value).find((key) => typeof value[key] !== "string");
    if (wrong !== undefined) issues.push({ code: "custom", message: "it is not a text", path: [wrong], input: undefined });
  });

/** At most this many faults are reported. */
const maxErrors = 20;

/** Reads the envelope, then each alert by `read`; `list` is the field of the envelope that holds them. */
export const readDelivery = <E>(
  body: unknown,
  envelope: z.ZodType<E>,
  list: keyof E & string,
  read: (alert: unknown, index: number) => Read,
): Delivery => {
  const parsed = envelope.safeParse(body);
  if (!parsed.success) return { kind: "unreadable", errors: errorsOf(parsed.error) };
  const alerts = parsed.data[list] as readonly unknown[];
  if (alerts.length > maxDeliveredAlerts) return { kind: "too-many" };
  const reads = alerts.map(read);
  if (reads.length === 0 || reads.some((each) => each.kind !== "rejected")) return { kind: "read", alerts: reads };
  const errors = reads.flatMap((each, index) =>
    each.kind === "rejected" && index < maxErrors ? [{ pointer: `/${list}/${index}`, detail: each.reason }] : [],
  );
  return { kind: "unreadable", errors };
};

/** Reads one alert by its schema; what does not fit is rejected with the fields that are wrong. */
export const readAlert = <A>(value: unknown, index: number, schema: z.ZodType<A>, read: (alert: A) => Read): Read => {
  const parsed = schema.safeParse(value);
  if (parsed.success) return read(parsed.data);
  const reason = errorsOf(parsed.error).map(({ pointer, detail }) => `${pointer || "the alert"}: ${detail}`);
  return { kind: "rejected", fingerprint: claimedFingerprint(value, index), reason: reason.join("; ").slice(0, 512), ...nameOf(value) };
};

/** What Alertmanager and Grafana send of an alert alike. */
export const LabelledAlert = z.object({
  status: z.enum(["firing", "resolved"]),
  labels: Texts,
  annotations: Texts.nullish(),
  startsAt: z.string().max(64),
  endsAt: z.string().max(64).nullish(),
  generatorURL: z.string().nullish(),
  fingerprint: z.string().nullish(),
});
export type LabelledAlert = z.output<typeof LabelledAlert>;

export const readLabelled = (alert: LabelledAlert, source: Signal["source"], { nowMs, order }: ReadingContext): Read => {
  const { labels } = alert;
  const fingerprint = usableFingerprint(alert.fingerprint) ?? hashOf(labels).slice(0, 16);
  const name = alertName(labels.alertname);
  const rejected = (reason: string): Read => ({ kind: "rejected", fingerprint, reason, name });
  if (Object.keys(labels).length === 0) return rejected("it has no labels");
  const startsAtMs = realTime(alert.startsAt);
  if (startsAtMs === undefined) return rejected("startsAt is not a time (RFC 3339)");
  if (labels.severity === "none") return { kind: "ignored", fingerprint, reason: "its severity is none: it reports no fault", name };
  const reported = reportedObject(labels, order);
  if (reported === undefined) return { kind: "ignored", fingerprint, reason: "its labels name no object of the cluster", name };
  // The zero time means "not known"; endsAt of a firing alert is only when it would go stale.
  const endsAtMs = alert.status === "resolved" ? realTime(alert.endsAt ?? undefined) : undefined;
  const signal: Signal = {
    status: alert.status,
    name,
    fingerprint,
    severity: severityOf(labels.severity),
    ...startOf(startsAtMs, nowMs),
    ...(endsAtMs === undefined ? {} : { endsAtMs }),
    source,
    labels,
    annotations: alert.annotations ?? {},
    ...(alert.generatorURL ? { generatorURL: alert.generatorURL } : {}),
    reported,
  };
  return { kind: "signal", signal };
};

export const alertName = (name: string | undefined): string => (name ?? "").slice(0, 256) || "unnamed";

export const startOf = (startsAtMs: number, nowMs: number): Pick<Signal, "startsAtMs" | "startsInFuture"> => ({
  startsAtMs: Math.min(startsAtMs, nowMs),
  ...(startsAtMs > nowMs ? { startsInFuture: true as const } : {}),
});

const severities: ReadonlyMap<string, Signal["severity"]> = new Map([
  ["critical", "critical"],
  ["page", "critical"],
  ["error", "critical"],
  ["warning", "warning"],
  ["warn", "warning"],
  ["info", "info"],
]);
export const severityOf = (text: string | undefined): Signal["severity"] => severities.get((text ?? "").toLowerCase()) ?? "unknown";

/** It becomes a key of the request's status, so only a plain one is taken unchanged. */
const plainFingerprint = /^[0-9A-Za-z][0-9A-Za-z_.-]{0,63}$/;
export const usableFingerprint = (fingerprint: string | null | undefined): string | undefined =>
  fingerprint && plainFingerprint.test(fingerprint) && fingerprint !== otherKey ? fingerprint : undefined;

const claimedFingerprint = (value: unknown, index: number): string =>
  usableFingerprint(textAt(value, "fingerprint") ?? textAt(value, "id")) ?? `alert-${index}`;

/** Of an alert that cannot be read, so that a person who asks about it finds it. */
const nameOf = (value: unknown): { readonly name?: string } => {
  const labels = typeof value === "object" && value !== null && "labels" in value ? value.labels : undefined;
  const name = textAt(labels, "alertname") ?? textAt(value, "name");
  return name === undefined ? {} : { name: alertName(name) };
};

const textAt = (value: unknown, key: string): string | undefined => {
  if (typeof value !== "object" || value === null || !Object.hasOwn(value, key)) return undefined;
  const found = (value as Record<string, unknown>)[key];
  return typeof found === "string" ? found : undefined;
};

const latestMs = Date.UTC(9999, 11, 31);
const rfc3339 = /^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)$/;
/** A time that happened: Go's zero time and what a CRD's date-time would refuse are none. */
export const realTime = (text: string | undefined): number | undefined => {
  const epochMs = text !== undefined && rfc3339.test(text) ? fromTimestamp(text) : undefined;
  return epochMs === undefined || epochMs <= 0 || epochMs > latestMs ? undefined : epochMs;
};

/** The keys of a path are the sender's own text. */
const errorsOf = (error: z.ZodError): NonNullable<Problem["errors"]> =>
  error.issues.slice(0, maxErrors).map((issue) => ({
    pointer: issue.path.map((part) => `/${oneLine(String(part).slice(0, 64)).toWellFormed()}`).join(""),
    detail: oneLine(issue.message.slice(0, 256)).toWellFormed(),
  }));
