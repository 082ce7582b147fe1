// The demonstration: a cluster, Kintsugi on it, scenarios run and narrated. Leaves nothing behind, except on request.
import { KubeconfigError } from "#kube/cluster-config.ts";
import { type Scenario, ScenarioError, loadScenario, loadScenarios } from "#scenarios/scenario.ts";
import type { DemoRequest } from "./demo-arguments.ts";
import { type DemoDeps, exitCodes, messageOf } from "./demo-deps.ts";
import { listText } from "./narrate.ts";
import { runOnContext } from "./on-context.ts";
import { runOnEmbedded } from "./on-embedded.ts";
import { runOnTestbed } from "./on-testbed.ts";

export const runDemo = async (request: DemoRequest, deps: DemoDeps): Promise<number> => {
  try {
    if (request.what === "list") {
      deps.print(request.output === "json" ? JSON.stringify(await listOf()) : listText(await loadScenarios()));
      return exitCodes.passed;
    }
    const scenarios =
      request.scenarios.length === 0 ? await loadScenarios() : await Promise.all(request.scenarios.map((name) => loadScenario(name)));
    return await runWhere(request, deps, scenarios);
  } catch (error) {
    if (deps.signal.aborted) return exitCodes.interrupted;
    deps.progress(
      error instanceof ScenarioError || error instanceof KubeconfigError ? error.message : `The demo failed: ${messageOf(error)}`,
    );
    return error instanceof ScenarioError || error instanceof KubeconfigError ? exitCodes.cannotRun : exitCodes.failed;
  }
};

const listOf = async (): Promise<{ name: string; title: string }[]> => (await loadScenarios()).map(({ name, title }) => ({ name, title }));

const runWhere = (request: DemoRequest, deps: DemoDeps, scenarios: readonly Scenario[]): Promise<number> => {
  switch (request.where.cluster) {
    case "embedded":
      return runOnEmbedded(request, deps, scenarios);
    case "testbed":
      return runOnTestbed(request, deps, scenarios);
    case "context":
      return runOnContext(request, request.where, deps, scenarios);
  }
};
