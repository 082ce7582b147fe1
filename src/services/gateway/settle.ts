// What becomes of one alert that was read, whatever its sender: its object resolved, then recorded. The one way in; counts every result.
import type { SignalResult } from "#api/rest/gateway.ts";
import type { Reported } from "#api/fields.ts";
import type { Resolved } from "#cluster/owners.ts";
import type { Metrics } from "#lib/metrics.ts";
import { metrics } from "#services/gateway/role.ts";
import type { Read, Signal, TargetedSignal } from "#services/gateway/signal.ts";

/** Rejects where the alert is not stored: its sender has to deliver it again. Work that has not begun when `until` is aborted is dropped. */
export type Settle = (read: Read, source: Signal["source"], until?: AbortSignal) => Promise<SignalResult>;

export interface SettleDeps {
  readonly metrics: Metrics;
  readonly resolve: (reported: Reported) => Resolved;
  readonly record: (signal: TargetedSignal, until?: AbortSignal) => Promise<SignalResult>;
}

export const createSettle = (deps: SettleDeps): Settle => {
  const signals = deps.metrics.counter(metrics.signals);

  const settled = async (read: Read, until: AbortSignal | undefined): Promise<SignalResult> => {
    if (read.kind !== "signal") return { fingerprint: read.fingerprint, result: read.kind, reason: read.reason };
    const { signal } = read;
    const { target, unresolved } = deps.resolve(signal.reported);
    return deps.record({ signal, target, ...(unresolved === undefined ? {} : { unresolved }) }, until);
  };

  return async (read, source, until) => {
    try {
      const result = await settled(read, until);
      signals.add({ source, result: result.result });
      return result;
    } catch (error) {
      signals.add({ source, result: "failed" });
      throw error;
    }
  };
};
