// The step graph of a workflow: whether it can be run, how far each step is, which step is next. Pure; at most one step runs at a time.
import type { Step } from "#api/fields.ts";
import { executionTransitions, type KubernetesExecution } from "#api/kinds/kubernetes-execution.ts";
import type { StepStatus } from "#api/kinds/workflow-execution.ts";
import { isTerminal, phaseOf } from "#api/define-kind.ts";
import { referenceText } from "#api/object.ts";

/** Why the steps cannot be run; empty where they can. Their order in the list must be one in which they may run. */
export const problemsOf = (steps: readonly Step[]): string[] => {
  const problems: string[] = [];
  const before = new Set<string>();
  const all = new Set(steps.map((step) => step.id));
  const written = new Map<string, string>();
  for (const step of steps) {
    if (before.has(step.id)) problems.push(`duplicate step id ${step.id}`);
    for (const id of step.dependsOn) {
      if (!all.has(id)) problems.push(`step ${step.id} depends on ${id}, which does not exist`);
      else if (!before.has(id)) problems.push(`step ${step.id} depends on ${id}, which does not come before it`);
    }
    // Each step is planned against the object as it is now: two changes of one kind to one object would not be what was approved.
    const what = `${step.action} on ${referenceText(step.target)}`;
    const earlier = written.get(what);
    if (earlier !== undefined) problems.push(`steps ${earlier} and ${step.id} are the same: ${what}`);
    written.set(what, step.id);
    before.add(step.id);
  }
  return problems;
};

/** The executions of one workflow, by step. */
export interface Executions {
  readonly done: ReadonlyMap<string, KubernetesExecution>;
  readonly undone: ReadonlyMap<string, KubernetesExecution>;
  /** Steps whose execution was begun and is not there any more. */
  readonly lost: ReadonlySet<string>;
}

export interface StepView {
  readonly step: Step;
  readonly state: StepStatus["state"];
  readonly execution?: KubernetesExecution;
  readonly undo?: KubernetesExecution;
  readonly message?: string;
}

export const isOver = (execution: KubernetesExecution): boolean => isTerminal(executionTransitions, phaseOf(execution));

/** In the order of the list, which is an order in which they may run. */
export const viewsOf = (steps: readonly Step[], { done, undone, lost }: Executions): StepView[] => {
  const views: StepView[] = [];
  for (const step of steps) {
    const execution = done.get(step.id);
    const undo = undone.get(step.id);
    const blocked = step.dependsOn.some((id) => {
      const state = views.find((view) => view.step.id === id)?.state;
      return state === "Failed" || state === "Skipped";
    });
    views.push({
      step,
      ...stateOf(execution, undo, lost.has(step.id), blocked),
      ...(execution === undefined ? {} : { execution }),
      ...(undo === undefined ? {} : { undo }),
    });
  }
  return views;
};

const stateOf = (
  execution: KubernetesExecution | undefined,
  undo: KubernetesExecution | undefined,
  lost: boolean,
  blocked: boolean,
): Pick<StepView, "state" | "message"> => {
  if (undo !== undefined && isOver(undo))
    return { state: undo.status?.phase === "Completed" ? "Undone" : "UndoFailed", ...messageOf(undo) };
  if (execution === undefined) {
    if (lost)
      return { state: "Failed", message: "Its KubernetesExecution was deleted while it ran. Whether it changed anything is unknown." };
    return blocked ? { state: "Skipped", message: "A step it depends on did not succeed." } : { state: "Waiting" };
  }
  if (!isOver(execution)) return { state: "Running" };
  return { state: execution.status?.phase === "Completed" ? "Completed" : "Failed", ...messageOf(execution) };
};

const messageOf = ({ status }: KubernetesExecution): { message?: string } =>
  status?.message === undefined ? {} : { message: status.message };

/** The next step to begin; absent while one runs or none is left. */
export const nextStep = (views: readonly StepView[]): Step | undefined =>
  views.some(({ state }) => state === "Running") ? undefined : views.find(({ state }) => state === "Waiting")?.step;

/** Whether this step has left something in the cluster that was not undone; unknown counts as changed. */
export const hasChanged = ({ state, execution }: StepView): boolean => {
  if (state === "Undone") return false;
  if (execution === undefined) return state === "Failed" || state === "UndoFailed";
  if (!isOver(execution)) return true;
  // A pod that was replaced stays replaced: its inverse is empty, and nothing of ours remains.
  return execution.status?.changed === true && execution.status.inverse !== "[]";
};

/** The last of those that changed something, since an undo runs backwards. */
export const nextUndo = (views: readonly StepView[]): StepView | undefined =>
  views.findLast((view) => (view.state === "Completed" || view.state === "Failed") && hasChanged(view));

/** As the status shows them. */
export const statusesOf = (views: readonly StepView[]): StepStatus[] =>
  views.map(({ step, state, execution, undo, message }) => ({
    id: step.id,
    ...(execution === undefined ? {} : { execution: execution.metadata.name }),
    ...(undo === undefined ? {} : { undo: undo.metadata.name }),
    state,
    ...(message === undefined ? {} : { message }),
  }));
