// Kintsugi's services as those who call them see them: when they are ready, and how alerts are posted. Owns no socket.
import type { MonitoringDeps } from "#embedded/monitoring/monitoring.ts";
import { type Clock, delay } from "#lib/clock.ts";

export interface Services {
  fetch(request: Request): Promise<Response>;
}

const readyTimeoutMs = 60_000;

/** Where one Kintsugi listens. Its probes are on the metrics port. */
export interface Addresses {
  readonly gateway?: string;
  readonly metrics?: string;
}

export const ports = { gateway: 8080, metrics: 9090 } as const;

/** Resolves with the Gateway's URL when /readyz answers 200. */
export const untilReady = async (clock: Clock, services: Services, addresses: () => Addresses): Promise<string> => {
  const until = clock.now() + readyTimeoutMs;
  for (;;) {
    const { gateway, metrics } = addresses();
    const answer = metrics === undefined ? undefined : await services.fetch(new Request(`${metrics}/readyz`));
    if (gateway !== undefined && answer?.status === 200) return gateway;
    if (clock.now() > until)
      throw new Error(`Kintsugi runs, but is not ready: ${answer === undefined ? "it does not listen yet" : await answer.text()}`);
    await delay(clock, 50);
  }
};

export const postAlerts =
  (services: Services): MonitoringDeps["post"] =>
  async ({ url, bearerToken }, payload) => {
    const headers = {
      "content-type": "application/json",
      ...(bearerToken === undefined ? {} : { authorization: `Bearer ${bearerToken}` }),
    };
    const response = await services.fetch(new Request(url, { method: "POST", headers, body: JSON.stringify(payload) }));
    await response.text();
    return response.status;
  };
