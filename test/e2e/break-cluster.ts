// Lets the faults of a list happen on a real cluster, as people do: the healthy state first, where there is one, then what breaks it.
import { MANAGED_LABEL, ENVIRONMENT_LABEL } from "#api/labels.ts";
import type { Hands } from "#scenarios/hands.ts";
import type { ScenarioFault } from "#test/e2e/scenario-faults.ts";

export interface BreakDeps {
  readonly hands: Hands;
  readonly kubectl: (...args: string[]) => Promise<string>;
}

/** Flow: all namespaces and healthy states at once, then each change once its workload is rolled out. What `kubectl` does is left to breakNodes. */
export const breakCluster = async ({ hands, kubectl }: BreakDeps, faults: readonly ScenarioFault[]): Promise<void> => {
  const labels = { [MANAGED_LABEL]: "true", [ENVIRONMENT_LABEL]: "staging" };
  for (const { name, before } of faults) {
    await hands.apply([{ apiVersion: "v1", kind: "Namespace", metadata: { name, labels } }]);
    await hands.apply(before, name);
  }
  for (const fault of faults) {
    const { name, after, restart } = fault;
    if (after === undefined) continue;
    if (fault.asked === undefined) await rolledOut({ kubectl }, fault);
    await hands.apply(after, name);
    if (restart !== undefined) await hands.deletePods(name, restart);
  }
};

/** What is done to nodes comes last, because it holds up new pods of all others, and one after the other. */
export const breakNodes = async (
  { kubectl }: Pick<BreakDeps, "kubectl">,
  faults: readonly ScenarioFault[],
  meanwhile: (fault: ScenarioFault) => Promise<void>,
): Promise<void> => {
  for (const fault of faults) {
    await rolledOut({ kubectl }, fault);
    for (const args of fault.kubectl ?? []) await kubectl(...args);
    await meanwhile(fault);
    if (fault.afterwards !== undefined) await kubectl(...fault.afterwards);
  }
};

const rolledOut = async ({ kubectl }: Pick<BreakDeps, "kubectl">, { name }: ScenarioFault): Promise<void> => {
  for (const workload of (await kubectl("get", "deploy,sts", "-n", name, "-o", "name")).split("\n").filter(Boolean))
    await kubectl("rollout", "status", workload, "-n", name, "--timeout=120s");
};
