// The demonstration on a real cluster of this machine: up, and down again unless it is asked to stay.
import { openStage } from "#scenarios/stage.ts";
import type { Scenario } from "#scenarios/scenario.ts";
import { ensurePrerequisites } from "#testbed/prerequisites.ts";
import { down } from "#testbed/testbed.ts";
import type { DemoRequest } from "./demo-arguments.ts";
import { type DemoDeps, exitCodes, exitCodeOf, messageOf } from "./demo-deps.ts";
import { lookAroundOnTestbed } from "./narrate.ts";
import { runScenarios } from "./run-scenarios.ts";

const testbedName = "demo";
/** Together they keep two cores busy and no busier. */
const atOnce = 2;

export const runOnTestbed = async (request: DemoRequest, deps: DemoDeps, scenarios: readonly Scenario[]): Promise<number> => {
  const { clock, random, home, progress, signal } = deps;
  try {
    await ensurePrerequisites("cluster", progress);
  } catch (error) {
    progress(`The demo can't run on a real cluster here. ${messageOf(error)}`);
    return exitCodes.cannotRun;
  }
  // Also when something fails: then there is all the more to look at.
  const isKept = (): boolean => request.afterwards === "keep" && !signal.aborted;
  try {
    const stage = await openStage({ name: testbedName, clock, random, home, progress, signal });
    try {
      const results = await runScenarios(stage, request, deps, scenarios, atOnce);
      if (isKept()) {
        const { testbed, installation } = stage;
        const { kubeconfigPath, binDir, prometheusUrl, alertmanagerUrl } = testbed;
        const requests = results.flatMap((result) => result.requests.map(({ name }) => name));
        const { namespace } = installation;
        progress(lookAroundOnTestbed({ testbedName, kubeconfigPath, binDir, prometheusUrl, alertmanagerUrl, namespace, requests }));
      }
      return exitCodeOf(results, signal);
    } finally {
      await stage.close();
    }
  } finally {
    if (!isKept()) {
      progress("Taking the cluster down …");
      await down({ name: testbedName });
    }
  }
};
