// Applies faults to a real cluster: the healthy state first, then the change that breaks it.
import { MANAGED_LABEL, ENVIRONMENT_LABEL } from "#api/labels.ts";
import type { UserActions } from "#scenarios/user-actions.ts";
import type { Fault } from "#scenarios/faults/fault.ts";

export interface BreakDeps {
  readonly userActions: UserActions;
  readonly kubectl: (...args: string[]) => Promise<string>;
}

/** All namespaces and healthy states first, then each change once its workload is rolled out. `breakNodes` runs `kubectl`. */
export const breakCluster = async ({ userActions, kubectl }: BreakDeps, faults: readonly Fault[]): Promise<void> => {
  const labels = { [MANAGED_LABEL]: "true", [ENVIRONMENT_LABEL]: "staging" };
  for (const { name, before, labels: more } of faults) {
    await userActions.apply([{ apiVersion: "v1", kind: "Namespace", metadata: { name, labels: { ...labels, ...more } } }]);
    await userActions.apply(before, name);
  }
  for (const fault of faults) {
    const { name, after, restart } = fault;
    if (after === undefined) continue;
    if (fault.asked === undefined) await rolledOut({ kubectl }, fault);
    await userActions.apply(after, name);
    if (restart !== undefined) await userActions.deletePods(name, restart);
  }
};

/** Faults of nodes come last, one after the other, because they hold up the new pods of all others. */
export const breakNodes = async (
  { kubectl }: Pick<BreakDeps, "kubectl">,
  faults: readonly Fault[],
  meanwhile: (fault: Fault) => Promise<void>,
): Promise<void> => {
  for (const fault of faults) {
    await rolledOut({ kubectl }, fault);
    for (const args of fault.kubectl ?? []) await kubectl(...args);
    await meanwhile(fault);
    if (fault.afterwards !== undefined) await kubectl(...fault.afterwards);
  }
};

const rolledOut = async ({ kubectl }: Pick<BreakDeps, "kubectl">, { name }: Fault): Promise<void> => {
  for (const workload of (await kubectl("get", "deploy,sts", "-n", name, "-o", "name")).split("\n").filter(Boolean))
    await kubectl("rollout", "status", workload, "-n", name, "--timeout=120s");
};
