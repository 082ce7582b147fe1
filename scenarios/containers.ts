// What a scenario's containers do where nothing really runs: scenarios/<name>/containers.yaml. Reads only.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { parse } from "yaml";
import * as z from "zod";
import { ContainerRules } from "#scenarios/container-rules.ts";
import { ScenarioError, scenariosFolder } from "#scenarios/scenario.ts";

export const loadContainerRules = async (scenario: string, folder = scenariosFolder): Promise<ContainerRules> => {
  const result = ContainerRules.safeParse(parse(await readFile(join(folder, scenario, "containers.yaml"), "utf8")));
  if (!result.success) throw new ScenarioError(`scenarios/${scenario}/containers.yaml: ${z.prettifyError(result.error)}`);
  return result.data;
};
