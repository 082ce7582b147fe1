// The objects and patches the Gateway writes. Pure; everything that came with an alert is bounded and redacted here, and nowhere later.
import { API_VERSION } from "#api/define-kind.ts";
import type { Alert } from "#api/fields.ts";
import { Alert as AlertSchema } from "#api/fields.ts";
import type { Occurrence, RemediationRequest } from "#api/kinds/remediation-request.ts";
import { TARGET_LABEL } from "#api/labels.ts";
import type { NewObject } from "#api/object.ts";
import { targetHash } from "#api/target-hash.ts";
import { toPreciseTimestamp, toTimestamp } from "#lib/clock.ts";
import { plainText } from "#lib/plain-text.ts";
import { redact } from "#lib/redact.ts";
import { hiddenLiteral, isTelling } from "#lib/redact/literal.ts";
import { mark } from "#lib/redact/spans.ts";
import { isSecretName } from "#lib/redact/structure.ts";
import { occurrenceOf, otherKey } from "#services/gateway/episode.ts";
import type { Signal, TargetedSignal } from "#services/gateway/signal.ts";

/** Guarantees: valid against the CRD, whatever the alert carried; the alert is durable with this one create. */
export const newRequest = (
  name: string,
  namespace: string,
  { signal, target, unresolved }: TargetedSignal,
): NewObject<RemediationRequest> => ({
  apiVersion: API_VERSION,
  kind: "RemediationRequest",
  metadata: { name, namespace, labels: { [TARGET_LABEL]: targetHash(target) } },
  spec: {
    alert: alertOf(signal),
    reported: signal.reported,
    target,
    ...(unresolved === undefined ? {} : { unresolved: unresolved.slice(0, 1024) }),
  },
});

const alertOf = (signal: Signal): Alert => {
  const url = signal.generatorURL === undefined ? undefined : redact(plainText(signal.generatorURL.slice(0, 4096))).toWellFormed();
  return AlertSchema.parse({
    name: text(signal.name, 256),
    fingerprint: signal.fingerprint,
    severity: signal.severity,
    startsAt: toPreciseTimestamp(signal.startsAtMs),
    source: signal.source,
    labels: bounded(signal.labels, label),
    annotations: bounded(signal.annotations, note),
    // Half an address is worse than none.
    ...(url === undefined || url.length > 2048 ? {} : { generatorURL: url }),
  });
};

/** The same signal with nothing in it that a request would not show: whatever it carried, it may be kept. */
export const boundedSignal = (signal: Signal): Signal => {
  const { name, labels, annotations, generatorURL } = alertOf(signal);
  const { generatorURL: _unbounded, ...rest } = signal;
  return { ...rest, name, labels, annotations, ...(generatorURL === undefined ? {} : { generatorURL }) };
};

const maxEntries = 64;
const maxTextLength = 4096;
/** Of one map: an alert is a notice, not a document. */
const maxMapLength = 16_384;

/** The key may say that a value is secret. */
const note = (key: string, value: string): string => (value !== "" && isSecretName(key) ? mark : value);
/** A label is a name, a number, a host or a path; what else it holds, nothing needs to know. */
const label = (key: string, value: string): string => {
  const safe = note(key, value);
  return safe === mark || isTelling(safe) || /^[^\d]{0,200}$/.test(safe) ? safe : hiddenLiteral;
};

const bounded = (texts: Readonly<Record<string, string>>, shown: (key: string, value: string) => string): Record<string, string> => {
  let left = maxMapLength;
  const kept: [string, string][] = [];
  for (const [key, value] of Object.entries(texts)) {
    // A key that is cut off could take another's place, and one that JSON objects treat specially could vanish.
    if (key.length > 256 || key === "__proto__" || kept.length >= maxEntries) continue;
    const safe = shown(key, text(value, Math.min(maxTextLength, left)));
    left -= safe.length;
    kept.push([key, safe]);
  }
  return Object.fromEntries(kept);
};

const text = (value: string, maxLength: number): string => {
  const safe = redact(plainText(value.slice(0, 2 * maxTextLength)));
  return (safe.length <= maxLength ? safe : `${safe.slice(0, Math.max(0, maxLength - 1))}${maxLength > 0 ? "…" : ""}`).toWellFormed();
};

export type AlertEntries = Readonly<Record<string, Partial<Record<keyof Occurrence, string | number | null | undefined>>>>;

/** The entry of an alert that fires: new, or again after it had been resolved. */
export const firingEntry = (request: RemediationRequest, signal: Signal, nowMs: number): AlertEntries[string] => {
  const known = occurrenceOf(request, signal.fingerprint);
  return {
    name: text(signal.name, 256),
    startsAt: toPreciseTimestamp(signal.startsAtMs),
    lastSeen: toTimestamp(nowMs),
    count: (known?.count ?? 0) + 1,
    ...(known?.resolvedAt === undefined ? {} : { resolvedAt: null, firings: (known.firings ?? 1) + 1 }),
  };
};

export const resolvedEntry = (request: RemediationRequest, signal: Signal, nowMs: number): AlertEntries[string] => ({
  ...occurrenceOf(request, signal.fingerprint),
  lastSeen: toTimestamp(nowMs),
  resolvedAt: toPreciseTimestamp(Math.min(signal.endsAtMs ?? nowMs, nowMs)),
});

/** What was only counted so far, on top of what the request shows. */
export const countedEntry = (
  request: RemediationRequest,
  key: string,
  counted: { readonly times: number; readonly lastSeenMs: number; readonly firstSeenMs: number },
): AlertEntries[string] => {
  const lastSeen = toTimestamp(counted.lastSeenMs);
  const known = occurrenceOf(request, key) ?? { name: otherKey, startsAt: toTimestamp(counted.firstSeenMs), count: 0 };
  return { ...known, lastSeen, count: known.count + counted.times };
};

/** The merge patch of the Gateway's own part. Brings the first alert along where the status does not show it yet. */
export const alertsPatch = (request: RemediationRequest, entries: AlertEntries): object => {
  const first = request.spec.alert.fingerprint;
  const shown = Object.hasOwn(request.status?.alerts ?? {}, first) || Object.hasOwn(entries, first);
  return { status: { alerts: shown ? entries : { [first]: occurrenceOf(request, first), ...entries } } };
};
