// Groups alerts and notifies a receiver, when and as often as Alertmanager's dispatch and notify packages do. Owns no connection.
import type { Clock } from "#lib/clock.ts";
import {
  type PostedAlert,
  type WebhookPayload,
  fingerprintOf,
  groupKeyOf,
  groupLabelsOf,
  isResolved,
  payloadOf,
} from "#embedded/monitoring/webhook-payload.ts";
import type { Labels } from "#embedded/monitoring/samples.ts";

const receiver = "webhook";
const groupBy = ["namespace", "alertname"];
const groupWaitMs = 1_000;
const groupIntervalMs = 5_000;
const repeatIntervalMs = 3_600_000;
/** `failed` is tried again at once; `refused` at the next interval. */
export type Delivery = "delivered" | "failed" | "refused";

export interface AlertGroupsDeps {
  readonly clock: Clock;
  readonly externalURL: string;
  readonly deliver: (payload: WebhookPayload) => Promise<Delivery>;
}

export interface AlertGroups {
  /** Firing or resolved; called at every evaluation while the alert lasts. */
  receive(alert: PostedAlert): void;
  stop(): void;
}

interface Group {
  readonly labels: Labels;
  readonly alerts: Map<string, PostedAlert>;
  /** The last notification that the receiver accepted. */
  notified: { firing: ReadonlySet<string>; resolved: ReadonlySet<string>; atMs: number } | undefined;
  hasFlushed: boolean;
  cancel: () => void;
}

const retryFirstMs = 500;
const shortestTimeoutMs = 10_000;

export const createAlertGroups = ({ clock, externalURL, deliver }: AlertGroupsDeps): AlertGroups => {
  const groups = new Map<string, Group>();
  let isStopped = false;

  const plan = (group: Group, delayMs: number): void => {
    group.cancel();
    if (!isStopped) group.cancel = clock.after(delayMs, () => void flush(group));
  };

  const flush = async (group: Group): Promise<void> => {
    group.hasFlushed = true;
    const startedAt = clock.now();
    plan(group, groupIntervalMs);
    const alerts = [...group.alerts.entries()].toSorted(([a], [b]) => (a < b ? -1 : 1));
    const ids = (resolved: "resolved" | "firing"): Set<string> =>
      new Set(alerts.filter(([, alert]) => isResolved(alert, startedAt) === (resolved === "resolved")).map(([id]) => id));
    const [firing, resolved] = [ids("firing"), ids("resolved")];
    if (hasNews(group, firing, resolved, startedAt)) {
      const all = alerts.map(([, alert]) => alert);
      const payload = payloadOf(all, { groupLabels: group.labels, receiver, externalURL, nowMs: startedAt });
      if (!(await delivered(payload))) return;
      group.notified = { firing, resolved, atMs: clock.now() };
    }
    // An alert that fires again meanwhile stays.
    for (const [id, alert] of alerts) if (resolved.has(id) && group.alerts.get(id) === alert) group.alerts.delete(id);
    if (group.alerts.size === 0) group.cancel();
  };

  const hasNews = ({ notified }: Group, firing: ReadonlySet<string>, resolved: ReadonlySet<string>, nowMs: number): boolean => {
    if (notified === undefined) return firing.size > 0;
    if (!firing.isSubsetOf(notified.firing)) return true;
    // An alert that began and ended between two notifications needs none.
    if (firing.size === 0) return notified.firing.size > 0;
    return !resolved.isSubsetOf(notified.resolved) || notified.atMs < nowMs - repeatIntervalMs;
  };

  const delivered = async (payload: WebhookPayload): Promise<boolean> => {
    const until = clock.now() + Math.max(groupIntervalMs, shortestTimeoutMs);
    for (let waitMs = retryFirstMs; ; waitMs *= 1.5) {
      const delivery = await deliver(payload);
      if (delivery !== "failed") return delivery === "delivered";
      if (isStopped || clock.now() + waitMs > until) return false;
      await new Promise<void>((resolve) => void clock.after(waitMs, resolve));
    }
  };

  return {
    receive: (alert) => {
      if (isStopped) return;
      const labels = groupLabelsOf(alert.labels, groupBy);
      const key = groupKeyOf(labels);
      let group = groups.get(key);
      if (group === undefined) {
        // The end of an alert that was never sent needs no notification.
        if (isResolved(alert, clock.now())) return;
        group = { labels, alerts: new Map(), notified: undefined, hasFlushed: false, cancel: () => {} };
        groups.set(key, group);
      }
      const isFirst = group.alerts.size === 0;
      if (isFirst && isResolved(alert, clock.now())) return;
      group.alerts.set(fingerprintOf(alert.labels), alert);
      // An alert that has fired for long waits no further.
      if (isFirst) plan(group, alert.startsAtMs + groupWaitMs < clock.now() ? 0 : groupWaitMs);
    },
    stop: () => {
      isStopped = true;
      for (const group of groups.values()) group.cancel();
    },
  };
};
