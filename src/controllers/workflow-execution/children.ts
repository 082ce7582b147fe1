// From a workflow to the executions of its steps and of their undoing. Pure; names derived, so that the create is safe to repeat.
import type { Step } from "#api/fields.ts";
import type { KubernetesExecution } from "#api/kinds/kubernetes-execution.ts";
import type { WorkflowExecution } from "#api/kinds/workflow-execution.ts";
import { API_VERSION } from "#api/define-kind.ts";
import { JOB_FINALIZER, REQUEST_LABEL } from "#api/labels.ts";
import type { NewMeta, NewObject } from "#api/object.ts";
import { ownedBy } from "#kube/ensure.ts";
import { sha256 } from "#lib/canonical-json.ts";
import { childName } from "#lib/names.ts";

export const executionName = ({ spec }: WorkflowExecution, step: string): string =>
  childName(spec.request, `a${spec.attempt}`, "kex", step);
export const undoName = ({ spec }: WorkflowExecution, step: string): string => childName(spec.request, `a${spec.attempt}`, "undo", step);

export const executionOf = (workflow: WorkflowExecution, step: Step): NewObject<KubernetesExecution> => ({
  apiVersion: API_VERSION,
  kind: "KubernetesExecution",
  metadata: childMeta(workflow, executionName(workflow, step.id)),
  spec: {
    request: workflow.spec.request,
    workflow: workflow.metadata.name,
    step: step.id,
    action: step.action,
    target: step.target,
    parameters: step.parameters,
    changesHash: step.changesHash,
    timeoutSeconds: step.timeoutSeconds,
    ...(step.permission === undefined ? {} : { permission: step.permission }),
    ...(workflow.spec.approval === undefined ? {} : { approval: workflow.spec.approval }),
  },
});

/** Bound to the very inverse that was stored; absent where there is none to apply. What holds no hash of it was written by an older version: its undo says so. */
export const undoOf = (
  workflow: WorkflowExecution,
  step: Step,
  original: KubernetesExecution,
): NewObject<KubernetesExecution> | undefined => {
  const { inverse, inverseHash } = original.status ?? {};
  if (inverse === undefined || inverse === "irreversible") return undefined;
  const execution = executionOf(workflow, step);
  return {
    ...execution,
    metadata: childMeta(workflow, undoName(workflow, step.id)),
    spec: { ...execution.spec, changesHash: inverseHash ?? sha256(inverse), undoes: original.metadata.name },
  };
};

/** Created with the finalizer that holds it while its Job runs: putting it on later would be one more write. */
const childMeta = (workflow: WorkflowExecution, name: string): NewMeta => ({
  name,
  namespace: workflow.metadata.namespace,
  labels: { [REQUEST_LABEL]: workflow.spec.request },
  finalizers: [JOB_FINALIZER],
  ownerReferences: [ownedBy(workflow)],
});
