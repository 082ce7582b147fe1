// What the containers of all scenarios do on one embedded cluster: each namespace by the rules of the scenario that made it. Reads files once.
import type { Behave, Pull } from "#embedded/nodes/behaviour.ts";
import { behaveBy, pullBy } from "#scenarios/container-rules.ts";
import { loadContainerRules } from "#scenarios/containers.ts";
import { namespaceOf } from "#scenarios/run-scenario.ts";
import type { Scenario } from "#scenarios/scenario.ts";

export interface Programs {
  readonly behave: Behave;
  readonly pull: Pull;
}

export const scenarioPrograms = async (scenarios: readonly Scenario[]): Promise<Programs> => {
  const byNamespace = new Map<string, Programs>();
  for (const { name, namespaces } of scenarios) {
    const rules = await loadContainerRules(name);
    const programs = { behave: behaveBy(rules), pull: pullBy(rules) };
    for (const namespace of namespaces) byNamespace.set(namespace.name, programs);
  }
  const programsIn = (namespace: string): Programs | undefined => byNamespace.get(namespaceOf(namespace));
  return {
    behave: (context) => programsIn(context.namespace)?.behave(context),
    pull: (context) => programsIn(context.namespace)?.pull(context),
  };
};
