// What to do next for one workflow: pure, a row for every phase. Never ends while a step runs; never leaves a change behind without saying so.
import type { Condition } from "#api/fields.ts";
import type { KubernetesExecution } from "#api/kinds/kubernetes-execution.ts";
import type { WorkflowExecution, WorkflowPhase } from "#api/kinds/workflow-execution.ts";
import type { Health } from "#cluster/workload-health.ts";
import { fromTimestamp, toPreciseTimestamp } from "#lib/clock.ts";
import {
  type Executions,
  hasChanged,
  nextStep,
  nextUndo,
  problemsOf,
  statusesOf,
  type StepView,
  viewsOf,
} from "#controllers/workflow-execution/steps.ts";
import { type Verification, verify } from "#controllers/workflow-execution/verify.ts";

export type Status = NonNullable<WorkflowExecution["status"]>;

/** Everything a decision may look at. */
export interface Observed {
  readonly workflow: WorkflowExecution;
  readonly executions: Executions;
  readonly health: Health;
  /** When the last alert of the episode was resolved; absent while one fires. */
  readonly resolvedAt?: number;
  readonly verificationSeconds: number;
}

export interface Move {
  readonly do: "move";
  readonly to: WorkflowPhase;
  /** Phases that had nothing to do, on the way. */
  readonly through?: readonly WorkflowPhase[];
  readonly fields: Partial<Status>;
  readonly message: string;
}

export type Decision =
  | Move
  /** Begins a step; what that means for the status is written with it. */
  | { readonly do: "begin"; readonly view: StepView; readonly move?: Move }
  | { readonly do: "undo"; readonly view: StepView; readonly original: KubernetesExecution; readonly move?: Move }
  /** The step that runs is asked to stop before its Job exists. */
  | { readonly do: "cancelStep"; readonly execution: KubernetesExecution }
  /** Stay, but say what has been seen. */
  | { readonly do: "note"; readonly fields: Partial<Status>; readonly untilMs?: number }
  | { readonly do: "wait"; readonly untilMs?: number };

export const phaseOf = ({ status }: WorkflowExecution): WorkflowPhase => status?.phase ?? "Pending";

export const decide = (seen: Observed, now: number): Decision => rows[phaseOf(seen.workflow)](seen, now);

const begin = (seen: Observed, now: number): Decision => {
  const { workflow } = seen;
  const through: WorkflowPhase[] = phaseOf(workflow) === "Pending" ? ["Validating"] : [];
  const problems = problemsOf(workflow.spec.steps);
  if (problems.length > 0) {
    const message = `The steps cannot be run: ${problems.join("; ")}.`;
    return { do: "move", through, to: "Failed", fields: restored("NothingChanged", now), message };
  }
  const views = viewsOf(workflow.spec.steps, seen.executions);
  // A run before this one may have begun: then something may have changed, and the row of Executing knows what to do.
  if (workflow.spec.cancel === true && views.every((view) => view.state === "Waiting")) return cancelled(seen, now);
  const move: Move = { do: "move", through, to: "Executing", fields: {}, message: `Running ${stepsText(workflow)}.` };
  const first = views.find((view) => view.state === "Waiting");
  return first === undefined || workflow.spec.cancel === true ? move : { do: "begin", view: first, move };
};

const rows: Readonly<Record<WorkflowPhase, (seen: Observed, now: number) => Decision>> = {
  Pending: begin,
  Validating: begin,

  Executing(seen, now) {
    const { workflow } = seen;
    const views = viewsOf(workflow.spec.steps, seen.executions);
    const running = views.find((view) => view.state === "Running")?.execution;
    if (running !== undefined)
      return workflow.spec.cancel === true && running.spec.cancel !== true ? { do: "cancelStep", execution: running } : { do: "wait" };
    const failed = views.find((view) => view.state === "Failed" && view.step.critical);
    if (failed !== undefined) return giveUp(seen, views, now, `${failed.step.action} failed: ${failed.message ?? "no reason was given"}`);
    if (workflow.spec.cancel === true) return cancelled(seen, now);
    const next = nextStep(views);
    const view = views.find((candidate) => candidate.step === next);
    if (view !== undefined) return { do: "begin", view };
    // What has just been done is judged at once: with no window to wait for, the verification is over before it is written down.
    const answer = verdict(seen, now, now);
    if (answer.do === "move") return { ...answer, through: ["Verifying"] };
    const verification = answer.do === "note" ? answer.fields.verification : undefined;
    const fields = verification === undefined ? {} : { verification };
    return { do: "move", to: "Verifying", fields, message: `${stepsText(workflow)} done; watching whether the symptom stays away.` };
  },

  Verifying(seen, now) {
    if (seen.workflow.spec.cancel === true) return cancelled(seen, now);
    return verdict(seen, fromTimestamp(seen.workflow.status?.phaseStartedAt) ?? now, now);
  },

  RollingBack(seen, now) {
    const { workflow } = seen;
    const views = viewsOf(workflow.spec.steps, seen.executions);
    const isBusy = views.some(
      (view) => view.state === "Running" || (view.undo !== undefined && view.state !== "Undone" && view.state !== "UndoFailed"),
    );
    if (isBusy) return { do: "wait" };
    const stuck = views.find((view) => view.state === "UndoFailed");
    const why = workflow.status?.message ?? "The repair did not help.";
    if (stuck !== undefined) {
      const message = `${why} Undoing ${stuck.step.action} failed: ${stuck.message ?? "no reason was given"}`;
      return { do: "move", to: "Failed", fields: restored("UndoFailed", now), message };
    }
    const view = nextUndo(views);
    if (view === undefined)
      return { do: "move", to: "RolledBack", fields: restored("Undone", now), message: `${why} What was changed is undone.` };
    if (view.execution === undefined || view.execution.status?.inverse === undefined || view.execution.status.inverse === "irreversible") {
      const message = `${why} ${view.step.action} cannot be undone.`;
      return { do: "move", to: "Failed", fields: restored("Irreversible", now), message };
    }
    return { do: "undo", view, original: view.execution };
  },

  Completed: () => ({ do: "wait" }),
  RolledBack: () => ({ do: "wait" }),
  Failed: () => ({ do: "wait" }),
  Cancelled: () => ({ do: "wait" }),
};

/** What verification comes to now; a note only where it has something new to say. */
const verdict = (seen: Observed, startedAt: number, now: number): Decision => {
  const { workflow, health, resolvedAt, verificationSeconds } = seen;
  const before = workflow.status?.verification;
  const { stabilisationSeconds } = workflow.spec.symptom;
  const answer = verify({ ...{ health, startedAt, before, resolvedAt, stabilisationSeconds, verificationSeconds, now } });
  if (answer.gone === true)
    return { do: "move", to: "Completed", fields: { verification: answer.verification }, message: answer.verification.message ?? "" };
  if (answer.gone === false) {
    const views = viewsOf(workflow.spec.steps, seen.executions);
    const decision = giveUp(seen, views, now, `The symptom has not gone: ${answer.verification.message ?? ""}`.trim());
    const withVerification = (move: Move): Move => ({ ...move, fields: { ...move.fields, verification: answer.verification } });
    return decision.do === "move" ? withVerification(decision) : decision;
  }
  if (sameVerification(before, answer.verification)) return { do: "wait", untilMs: answer.untilMs };
  return { do: "note", fields: { verification: answer.verification }, untilMs: answer.untilMs };
};

/** Words alone are not worth a write. */
const sameVerification = (a: Verification | undefined, b: Verification): boolean =>
  a !== undefined && a.healthySince === b.healthySince && (b.healthySince === undefined || a.baseline === b.baseline);

const giveUp = ({ workflow }: Observed, views: readonly StepView[], now: number, why: string): Move => {
  const message = why.endsWith(".") ? why : `${why}.`;
  if (!views.some(hasChanged)) return { do: "move", to: "Failed", fields: restored(nothingChanged(views), now), message };
  if (workflow.spec.rollback === "Automatic") return { do: "move", to: "RollingBack", fields: {}, message };
  return { do: "move", to: "Failed", fields: restored("NotUndone", now), message: `${message} Nothing was undone, as the workflow asks.` };
};

const cancelled = (seen: Observed, now: number): Decision => {
  const views = viewsOf(seen.workflow.spec.steps, seen.executions);
  if (views.some(hasChanged)) return giveUp(seen, views, now, "Cancelled.");
  return { do: "move", to: "Cancelled", fields: restored("NothingChanged", now), message: "Cancelled before anything was changed." };
};

type Restoration = "NothingChanged" | "Drifted" | "NotRun" | "Undone" | "UndoFailed" | "Irreversible" | "NotUndone";

/** Why nothing was changed: an action that never got to run, or met another object than the one approved, has not been tried. */
const nothingChanged = (views: readonly StepView[]): Restoration => {
  const failures = views.flatMap(({ state, execution }) => (state === "Failed" ? [execution?.status?.failure] : []));
  if (failures.length === 0) return "NothingChanged";
  if (failures.every((failure) => failure === "Drifted")) return "Drifted";
  return failures.every((failure) => failure === "JobLost" || failure === "JobFailed" || failure === "TimedOut")
    ? "NotRun"
    : "NothingChanged";
};

const restored = (reason: Restoration, now: number): Partial<Status> => {
  const isRestored = reason !== "UndoFailed" && reason !== "Irreversible" && reason !== "NotUndone";
  const condition: Condition = {
    type: "Restored",
    status: isRestored ? "True" : "False",
    reason,
    message: isRestored ? "Nothing of this repair remains in the cluster." : "Something of this repair remains in the cluster.",
    lastTransitionTime: toPreciseTimestamp(now),
  };
  return { conditions: [condition] };
};

const stepsText = ({ spec }: WorkflowExecution): string => spec.steps.map((step) => step.action).join(", ");

/** The status after a move or note: everything in one write. */
export const statusAfter = (
  seen: Observed,
  decision: { readonly fields: Partial<Status> } | Move,
  executions: Executions,
  now: number,
): Status => {
  const before = seen.workflow.status ?? {};
  const steps = statusesOf(viewsOf(seen.workflow.spec.steps, executions));
  if (!("to" in decision)) return { ...before, ...decision.fields, steps };
  const at = toPreciseTimestamp(now);
  const isOver = ["Completed", "RolledBack", "Failed", "Cancelled"].includes(decision.to);
  return {
    ...before,
    ...decision.fields,
    phase: decision.to,
    phaseStartedAt: at,
    steps,
    message: decision.message.slice(0, 1024),
    ...(isOver ? { completedAt: at } : {}),
  };
};
