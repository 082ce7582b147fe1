// Sends alerts as Alertmanager does: again after every 5xx and broken connection, never after a 4xx, and everything twice if the plan says so.
import { prometheusSignalsPath } from "#api/rest/gateway.ts";
import { delay, toPreciseTimestamp } from "#lib/clock.ts";
import type { Replica, SimDeps } from "#sim/product.ts";
import { between, pick } from "#sim/seeded-random.ts";

export interface AlertToSend {
  readonly name: string;
  readonly namespace: string;
  readonly pod: string;
  readonly startsAtMs: number;
  readonly resolvedAtMs?: number;
}

const fingerprintOf = ({ name, pod }: AlertToSend): string => {
  let hash = 0n;
  for (const character of `${name}/${pod}`) hash = (hash * 1_099_511_628_211n + BigInt(character.charCodeAt(0))) & 0xffff_ffff_ffff_ffffn;
  return hash.toString(16).padStart(16, "0");
};

const payloadOf = (alerts: readonly AlertToSend[]): string =>
  JSON.stringify({
    version: "4",
    groupKey: "simulated",
    status: alerts.some(({ resolvedAtMs }) => resolvedAtMs === undefined) ? "firing" : "resolved",
    receiver: "kintsugi",
    groupLabels: {},
    commonLabels: {},
    commonAnnotations: {},
    externalURL: "http://alertmanager.test",
    alerts: alerts.map((alert) => ({
      status: alert.resolvedAtMs === undefined ? "firing" : "resolved",
      labels: { alertname: alert.name, severity: "warning", namespace: alert.namespace, pod: alert.pod, container: "web" },
      annotations: { summary: "Pod is crash looping." },
      startsAt: toPreciseTimestamp(alert.startsAtMs),
      endsAt: alert.resolvedAtMs === undefined ? "0001-01-01T00:00:00Z" : toPreciseTimestamp(alert.resolvedAtMs),
      generatorURL: "http://prometheus.test",
      fingerprint: fingerprintOf(alert),
    })),
  });

/** Resolves when one of the replicas has taken it. */
export const sendAlerts = async (
  alerts: readonly AlertToSend[],
  token: string,
  replicas: readonly Replica[],
  deps: Pick<SimDeps, "clock" | "random" | "trace" | "onBug">,
): Promise<void> => {
  const body = payloadOf(alerts);
  for (;;) {
    const answer = await Promise.race([
      pick(deps.random, replicas)
        .post(prometheusSignalsPath, token, body)
        .catch((error: unknown) => (error instanceof Error ? error.message : "failed")),
      // Alertmanager gives up on an answer after a while, and sends again.
      delay(deps.clock, 10_000).then(() => "no answer in time"),
    ]);
    deps.trace.add(`alertmanager hears ${answer}`);
    if (typeof answer === "number" && answer < 300) return;
    if (typeof answer === "number" && answer < 500) return deps.onBug(`the Gateway refused a good delivery with ${answer}`);
    await delay(deps.clock, between(deps.random, 50, 400));
  }
};
