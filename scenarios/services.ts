// Kintsugi's services as those who call them see them: when they are ready, and how alerts are posted. Owns no socket.
import type { MonitoringDeps } from "#embedded/monitoring/monitoring.ts";
import { type Clock, delay } from "#lib/clock.ts";

export interface Services {
  fetch(request: Request): Promise<Response>;
}

const readyTimeoutMs = 60_000;

/** Resolves with the Gateway's URL when its /readyz answers 200. */
export const untilReady = async (clock: Clock, services: Services, urlOf: () => string | undefined): Promise<string> => {
  const until = clock.now() + readyTimeoutMs;
  for (;;) {
    const url = urlOf();
    if (url !== undefined && (await services.fetch(new Request(`${url}/readyz`))).status === 200) return url;
    if (clock.now() > until) throw new Error("Kintsugi runs, but its /readyz does not answer 200");
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
