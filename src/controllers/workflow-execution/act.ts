// Performs one decision about a workflow: the execution first, then the one status write, then the event. Never writes an edge that the table lacks.
import { clipped } from "#lib/words.ts";
import type { Condition } from "#api/fields.ts";
import { KubernetesExecution } from "#api/kinds/kubernetes-execution.ts";
import { WorkflowExecution, type WorkflowPhase, workflowTransitions } from "#api/kinds/workflow-execution.ts";
import { isTerminal, mayBecome } from "#api/define-kind.ts";
import { keyOf } from "#api/object.ts";
import type { RoleDeps } from "#runtime/role-deps.ts";
import { metrics as definitions } from "#controllers/workflow-execution/role.ts";
import { type Next, until } from "#kube/controller.ts";
import { ensure } from "#kube/ensure.ts";
import type { Store } from "#kube/store.ts";
import { writeStatus } from "#kube/write-status.ts";
import { toPreciseTimestamp } from "#lib/clock.ts";
import type { Log } from "#lib/log.ts";
import { executionOf, undoOf } from "#controllers/workflow-execution/children.ts";
import { type Begin, type Decision, type Move, type Observed, phaseOf } from "#controllers/workflow-execution/decide.ts";
import { type Executions, statusesOf, viewsOf } from "#controllers/workflow-execution/steps.ts";

export interface Stores {
  readonly workflows: Store<WorkflowExecution>;
  readonly executions: Store<KubernetesExecution>;
}
export interface ActContext {
  readonly signal: AbortSignal;
  readonly log: Log;
  readonly now: number;
}

type Status = NonNullable<WorkflowExecution["status"]>;

export const createAct = (deps: RoleDeps, stores: Stores) => {
  const { kube } = deps;
  const ended = deps.metrics.counter(definitions.workflows);

  /** The execution that now exists, or undefined where a stranger has its name and has to go first. */
  const begun = async ({ workflow, executions }: Observed, begin: Begin, signal: AbortSignal): Promise<Executions | undefined> => {
    const step = workflow.spec.steps.find(({ id }) => id === begin.step);
    const original = executions.done.get(begin.step);
    const child = step === undefined ? undefined : begin.undo ? original && undoOf(workflow, step, original) : executionOf(workflow, step);
    if (child === undefined) throw new Error(`step ${begin.step} of ${workflow.metadata.name} cannot be begun`);
    const ensured = await ensure(kube, stores.executions, KubernetesExecution, child, workflow.metadata, signal);
    if (ensured.state === "stranger") return undefined;
    const added = new Map([[begin.step, ensured.object]]);
    return begin.undo
      ? { ...executions, undone: new Map([...executions.undone, ...added]) }
      : { ...executions, done: new Map([...executions.done, ...added]) };
  };

  const change = async (
    decision: Move | Extract<Decision, { do: "stay" }>,
    seen: Observed,
    context: ActContext,
  ): Promise<"done" | "stranger"> => {
    const { workflow } = seen;
    const executions = decision.begin === undefined ? seen.executions : await begun(seen, decision.begin, context.signal);
    if (executions === undefined) return "stranger";
    const status = statusAfter(workflow, executions, decision, context.now);
    await writeStatus(kube, stores.workflows, WorkflowExecution, workflow, status, context.signal);
    return "done";
  };

  return async (decision: Decision, seen: Observed, context: ActContext): Promise<Next> => {
    const { workflow } = seen;
    switch (decision.do) {
      case "move": {
        requireEdges(phaseOf(workflow), decision);
        if ((await change(decision, seen, context)) === "stranger") return { afterMs: strangerLookMs };
        context.log.info(decision.message, { request: workflow.spec.request, phase: decision.to });
        tell(deps, workflow, decision);
        if (isTerminal(workflowTransitions, decision.to)) ended.add({ phase: decision.to });
        return "rest";
      }
      case "stay":
        if ((await change(decision, seen, context)) === "stranger") return { afterMs: strangerLookMs };
        return until(decision.untilMs, context.now);
      case "cancelStep": {
        const execution = seen.executions.done.get(decision.step);
        if (execution === undefined) return "rest";
        const { signal } = context;
        stores.executions.noteWrite(await kube.mergePatch(KubernetesExecution, keyOf(execution), { spec: { cancel: true } }, { signal }));
        return "rest";
      }
      case "wait":
        return "rest";
    }
  };
};

/** Its deletion wakes us; the time is for a watch that said so before we looked. */
const strangerLookMs = 5_000;

const requireEdges = (from: WorkflowPhase, { to, through = [] }: Move): void => {
  let last = from;
  for (const next of [...through, to]) {
    if (!mayBecome(workflowTransitions, last, next)) throw new Error(`a workflow may not go from ${last} to ${next}`);
    last = next;
  }
};

export const statusAfter = (
  workflow: WorkflowExecution,
  executions: Executions,
  decision: Move | Extract<Decision, { do: "stay" }>,
  now: number,
): Status => {
  const at = toPreciseTimestamp(now);
  const steps = statusesOf(viewsOf(workflow.spec.steps, executions));
  const common: Status = {
    ...workflow.status,
    steps,
    ...(decision.verification === undefined ? {} : { verification: decision.verification }),
  };
  if (decision.do === "stay") return common;
  const conditions = conditionsAfter(workflow, decision, at);
  return {
    ...common,
    phase: decision.to,
    phaseStartedAt: at,
    message: clipped(decision.message),
    ...(conditions.length === 0 ? {} : { conditions }),
    ...(isTerminal(workflowTransitions, decision.to) ? { completedAt: at } : {}),
  };
};

/** `Verified`: the symptom is gone. `Restored`: nothing of an unsuccessful repair remains in the cluster. */
const conditionsAfter = (workflow: WorkflowExecution, { to, verification, restored, message }: Move, at: string): Condition[] => {
  const known = (workflow.status?.conditions ?? []).filter(({ type }) => type !== "Verified" && type !== "Restored");
  const before = (workflow.status?.conditions ?? []).find(({ type }) => type === "Verified");
  const result = verification?.result;
  const verified: Condition[] =
    result === "SymptomGone" || result === "SymptomPersists"
      ? [
          {
            type: "Verified",
            status: result === "SymptomGone" ? "True" : "False",
            reason: result,
            message: clipped(verification?.message ?? ""),
            lastTransitionTime: at,
          },
        ]
      : before === undefined
        ? []
        : [before];
  const remaining: Condition[] =
    restored === undefined || to === "RollingBack"
      ? []
      : [{ type: "Restored", status: restored.status, reason: restored.reason, message: clipped(message), lastTransitionTime: at }];
  return [...known, ...verified, ...remaining];
};

const tell = (deps: RoleDeps, workflow: WorkflowExecution, { to, message }: Move): void => {
  const { apiVersion, kind, metadata } = workflow;
  deps.events.record({
    about: { apiVersion, kind, namespace: metadata.namespace, name: metadata.name, uid: metadata.uid },
    type: to === "Failed" || to === "RollingBack" || to === "RolledBack" ? "Warning" : "Normal",
    reason: to,
    message,
  });
};
