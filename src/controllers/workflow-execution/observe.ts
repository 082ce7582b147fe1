// Gathers what a decision about one workflow may look at. Reads the caches; asks the API server only where an execution seems to be gone.
import { KubernetesExecution } from "#api/kinds/kubernetes-execution.ts";
import type { RemediationRequest } from "#api/kinds/remediation-request.ts";
import type { WorkflowExecution } from "#api/kinds/workflow-execution.ts";
import { type Targets, targetKey } from "#cluster/targets.ts";
import type { Kube } from "#kube/client.ts";
import type { Store } from "#kube/store.ts";
import { fromTimestamp } from "#lib/clock.ts";
import type { Settings } from "#policy/settings.ts";
import { type Observed, phaseOf } from "#controllers/workflow-execution/decide.ts";

export interface Sources {
  readonly kube: Pick<Kube, "get">;
  readonly namespace: string;
  readonly requests: Store<RemediationRequest>;
  readonly executions: Store<KubernetesExecution>;
  readonly targets: Targets;
  readonly settings: () => Settings;
}

export const executionsByWorkflow = "workflowOfExecution";
export const executionIndexes = {
  [executionsByWorkflow]: (execution: KubernetesExecution): readonly string[] => [execution.spec.workflow],
};

export const verifyingByTarget = "verifyingWorkflowsByTarget";
export const workflowsByRequest = "workflowsOfRequest";
export const workflowIndexes = {
  [verifyingByTarget]: (workflow: WorkflowExecution): readonly string[] =>
    phaseOf(workflow) === "Verifying" ? [targetKey(workflow.spec.symptom.object)] : [],
  [workflowsByRequest]: (workflow: WorkflowExecution): readonly string[] => [workflow.spec.request],
};

export const observe = async (sources: Sources, workflow: WorkflowExecution, signal: AbortSignal): Promise<Observed> => {
  const { uid, name, namespace } = workflow.metadata;
  const ours = sources.executions
    .index(executionsByWorkflow, name)
    .filter((execution) => execution.metadata.ownerReferences?.some((owner) => owner.uid === uid));
  const done = new Map(
    ours.filter((execution) => execution.spec.undoes === undefined).map((execution) => [execution.spec.step, execution]),
  );
  const undone = new Map(
    ours.filter((execution) => execution.spec.undoes !== undefined).map((execution) => [execution.spec.step, execution]),
  );
  const lost = new Set<string>();
  for (const { id, execution } of workflow.status?.steps ?? []) {
    if (execution === undefined || done.has(id)) continue;
    // Our cache may be behind what a run before this one created: only the API server knows that it is gone.
    const live = await sources.kube.get(KubernetesExecution, { namespace, name: execution }, { signal });
    if (live?.metadata.ownerReferences?.some((owner) => owner.uid === uid) === true) done.set(id, live);
    else lost.add(id);
  }
  const resolvedAt = resolvedAtMs(sources.requests.get({ namespace, name: workflow.spec.request }));
  return {
    workflow,
    executions: { done, undone, lost },
    health: sources.targets.health(workflow.spec.symptom.object),
    ...(resolvedAt === undefined ? {} : { resolvedAt }),
    verificationSeconds: sources.settings().verificationSeconds,
  };
};

/** When the last of its alerts was resolved; undefined while one fires, the first one included, which may stand in the spec alone. */
const resolvedAtMs = (request: RemediationRequest | undefined): number | undefined => {
  const alerts = request?.status?.alerts ?? {};
  if (request === undefined || alerts[request.spec.alert.fingerprint] === undefined) return undefined;
  const times = Object.values(alerts).map((alert) => fromTimestamp(alert.resolvedAt));
  return times.every((time) => time !== undefined) ? Math.max(...times) : undefined;
};
