// Gathers what a decision about one workflow may look at. Reads the caches; asks the API server only where an execution seems to be gone.
import { phaseOf } from "#api/define-kind.ts";
import { KubernetesExecution } from "#api/kinds/kubernetes-execution.ts";
import type { RemediationRequest } from "#api/kinds/remediation-request.ts";
import type { WorkflowExecution } from "#api/kinds/workflow-execution.ts";
import { targetKey, type Targets } from "#cluster/targets.ts";
import type { Kube } from "#kube/client.ts";
import type { Store } from "#kube/store.ts";
import { fromTimestamp } from "#lib/clock.ts";
import type { Settings } from "#policy/settings.ts";
import { executionName } from "#controllers/workflow-execution/children.ts";
import type { WorkflowObservation } from "#controllers/workflow-execution/decide.ts";
import { type Executions, isOver } from "#controllers/workflow-execution/steps.ts";

export interface Sources {
  readonly kube: Pick<Kube, "get">;
  readonly requests: Store<RemediationRequest>;
  readonly executions: Store<KubernetesExecution>;
  readonly targets: Targets;
  readonly settings: () => Settings;
}

/** Index of the executions' cache; a name that no other user of it takes. */
export const executionsByWorkflow = "workflowOfExecution";
export const executionIndexes = {
  [executionsByWorkflow]: (execution: KubernetesExecution): readonly string[] => [execution.spec.workflow],
};

export const observe = async (sources: Sources, workflow: WorkflowExecution, signal: AbortSignal): Promise<WorkflowObservation> => {
  const { namespace } = workflow.metadata;
  const { target, symptom } = workflow.spec;
  const request = sources.requests.get({ namespace, name: workflow.spec.request });
  const resolvedAt = request === undefined ? undefined : lastResolvedAt(request);
  return {
    workflow,
    executions: await executionsOf(sources, workflow, signal),
    health: sources.targets.health(symptom.object),
    ...(targetKey(target) === targetKey(symptom.object) ? {} : { changed: sources.targets.health(target) }),
    ...(resolvedAt === undefined ? {} : { resolvedAt }),
    verificationSeconds: sources.settings().verificationSeconds,
  };
};

const executionsOf = async (sources: Sources, workflow: WorkflowExecution, signal: AbortSignal): Promise<Executions> => {
  const done = new Map<string, KubernetesExecution>();
  const undone = new Map<string, KubernetesExecution>();
  const lost = new Set<string>();
  const add = (execution: KubernetesExecution): void => {
    if (execution.metadata.ownerReferences?.some((owner) => owner.uid === workflow.metadata.uid))
      (execution.spec.undoes === undefined ? done : undone).set(execution.spec.step, execution);
  };
  for (const execution of sources.executions.index(executionsByWorkflow, workflow.metadata.name)) add(execution);
  const { namespace } = workflow.metadata;
  for (const { id, execution, undo } of workflow.status?.steps ?? []) {
    const missing = execution !== undefined && !done.has(id) ? execution : undo !== undefined && !undone.has(id) ? undo : undefined;
    if (missing === undefined) continue;
    // The caches are separate lists: before an execution counts as lost, the server is asked.
    const live = await sources.kube.get(KubernetesExecution, { namespace, name: missing }, { signal });
    if (live !== undefined) add(live);
    else if (missing === execution) lost.add(id);
  }
  if (mayHaveBegun(workflow, [...done.values()]))
    for (const { id } of workflow.spec.steps) {
      if (done.has(id) || lost.has(id)) continue;
      const live = await sources.kube.get(KubernetesExecution, { namespace, name: executionName(workflow, id) }, { signal });
      if (live !== undefined) add(live);
    }
  return { done, undone, lost };
};

/** A cancel claims that nothing was begun: a step that neither a stale list nor the status shows may have been, so the server is asked. */
const mayHaveBegun = (workflow: WorkflowExecution, known: readonly KubernetesExecution[]): boolean =>
  workflow.spec.cancel === true && ["Pending", "Validating", "Executing"].includes(phaseOf(workflow)) && known.every(isOver);

/** When the last alert of the episode was resolved; undefined while one fires, or if the first was not delivered again. */
const lastResolvedAt = ({ spec, status }: RemediationRequest): number | undefined => {
  const alerts = Object.entries(status?.alerts ?? {}).filter(([fingerprint]) => fingerprint !== "other");
  if (!alerts.some(([fingerprint]) => fingerprint === spec.alert.fingerprint)) return undefined;
  const times = alerts.map(([, alert]) => fromTimestamp(alert.resolvedAt));
  return times.some((time) => time === undefined) ? undefined : Math.max(...times.map((time) => time ?? 0));
};
