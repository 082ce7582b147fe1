// What to do next for one workflow: pure, a chain of guards for every phase. Never begins a step while another runs; never ends while one does.
import { phaseOf } from "#api/define-kind.ts";
import type { RestoredReason, WorkflowExecution, WorkflowPhase, WorkflowReason } from "#api/kinds/workflow-execution.ts";
import { referenceText } from "#api/object.ts";
import type { Health } from "#cluster/workload-health.ts";
import * as decision from "#controllers/decision.ts";
import { withFailureLogs } from "#controllers/workflow-execution/failure-logs.ts";
import {
  type Executions,
  type StepView,
  hasChanged,
  isOver,
  nextStep,
  nextUndo,
  problemsOf,
  viewsOf,
} from "#controllers/workflow-execution/steps.ts";
import { alsoGone, type Verification, verify } from "#controllers/workflow-execution/verify.ts";
import type { PodLog } from "#evidence/evidence.ts";
import { fromTimestamp } from "#lib/clock.ts";

/** Everything a decision may look at. */
export interface WorkflowObservation {
  readonly workflow: WorkflowExecution;
  readonly executions: Executions;
  /** Of the object whose symptom the repair is to end. */
  readonly health: Health;
  /** Of the object that the repair changes, where that is another one. */
  readonly changed?: Health;
  /** When the last alert of the request was resolved; absent while one fires. */
  readonly resolvedAt?: number;
  readonly verificationSeconds: number;
  /** Of its failing containers; read once the symptom has persisted for too long. */
  readonly logs?: readonly PodLog[];
}

export interface Words {
  readonly phase: WorkflowPhase;
  readonly reason: WorkflowReason;
  readonly status: NonNullable<WorkflowExecution["status"]>;
  /** `begin` and `undo` create the execution of a step or of its undo. */
  readonly effect: { readonly type: "begin" | "undo" | "cancel"; readonly step: string };
}
export type Decision = decision.Decision<Words>;
type TransitionTo = decision.TransitionTo<Words>;

const viewsIn = ({ workflow, executions }: WorkflowObservation): StepView[] => viewsOf(workflow.spec.steps, executions);
const isCancelled = ({ workflow }: WorkflowObservation): boolean => workflow.spec.cancel === true;
/** Of the phases that have nothing to wait for before the first step. */
const validating = ({ workflow }: WorkflowObservation) => (phaseOf(workflow) === "Pending" ? { through: ["Validating"] as const } : {});

const guards = {
  /** A pass before this one may have created the first execution and died before it wrote so. */
  cancelledBeforeStart: (seen) =>
    isCancelled(seen) && seen.executions.done.size === 0
      ? ended("Cancelled", "NothingChanged", "Cancelled before anything was changed.")
      : undefined,
  planInvalid: (seen) => {
    const problems = problemsOf(seen.workflow.spec.steps);
    if (problems.length === 0) return undefined;
    return { ...ended("Failed", "NothingChanged", `The plan cannot be run: ${problems.join("; ")}.`), ...validating(seen) };
  },
  startFirstStep: (seen) => {
    const { steps } = seen.workflow.spec;
    const first = nextStep(viewsIn(seen));
    return {
      do: "transition",
      to: "Executing",
      ...validating(seen),
      ...(first === undefined ? {} : { first: { type: "begin", step: first.id } }),
      message: `Running ${steps.map(({ action }) => action).join(", then ")}.`,
    };
  },

  cancelRunningStep: (seen) => {
    const running = viewsIn(seen).find(({ state }) => state === "Running");
    if (!isCancelled(seen) || running === undefined || running.execution?.spec.cancel === true) return undefined;
    return { do: "act", effect: { type: "cancel", step: running.step.id } };
  },
  stepRuns: (seen) => (viewsIn(seen).some(({ state }) => state === "Running") ? { do: "wait" } : undefined),
  cancelRequested: (seen) => (isCancelled(seen) ? undone(seen, "Cancelled", "Cancelled on request.") : undefined),
  criticalStepFailed: (seen) => {
    const failure = viewsIn(seen).find(({ step, state }) => state === "Failed" && step.critical);
    if (failure === undefined) return undefined;
    const { step, message = "no reason reported." } = failure;
    return undone(seen, "Failed", `Step ${step.id} (${step.action}) failed: ${message}`, untouchedReason(failure));
  },
  nextStepReady: (seen) => {
    const next = nextStep(viewsIn(seen));
    return next === undefined ? undefined : { do: "updateStatus", status: {}, first: { type: "begin", step: next.id } };
  },
  noStepSucceeded: (seen) =>
    viewsIn(seen).some(({ state }) => state === "Completed") ? undefined : undone(seen, "Failed", "No step succeeded."),
  verifySymptom: (seen, now) => verified(seen, now),

  /** Every step has ended before this phase begins: wait for the watch to catch up. */
  cacheIsStale: (seen) => (viewsIn(seen).some(({ state }) => state === "Running") ? { do: "wait" } : undefined),

  undoFailed: (seen) => {
    const failedUndo = viewsIn(seen).find(({ state }) => state === "UndoFailed");
    if (failedUndo === undefined) return undefined;
    const { step, message = "no reason reported." } = failedUndo;
    return changesRemain(`${whyUndone(seen)} Rollback of step ${step.id} failed: ${message} Manual review is required.`);
  },
  /** Undone out of order, a step would lose what another one rests on. */
  undoRuns: (seen) => (viewsIn(seen).some(({ undo }) => undo !== undefined && !isOver(undo)) ? { do: "wait" } : undefined),
  undoImpossible: (seen) => {
    const next = nextUndo(viewsIn(seen));
    if (next === undefined || isUndoable(next)) return undefined;
    return changesRemain(`${whyUndone(seen)} The change of step ${next.step.id} cannot be undone. Manual review is required.`);
  },
  nextUndoReady: (seen) => {
    const next = nextUndo(viewsIn(seen));
    return next === undefined ? undefined : { do: "updateStatus", status: {}, first: { type: "undo", step: next.step.id } };
  },
  everythingUndone: (seen) => ended("RolledBack", "Undone", `${whyUndone(seen)} Everything it changed was undone.`),
} satisfies Record<string, decision.Guard<WorkflowObservation, Decision>>;

const { cancelledBeforeStart, planInvalid, startFirstStep, cancelRequested, verifySymptom, cacheIsStale } = guards;

export const phases: decision.Phases<WorkflowPhase, WorkflowObservation, Decision> = {
  Pending: [cancelledBeforeStart, planInvalid, startFirstStep],
  Validating: [cancelledBeforeStart, planInvalid, startFirstStep],
  Executing: [
    guards.cancelRunningStep,
    guards.stepRuns,
    cancelRequested,
    guards.criticalStepFailed,
    guards.nextStepReady,
    guards.noStepSucceeded,
    verifySymptom,
  ],
  Verifying: [cacheIsStale, cancelRequested, verifySymptom],
  RollingBack: [cacheIsStale, guards.undoFailed, guards.undoRuns, guards.undoImpossible, guards.nextUndoReady, guards.everythingUndone],
  Completed: [],
  RolledBack: [],
  Failed: [],
  Cancelled: [],
};

export const decide = decision.decideBy(phases, ({ workflow }) => phaseOf(workflow));

/** The undo deletes the pods that say why: their logs are read before it. */
export const wantsLogs = (seen: WorkflowObservation, now: number): boolean => {
  const next = decide(seen, now);
  return next.do === "transition" && next.status?.verification?.result === "SymptomPersists";
};

/** `Restored`: nothing of an unsuccessful repair remains in the cluster. */
const ended = (to: "Cancelled" | "Failed" | "RolledBack", reason: RestoredReason, message: string): TransitionTo => ({
  do: "transition",
  to,
  claims: [{ type: "Restored", status: reason === "ChangesRemain" ? "False" : "True", reason }],
  message,
});
const changesRemain = (message: string): TransitionTo => ended("Failed", "ChangesRemain", message);

const verified = (seen: WorkflowObservation, now: number): Decision => {
  const { workflow, resolvedAt, verificationSeconds } = seen;
  const { changed, health } = subjects(seen);
  const begins = phaseOf(workflow) !== "Verifying";
  const startedAt = begins ? now : (fromTimestamp(workflow.status?.phaseStartedAt) ?? now);
  const { stabilisationSeconds } = workflow.spec.symptom;
  const before = begins ? undefined : workflow.status?.verification;
  const question = { startedAt, before, stabilisationSeconds, verificationSeconds, now };
  // An alert of another namespace says nothing about the changed object.
  const own = crossesNamespaces(workflow) ? undefined : resolvedAt;
  const first = verify({ ...question, health: changed ?? health, resolvedAt: own });
  const answer = first.gone === true && changed !== undefined ? alsoGone(first, { ...question, health }) : first;
  const verification = answer.gone === false ? withFailureLogs(answer.verification, seen.logs ?? []) : answer.verification;
  if (answer.gone === undefined) {
    if (!begins) return { do: "updateStatus", status: { verification }, untilMs: answer.untilMs };
    return {
      do: "transition",
      to: "Verifying",
      status: { verification },
      message: "All steps are done. Verifying that the symptom is gone.",
    };
  }
  const { message = "" } = verification;
  const end: TransitionTo = answer.gone
    ? { do: "transition", to: "Completed", message }
    : symptomPersists(seen, message, { isChangedHealthy: first.gone === true, hasOwnHealth: changed !== undefined });
  return withVerification(begins && end.to !== "RollingBack" ? { through: ["Verifying"], ...end } : end, verification);
};

/** A healthy object keeps its change, whatever another one is like; another namespace's symptom is no proof against it. */
const symptomPersists = (
  seen: WorkflowObservation,
  message: string,
  { isChangedHealthy, hasOwnHealth }: { readonly isChangedHealthy: boolean; readonly hasOwnHealth: boolean },
): TransitionTo => {
  const { target, symptom } = seen.workflow.spec;
  const alerted = referenceText(symptom.object);
  if (isChangedHealthy)
    return changesRemain(`${referenceText(target)} is healthy, so its repair is kept, but ${alerted} is not healthy: ${message}`);
  if (!hasOwnHealth && crossesNamespaces(seen.workflow))
    return changesRemain(`The symptom of ${alerted} persists. The change in another namespace is kept: ${message}`);
  return undone(seen, "Failed", `The symptom persists: ${message}`);
};

/** `Verified`: the symptom is gone. */
const withVerification = (end: TransitionTo, verification: Verification): TransitionTo => {
  const { result, message = "" } = verification;
  const reason = result === "SymptomGone" ? result : "SymptomPersists";
  const claim = { type: "Verified", status: result === "SymptomGone" ? "True" : "False", reason, message } as const;
  return { ...end, status: { ...end.status, verification }, claims: [claim, ...(end.claims ?? [])] };
};

/** `changed`: the changed object, where it is another one and has a health of its own; that one decides whether the change stays. */
const subjects = ({ health, changed }: WorkflowObservation): { readonly changed?: Health; readonly health: Health } =>
  changed === undefined || changed.state === "Unknown" ? { health } : { changed, health };

const crossesNamespaces = ({ spec }: WorkflowExecution): boolean => spec.target.namespace !== spec.symptom.object.namespace;

/** Undoes every change, where the plan allows it; where nothing was changed, it ends in `otherwise`. */
const undone = (
  seen: WorkflowObservation,
  otherwise: "Failed" | "Cancelled",
  why: string,
  untouched: RestoredReason = "NothingChanged",
): TransitionTo => {
  const views = viewsIn(seen);
  const changed = views.filter(hasChanged);
  if (changed.length === 0) return ended(otherwise, untouched, `${why} Nothing was changed.`);
  const what = changed.map(({ step }) => `${step.action} (${step.id})`).join(", ");
  const { rollback } = seen.workflow.spec;
  if (rollback === "Manual") return changesRemain(`${why} Manual rollback required: ${what}.`);
  const next = nextUndo(views);
  if (rollback === "None" || next === undefined || !isUndoable(next)) return changesRemain(`${why} No rollback is possible: ${what}.`);
  return { do: "transition", to: "RollingBack", first: { type: "undo", step: next.step.id }, message: why };
};

const whyUndone = ({ workflow }: WorkflowObservation): string => workflow.status?.message ?? "The repair failed.";

const isUndoable = ({ execution }: StepView): boolean => {
  const inverse = execution?.status?.inverse;
  return inverse !== undefined && inverse !== "irreversible";
};

/** Where nothing was changed: an action that met another object, or whose Job died before its change, has not been tried. */
const untouchedReason = ({ execution }: StepView): RestoredReason => {
  const failure = execution?.status?.failure;
  if (failure === "Drifted" || failure === "Forbidden") return failure;
  return failure === "JobLost" || failure === "JobFailed" || failure === "TimedOut" ? "NotRun" : "NothingChanged";
};
