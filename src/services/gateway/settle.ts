// What becomes of one alert that was read, whatever its sender. The one way in; counts every result.
import type { SignalResult } from "#api/rest/gateway.ts";
import type { Metrics } from "#lib/metrics.ts";
import type { AlertRecords } from "#services/gateway/alert-records.ts";
import type { Delivery, Intake } from "#services/gateway/intake.ts";
import { metrics } from "#services/gateway/role.ts";
import type { Read, Signal } from "#services/gateway/signal.ts";

/** Rejects where the alert is not stored: its sender has to deliver it again. An alert of no delivery is one by itself. */
export type Settle = (read: Read, source: Signal["source"], delivery?: Delivery) => Promise<SignalResult>;

export interface SettleDeps {
  readonly metrics: Metrics;
  readonly intake: Pick<Intake, "begin">;
  readonly records: Pick<AlertRecords, "note">;
}

export const createSettle = ({ metrics: into, intake, records }: SettleDeps): Settle => {
  const signals = into.counter(metrics.signals);

  const settled = async (read: Read, source: Signal["source"], delivery: Delivery | undefined): Promise<SignalResult> => {
    if (read.kind !== "signal") return { fingerprint: read.fingerprint, result: read.kind, reason: read.reason };
    if (delivery !== undefined) return delivery.take(read.signal);
    const own = intake.begin(source);
    return own.take(read.signal).finally(own.end);
  };

  return async (read, source, delivery) => {
    try {
      const result = await settled(read, source, delivery);
      signals.add({ source, result: result.result });
      records.note(read, source, { result });
      return result;
    } catch (error) {
      signals.add({ source, result: "failed" });
      records.note(read, source, { error });
      throw error;
    }
  };
};
