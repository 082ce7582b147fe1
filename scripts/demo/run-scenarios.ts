// Runs scenarios on a stage and narrates them, in the same way on every cluster.
import { findRequest, readStoryObjects } from "#cli/find.ts";
import { renderStory } from "#cli/render/story-text.ts";
import { storyOf } from "#story/story-of.ts";
import type { ScenarioEvent, ScenarioResult } from "#scenarios/scenario-events.ts";
import type { Scenario } from "#scenarios/scenario.ts";
import type { Stage } from "#scenarios/stage.ts";
import type { DemoRequest } from "./demo-arguments.ts";
import type { DemoDeps } from "./demo-deps.ts";
import { eventText, introduction, resultText } from "./narrate.ts";

export const runScenarios = async (
  stage: Stage,
  request: DemoRequest,
  deps: DemoDeps,
  scenarios: readonly Scenario[],
  atOnce: number,
): Promise<ScenarioResult[]> => {
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
  if (isText) deps.print(introduction(scenario, deps.columns));
  const report = (event: ScenarioEvent): void => deps.print(isText ? eventText(event, audience, deps.columns) : JSON.stringify(event));
  const { result, cleanUp } = await stage.run(scenario, report);
  if (deps.signal.aborted) return result;
  if (isText) {
    deps.print(resultText(result));
    for (const { name } of result.requests) deps.print(`\n${await storyText(stage, name, deps)}`);
  } else {
    deps.print(JSON.stringify({ event: "result", ...result }));
  }
  if (request.afterwards === "take-down") await cleanUp();
  return result;
};

export const storyText = async (
  { kube, installation }: Stage,
  name: string,
  { columns, isTerminal }: Pick<DemoDeps, "columns" | "isTerminal">,
): Promise<string> => {
  const request = await findRequest(kube, { kintsugiNamespace: installation.namespace, targetNamespace: undefined }, name);
  return renderStory(storyOf(await readStoryObjects(kube, request)), { columns, color: isTerminal });
};
