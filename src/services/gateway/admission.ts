// How much may wait at once, of all callers and of each: the more severe an alert, the more of the room it may use. Counts only; knows no queue.
import type { Signal } from "#services/gateway/signal.ts";

export interface Admission {
  /** One more delivery of this caller is in progress. Throws OverloadedError; the returned function ends it. */
  enterDelivery(caller: string): () => void;
  /** One more alert of this caller waits to be stored. Throws OverloadedError; the returned function ends it. */
  enterAlert(caller: string, severity: Signal["severity"]): () => void;
}

export interface AdmissionLimits {
  readonly maxAlerts: number;
  readonly maxAlertsPerCaller: number;
  readonly maxDeliveriesPerCaller: number;
}

export class OverloadedError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "OverloadedError";
  }
}

/** A delivery may have 10,000 alerts: a little less than twice that waits in all, and one caller does not take the place of all others. */
export const defaultLimits: AdmissionLimits = { maxAlerts: 20_000, maxAlertsPerCaller: 12_000, maxDeliveriesPerCaller: 64 };

/** Of all places: the rest is kept for more severe alerts. */
const share: Readonly<Record<Signal["severity"], number>> = { critical: 1, warning: 0.75, info: 0.5, unknown: 0.5 };

export const createAdmission = (limits: AdmissionLimits = defaultLimits): Admission => {
  const deliveries = createCounts();
  const alerts = createCounts();
  return {
    enterDelivery: (caller) => {
      if (deliveries.of(caller) >= limits.maxDeliveriesPerCaller)
        throw new OverloadedError(`${limits.maxDeliveriesPerCaller} deliveries of ${caller} are in progress`);
      return deliveries.enter(caller);
    },
    enterAlert: (caller, severity) => {
      if (alerts.total >= limits.maxAlerts * share[severity]) throw new OverloadedError(`too many alerts of severity ${severity} wait`);
      if (alerts.of(caller) >= limits.maxAlertsPerCaller)
        throw new OverloadedError(`${limits.maxAlertsPerCaller} alerts of ${caller} wait`);
      return alerts.enter(caller);
    },
  };
};

const createCounts = () => {
  const counts = new Map<string, number>();
  let total = 0;
  return {
    of: (caller: string): number => counts.get(caller) ?? 0,
    get total() {
      return total;
    },
    enter: (caller: string): (() => void) => {
      counts.set(caller, (counts.get(caller) ?? 0) + 1);
      total += 1;
      return () => {
        total -= 1;
        const left = (counts.get(caller) ?? 1) - 1;
        if (left === 0) counts.delete(caller);
        else counts.set(caller, left);
      };
    },
  };
};

/** The order of work where not all can be done at once. */
export const severityRank: Readonly<Record<Signal["severity"], number>> = { critical: 0, warning: 1, info: 2, unknown: 2 };
