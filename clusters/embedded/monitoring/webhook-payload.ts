// What Alertmanager posts to a webhook, version 4, and how it names an alert and a group. Pure.
import { type Labels, only } from "#embedded/monitoring/samples.ts";

export interface PostedAlert {
  readonly labels: Labels;
  readonly annotations: Labels;
  readonly startsAtMs: number;
  /** In the past: resolved. */
  readonly endsAtMs: number;
  readonly generatorURL: string;
}

export interface WebhookPayload {
  readonly receiver: string;
  readonly status: "firing" | "resolved";
  readonly alerts: readonly object[];
  readonly groupLabels: Labels;
  readonly commonLabels: Labels;
  readonly commonAnnotations: Labels;
  readonly externalURL: string;
  readonly version: "4";
  readonly groupKey: string;
  readonly truncatedAlerts: 0;
}

export const isResolved = (alert: PostedAlert, nowMs: number): boolean => alert.endsAtMs <= nowMs;

/** model.LabelSet's fingerprint: FNV-1a over names and values in order, 0xff behind each. */
export const fingerprintOf = (labels: Labels): string => {
  let hash = 14_695_981_039_346_656_037n;
  const add = (byte: number): void => {
    hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 1_099_511_628_211n);
  };
  for (const [name, value] of sorted(labels))
    for (const text of [name, value]) {
      for (const byte of Buffer.from(text, "utf8")) add(byte);
      add(0xff);
    }
  return hash.toString(16).padStart(16, "0");
};

const sorted = (labels: Labels): (readonly [string, string])[] =>
  Object.entries(labels).toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));

export const groupLabelsOf = (labels: Labels, groupBy: readonly string[]): Labels => only(labels, groupBy);

export const groupKeyOf = (groupLabels: Labels): string =>
  `{}:{${sorted(groupLabels)
    .map(([name, value]) => `${name}=${JSON.stringify(value)}`)
    .join(", ")}}`;

const common = (all: readonly Labels[]): Labels =>
  Object.fromEntries(Object.entries(all[0] ?? {}).filter(([name, value]) => all.every((labels) => labels[name] === value)));

const zeroTime = "0001-01-01T00:00:00Z";

export const payloadOf = (
  alerts: readonly PostedAlert[],
  group: { readonly groupLabels: Labels; readonly receiver: string; readonly externalURL: string; readonly nowMs: number },
): WebhookPayload => {
  const { groupLabels, receiver, externalURL, nowMs } = group;
  const isFiring = alerts.some((alert) => !isResolved(alert, nowMs));
  return {
    receiver,
    status: isFiring ? "firing" : "resolved",
    alerts: alerts.map((alert) => ({
      status: isResolved(alert, nowMs) ? "resolved" : "firing",
      labels: alert.labels,
      annotations: alert.annotations,
      startsAt: new Date(alert.startsAtMs).toISOString(),
      endsAt: isResolved(alert, nowMs) ? new Date(alert.endsAtMs).toISOString() : zeroTime,
      generatorURL: alert.generatorURL,
      fingerprint: fingerprintOf(alert.labels),
    })),
    groupLabels,
    commonLabels: common(alerts.map(({ labels }) => labels)),
    commonAnnotations: common(alerts.map(({ annotations }) => annotations)),
    externalURL,
    version: "4",
    groupKey: groupKeyOf(groupLabels),
    truncatedAlerts: 0,
  };
};
