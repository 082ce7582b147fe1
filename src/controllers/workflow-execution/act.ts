// Performs one decision about a workflow: the execution first, then the one status write, then the event. Never writes an edge that the table lacks.
import { mayBecome } from "#api/define-kind.ts";
import { KubernetesExecution } from "#api/kinds/kubernetes-execution.ts";
import { WorkflowExecution, type WorkflowPhase, workflowTransitions } from "#api/kinds/workflow-execution.ts";
import { keyOf, type NewObject } from "#api/object.ts";
import type { RoleDeps } from "#controllers/deps.ts";
import type { Next } from "#kube/controller.ts";
import { ensure } from "#kube/ensure.ts";
import type { Store } from "#kube/store.ts";
import { writeStatus } from "#kube/write-status.ts";
import type { Log } from "#lib/log.ts";
import { executionOf, undoOf } from "#controllers/workflow-execution/children.ts";
import { type Decision, type Move, type Observed, phaseOf, type Status, statusAfter } from "#controllers/workflow-execution/decide.ts";
import type { Executions } from "#controllers/workflow-execution/steps.ts";

export interface ActContext {
  readonly signal: AbortSignal;
  readonly log: Log;
  readonly now: number;
}

/** The deletion of the stranger wakes us; the time is for the case that nobody deletes it. */
const strangerLookMs = 5_000;

export const createAct = (deps: RoleDeps, workflows: Store<WorkflowExecution>, executions: Store<KubernetesExecution>) => {
  const { kube } = deps;
  const ended = deps.metrics.counter({ name: "workflows_total", help: "Workflows that ended, by phase", labels: ["phase"] });

  const write = async (
    seen: Observed,
    change: Move | { readonly fields: Partial<Status> },
    known: Executions,
    context: ActContext,
  ): Promise<void> => {
    const { workflow } = seen;
    if ("to" in change) requireEdges(phaseOf(workflow), change);
    await writeStatus(kube, workflows, WorkflowExecution, workflow, statusAfter(seen, change, known, context.now), context.signal);
    if (!("to" in change)) return;
    context.log.info(change.message, { request: workflow.spec.request, workflow: workflow.metadata.name, phase: change.to });
    tell(deps, workflow, change);
    if (workflowTransitions[change.to].length === 0) ended.add({ phase: change.to });
  };

  const create = async (
    object: NewObject<KubernetesExecution>,
    seen: Observed,
    signal: AbortSignal,
  ): Promise<KubernetesExecution | undefined> => {
    const ensured = await ensure(kube, executions, KubernetesExecution, object, seen.workflow.metadata, signal);
    return ensured.state === "stranger" ? undefined : ensured.object;
  };

  return async (decision: Decision, seen: Observed, context: ActContext): Promise<Next> => {
    const { workflow } = seen;
    const { signal, now } = context;
    switch (decision.do) {
      case "move":
        await write(seen, decision, seen.executions, context);
        return "rest";
      case "begin": {
        const execution = await create(executionOf(workflow, decision.view.step), seen, signal);
        if (execution === undefined) return { afterMs: strangerLookMs };
        const known = { ...seen.executions, done: new Map([...seen.executions.done, [decision.view.step.id, execution]]) };
        await write(seen, decision.move ?? { fields: {} }, known, context);
        return "rest";
      }
      case "undo": {
        const object = undoOf(workflow, decision.view.step, decision.original);
        const execution = object === undefined ? undefined : await create(object, seen, signal);
        if (execution === undefined) return { afterMs: strangerLookMs };
        const known = { ...seen.executions, undone: new Map([...seen.executions.undone, [decision.view.step.id, execution]]) };
        await write(seen, { fields: {} }, known, context);
        return "rest";
      }
      case "cancelStep":
        executions.noteWrite(await kube.mergePatch(KubernetesExecution, keyOf(decision.execution), { spec: { cancel: true } }, { signal }));
        return "rest";
      case "note":
        await write(seen, decision, seen.executions, context);
        return until(decision.untilMs, now);
      case "wait":
        return until(decision.untilMs, now);
    }
  };
};

const until = (atMs: number | undefined, now: number): Next => (atMs === undefined ? "rest" : { afterMs: Math.max(0, atMs - now) });

const requireEdges = (from: WorkflowPhase, { to, through = [] }: Move): void => {
  let last = from;
  for (const next of [...through, to]) {
    if (!mayBecome(workflowTransitions, last, next)) throw new Error(`a workflow may not go from ${last} to ${next}`);
    last = next;
  }
};

const tell = (deps: RoleDeps, { apiVersion, kind, metadata }: WorkflowExecution, { to, message }: Move): void => {
  deps.events.record({
    about: { apiVersion, kind, namespace: metadata.namespace, name: metadata.name, uid: metadata.uid },
    type: to === "RollingBack" || to === "Failed" || to === "RolledBack" ? "Warning" : "Normal",
    reason: to,
    message,
  });
};
