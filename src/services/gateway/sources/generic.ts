// Signals of any other sender, in a form of Kintsugi's own with a published schema. Pure.
import { GenericSignal, GenericSignals, genericSignalsPath } from "#api/rest/generic-signal.ts";
import { reportedObject } from "#cluster/reported-object.ts";
import { hashOf } from "#lib/canonical-json.ts";
import {
  alertName,
  readAlert,
  readDelivery,
  type ReadingContext,
  realTime,
  severityOf,
  type SignalSource,
  startOf,
  Texts,
  usableFingerprint,
} from "#services/gateway/sources/delivery.ts";
import type { Read } from "#services/gateway/signal.ts";

/** The published schema, with maps that are one fault however many of their values are wrong. */
const Accepted = GenericSignal.extend({ labels: Texts.optional(), annotations: Texts.optional() });

export const generic: SignalSource = {
  name: "signal",
  path: genericSignalsPath,
  body: "a list of signals (version 1)",
  parse: (body, context) =>
    readDelivery(body, GenericSignals, "signals", (value, index) =>
      readAlert(value, index, Accepted, (signal) => readSignal(signal, context)),
    ),
};

const readSignal = (given: GenericSignal, { nowMs, order }: ReadingContext): Read => {
  const { labels = {}, annotations = {} } = given;
  const name = alertName(given.name);
  const reported = given.object ?? reportedObject(labels, order);
  const fingerprint = usableFingerprint(given.id) ?? hashOf({ name, object: given.object ?? null, labels }).slice(0, 16);
  const rejected = (reason: string): Read => ({ kind: "rejected", fingerprint, reason, name });
  if (given.id !== undefined && usableFingerprint(given.id) === undefined)
    return rejected("/id: it is not 1 to 64 letters, digits, dots, dashes or underscores, beginning with a letter or a digit");
  const startsAtMs = given.startsAt === undefined ? nowMs : realTime(given.startsAt);
  if (startsAtMs === undefined) return rejected("/startsAt: it is not a time (RFC 3339)");
  const endsAtMs = given.endsAt === undefined ? undefined : realTime(given.endsAt);
  if (given.endsAt !== undefined && endsAtMs === undefined) return rejected("/endsAt: it is not a time (RFC 3339)");
  if (reported === undefined)
    return { kind: "ignored", fingerprint, reason: "it has no object, and its labels name no object of the cluster", name };
  return {
    kind: "signal",
    signal: {
      status: given.status,
      name,
      fingerprint,
      severity: severityOf(given.severity),
      ...startOf(startsAtMs, nowMs),
      ...(given.status === "resolved" && endsAtMs !== undefined ? { endsAtMs } : {}),
      source: "signal",
      labels: { alertname: name, ...labels },
      annotations,
      ...(given.url === undefined ? {} : { generatorURL: given.url }),
      reported,
    },
  };
};
