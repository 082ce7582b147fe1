// What a decision about a workflow does outside its status: creates the execution of a step or of its undo, or cancels the one that runs.
import { KubernetesExecution } from "#api/kinds/kubernetes-execution.ts";
import { keyOf } from "#api/object.ts";
import type { RoleDeps } from "#runtime/role-deps.ts";
import type { Acted, Pass, Written } from "#controllers/phase-controller.ts";
import { executionOf, undoOf } from "#controllers/workflow-execution/children.ts";
import type { WorkflowObservation, Words } from "#controllers/workflow-execution/decide.ts";
import { statusesOf, viewsOf } from "#controllers/workflow-execution/steps.ts";
import { ensure } from "#kube/ensure.ts";
import type { Store } from "#kube/store.ts";

export const act = async (
  { kube, executions: store }: Pick<RoleDeps, "kube"> & { readonly executions: Store<KubernetesExecution> },
  { type, step: id }: Words["effect"],
  seen: WorkflowObservation,
  { signal }: Pick<Pass, "signal">,
): Promise<Acted<WorkflowObservation>> => {
  const { workflow, executions } = seen;
  const original = executions.done.get(id);
  if (type === "cancel") {
    if (original === undefined) return seen;
    store.noteWrite(await kube.mergePatch(KubernetesExecution, keyOf(original), { spec: { cancel: true } }, { signal }));
    return seen;
  }
  const step = workflow.spec.steps.find((each) => each.id === id);
  const child = step && (type === "begin" ? executionOf(workflow, step) : original && undoOf(workflow, step, original));
  if (child === undefined) throw new Error(`step ${id} of ${workflow.metadata.name} cannot be begun`);
  const { state, object } = await ensure(kube, store, KubernetesExecution, child, workflow.metadata, signal);
  if (state === "conflict") return "conflict";
  const list = type === "begin" ? "done" : "undone";
  return { ...seen, executions: { ...executions, [list]: new Map(executions[list]).set(id, object) } };
};

export const statusAfter = ({ workflow, executions }: WorkflowObservation, _decision: Written<Words>): Partial<Words["status"]> => ({
  steps: statusesOf(viewsOf(workflow.spec.steps, executions)),
});
