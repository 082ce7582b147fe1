// The demonstration: a real cluster up, Kintsugi on it, scenarios run and told, the cluster down again. Must leave nothing behind unless
// it is asked to.
import { findRequest, readStoryObjects } from "#cli/find.ts";
import { renderStory } from "#cli/render/story-text.ts";
import { storyOf } from "#cli/render/story.ts";
import type { Clock, Random } from "#lib/clock.ts";
import type { ScenarioEvent, ScenarioResult } from "#scenarios/scenario-events.ts";
import { type Scenario, ScenarioError, loadScenario, loadScenarios } from "#scenarios/scenario.ts";
import { type Stage, openStage } from "#scenarios/stage.ts";
import { ensurePrerequisites } from "#testbed/prerequisites.ts";
import { down } from "#testbed/testbed.ts";
import type { DemoRequest } from "./demo-arguments.ts";
import { eventText, introduction, listText, lookAroundText, resultText } from "./narrate.ts";

export interface DemoDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly home: string;
  /** Results; with JSON nothing else goes there. */
  readonly print: (line: string) => void;
  /** What takes time before anything can be told. */
  readonly progress: (line: string) => void;
  readonly isTerminal: boolean;
  readonly columns: number;
  readonly signal: AbortSignal;
}

const testbedName = "demo";
/** Together they keep two cores busy and no busier. */
const atOnce = 2;

export const exitCodes = { passed: 0, failed: 1, cannotRun: 2, interrupted: 130 } as const;

export const runDemo = async (request: DemoRequest, deps: DemoDeps): Promise<number> => {
  try {
    if (request.what === "list") {
      deps.print(request.output === "json" ? JSON.stringify(await listOf()) : listText(await loadScenarios()));
      return exitCodes.passed;
    }
    const scenarios =
      request.scenarios.length === 0 ? await loadScenarios() : await Promise.all(request.scenarios.map((name) => loadScenario(name)));
    try {
      await ensurePrerequisites("cluster", deps.progress);
    } catch (error) {
      deps.progress(`The demo can't run here. ${messageOf(error)}`);
      return exitCodes.cannotRun;
    }
    return await onTestbed(request, deps, scenarios);
  } catch (error) {
    if (deps.signal.aborted) return exitCodes.interrupted;
    deps.progress(error instanceof ScenarioError ? error.message : `The demo failed: ${messageOf(error)}`);
    return error instanceof ScenarioError ? exitCodes.cannotRun : exitCodes.failed;
  }
};

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

const listOf = async (): Promise<{ name: string; title: string }[]> => (await loadScenarios()).map(({ name, title }) => ({ name, title }));

const onTestbed = async (request: DemoRequest, deps: DemoDeps, scenarios: readonly Scenario[]): Promise<number> => {
  const { clock, random, home, progress, signal } = deps;
  // Also when something fails: then there is all the more to look at.
  const isKept = (): boolean => request.afterwards === "keep" && !signal.aborted;
  try {
    const stage = await openStage({ name: testbedName, clock, random, home, progress, signal });
    try {
      const results = await runAll(stage, request, deps, scenarios);
      if (signal.aborted) return exitCodes.interrupted;
      if (isKept()) progress(lookAroundText(surroundingsOf(stage, results)));
      return results.every(({ passed }) => passed) ? exitCodes.passed : exitCodes.failed;
    } finally {
      stage.close();
    }
  } finally {
    if (!isKept()) {
      progress("Taking the cluster down …");
      await down({ name: testbedName });
    }
  }
};

const surroundingsOf = ({ testbed, installation }: Stage, results: readonly ScenarioResult[]): Parameters<typeof lookAroundText>[0] => ({
  testbedName,
  kubeconfigPath: testbed.kubeconfigPath,
  binDir: testbed.binDir,
  prometheusUrl: testbed.prometheusUrl,
  alertmanagerUrl: testbed.alertmanagerUrl,
  namespace: installation.namespace,
  requests: results.flatMap((result) => result.requests.map(({ name }) => name)),
});

const runAll = async (stage: Stage, request: DemoRequest, deps: DemoDeps, scenarios: readonly Scenario[]): Promise<ScenarioResult[]> => {
  const waiting = [...scenarios];
  const results: ScenarioResult[] = [];
  const worker = async (): Promise<void> => {
    for (let scenario = waiting.shift(); scenario !== undefined && !deps.signal.aborted; scenario = waiting.shift()) {
      results.push(await runOne(stage, request, deps, scenario, scenarios.length > 1 ? "several" : "alone"));
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  return results;
};

const runOne = async (
  stage: Stage,
  request: DemoRequest,
  deps: DemoDeps,
  scenario: Scenario,
  audience: "alone" | "several",
): Promise<ScenarioResult> => {
  const isText = request.output === "text";
  if (isText) deps.print(introduction(scenario));
  const report = (event: ScenarioEvent): void => deps.print(isText ? eventText(event, audience) : JSON.stringify(event));
  const { result, cleanUp } = await stage.run(scenario, report);
  if (deps.signal.aborted) return result;
  if (isText) {
    deps.print(resultText(result));
    for (const { name } of result.requests) deps.print(`\n${await storyText(stage, name, deps)}`);
  } else {
    deps.print(JSON.stringify({ event: "result", ...result }));
    const { outcome, durationMs } = result;
    deps.print(JSON.stringify({ scenario: scenario.name, outcome, durationMs }));
  }
  if (request.afterwards === "take-down") await cleanUp();
  return result;
};

const storyText = async ({ kube, installation }: Stage, name: string, { columns, isTerminal }: DemoDeps): Promise<string> => {
  const request = await findRequest(kube, installation.namespace, name);
  return renderStory(storyOf(await readStoryObjects(kube, request)), { columns, color: isTerminal });
};
