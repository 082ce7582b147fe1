// A sender as Alertmanager is one: with a good token, and it sends again what was not taken.
import { setTimeout as pause } from "node:timers/promises";
import { prometheusSignalsPath, type SignalResult, type SignalResults } from "#api/rest/gateway.ts";
import { alertmanagerAlert, delivery } from "#test/alertmanager.ts";

export type AlertLabels = Readonly<Record<string, string>>;
export interface Sent {
  readonly results: readonly SignalResult[];
  /** What was answered before, in order. */
  readonly refused: readonly number[];
  readonly takenAfterMs: number;
}
export interface Sender {
  /** Once: the status, 0 where there was no answer. */
  once(alerts: readonly AlertLabels[]): Promise<{ readonly status: number; readonly results: readonly SignalResult[] }>;
  /** Until it is taken. Throws when that takes longer than `withinMs`. */
  untilTaken(alerts: readonly AlertLabels[], withinMs: number): Promise<Sent>;
}

const againMs = 1_000;
/** As Alertmanager does. */
const givesUpMs = 10_000;

export const createSender = (gateway: string, token: string): Sender => {
  const once: Sender["once"] = async (alerts) => {
    const body = JSON.stringify(delivery(alerts.map((labels) => alertmanagerAlert({ labels, startsAt: new Date().toISOString() }))));
    const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
    try {
      const answer = await fetch(`${gateway}${prometheusSignalsPath}`, {
        method: "POST",
        headers,
        body,
        signal: AbortSignal.timeout(givesUpMs),
      });
      const text = await answer.text();
      return { status: answer.status, results: answer.status === 202 ? (JSON.parse(text) as SignalResults).results : [] };
    } catch {
      return { status: 0, results: [] };
    }
  };
  return {
    once,
    untilTaken: async (alerts, withinMs) => {
      const beganAt = Date.now();
      const refused: number[] = [];
      while (true) {
        const { status, results } = await once(alerts);
        const takenAfterMs = Date.now() - beganAt;
        if (status === 202) return { results, refused, takenAfterMs };
        refused.push(status);
        if (takenAfterMs > withinMs) throw new Error(`an alert was not taken within ${withinMs} ms: ${refused.join(", ")}`);
        await pause(againMs);
      }
    },
  };
};
