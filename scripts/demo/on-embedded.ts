// The demonstration on a cluster in this process: nothing to install, nothing left behind. With --keep it serves kubectl until Ctrl-C.
import { openEmbeddedStage } from "#scenarios/embedded-stage.ts";
import { openHttpsEndpoint } from "#scenarios/https-endpoint.ts";
import { scenarioPrograms } from "#scenarios/scenario-programs.ts";
import { type Scenario, loadScenarios } from "#scenarios/scenario.ts";
import { startHttpServer } from "#lib/http-server.ts";
import type { DemoRequest } from "./demo-arguments.ts";
import { type DemoDeps, aborted, exitCodeOf } from "./demo-deps.ts";
import { lookAroundOnEmbedded } from "./narrate.ts";
import { runScenarios } from "./run-scenarios.ts";

/** They wait more than they work. */
const atOnce = 4;

export const runOnEmbedded = async (request: DemoRequest, deps: DemoDeps, scenarios: readonly Scenario[]): Promise<number> => {
  const { clock, random, progress, signal } = deps;
  const programs = await scenarioPrograms(await loadScenarios());
  const stage = await openEmbeddedStage({ clock, random, progress, signal, services: { start: startHttpServer, fetch }, ...programs });
  try {
    const results = await runScenarios(stage, request, deps, scenarios, atOnce);
    const code = exitCodeOf(results, signal);
    if (request.afterwards === "keep" && !signal.aborted) {
      const endpoint = await openHttpsEndpoint(stage, clock);
      try {
        const requests = results.flatMap((result) => result.requests.map(({ name }) => name));
        progress(lookAroundOnEmbedded({ kubeconfigPath: endpoint.kubeconfigPath, namespace: stage.installation.namespace, requests }));
        await aborted(signal);
      } finally {
        await endpoint.close();
      }
    }
    return code;
  } finally {
    await stage.close();
  }
};
