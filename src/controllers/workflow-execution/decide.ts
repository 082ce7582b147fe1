// What to do next for one workflow: pure, a row for every phase. Never begins a step while another runs; never ends while one does.
import type { WorkflowExecution, WorkflowPhase } from "#api/kinds/workflow-execution.ts";
import type { Health } from "#cluster/workload-health.ts";
import { referenceText } from "#api/object.ts";
import { fromTimestamp } from "#lib/clock.ts";
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
import type { PodLog } from "#evidence/evidence.ts";
import { withLastWords } from "#controllers/workflow-execution/last-words.ts";
import { alsoGone, type Verification, verify } from "#controllers/workflow-execution/verify.ts";

/** Everything a decision may look at. */
export interface Observed {
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

/** What remains of a workflow that did not succeed: the request reads it. */
export interface Restored {
  readonly status: "True" | "False";
  /** `Drifted`: the world had changed; `NotRun`: the Job died before its change; `Forbidden`: policy did not allow it any more. In each nothing was done, and the same action may be planned anew. */
  readonly reason: "Undone" | "NothingChanged" | "Drifted" | "NotRun" | "Forbidden" | "ChangesRemain";
}

export interface Move {
  readonly do: "move";
  readonly to: WorkflowPhase;
  readonly through?: readonly WorkflowPhase[];
  /** A step, or the undoing of one, whose execution has to exist before the move is written. */
  readonly begin?: Begin;
  readonly verification?: Verification;
  readonly restored?: Restored;
  readonly message: string;
}
export interface Begin {
  readonly step: string;
  readonly undo: boolean;
}

export type Decision =
  | Move
  /** In the same phase: the next execution, or how far the verification is. */
  | { readonly do: "stay"; readonly begin?: Begin; readonly verification?: Verification; readonly untilMs?: number }
  | { readonly do: "cancelStep"; readonly step: string }
  | { readonly do: "wait" };

export const phaseOf = (workflow: WorkflowExecution): WorkflowPhase => workflow.status?.phase ?? "Pending";

export const decide = (seen: Observed, now: number): Decision => rows[phaseOf(seen.workflow)](seen, now);

const rows: Readonly<Record<WorkflowPhase, (seen: Observed, now: number) => Decision>> = {
  Pending(seen) {
    if (seen.workflow.spec.cancel === true && begunSteps(seen).length === 0) return cancelled;
    const next = validated(seen);
    return { ...next, through: ["Validating", ...(next.through ?? [])] };
  },

  Validating(seen) {
    if (seen.workflow.spec.cancel === true && begunSteps(seen).length === 0) return cancelled;
    return validated(seen);
  },

  Executing(seen, now) {
    const views = viewsOf(seen.workflow.spec.steps, seen.executions);
    const running = views.find(({ state }) => state === "Running");
    if (seen.workflow.spec.cancel === true) {
      if (running === undefined) return takenBack(seen, views, "Cancelled", "Cancelled on request.");
      return running.execution?.spec.cancel === true ? { do: "wait" } : { do: "cancelStep", step: running.step.id };
    }
    if (running !== undefined) return { do: "wait" };
    const failure = views.find(({ step, state }) => state === "Failed" && step.critical);
    if (failure !== undefined) return takenBack(seen, views, "Failed", failureText(failure), untouched(failure));
    const next = nextStep(views);
    if (next !== undefined) return { do: "stay", begin: { step: next.id, undo: false } };
    if (!views.some(({ state }) => state === "Completed")) return takenBack(seen, views, "Failed", "No step succeeded.");
    return verifying(seen, views, now);
  },

  Verifying(seen, now) {
    const views = viewsOf(seen.workflow.spec.steps, seen.executions);
    if (areOlder(views)) return { do: "wait" };
    if (seen.workflow.spec.cancel === true) return takenBack(seen, views, "Cancelled", "Cancelled on request.");
    return verifying(seen, views, now);
  },

  RollingBack(seen) {
    const views = viewsOf(seen.workflow.spec.steps, seen.executions);
    if (areOlder(views)) return { do: "wait" };
    const why = seen.workflow.status?.message ?? "The repair failed.";
    const spoilt = views.find(({ state }) => state === "UndoFailed");
    if (spoilt !== undefined)
      return remains(`${why} Undoing ${spoilt.step.id} failed: ${spoilt.message ?? "no reason was given"} Manual review is needed.`);
    // Undoing them out of order would undo what another step rests on.
    if (views.some(({ undo }) => undo !== undefined && !isOver(undo))) return { do: "wait" };
    const next = nextUndo(views);
    if (next !== undefined)
      return isUndoable(next)
        ? { do: "stay", begin: { step: next.step.id, undo: true } }
        : remains(`${why} What step ${next.step.id} changed cannot be undone. Manual review is needed.`);
    return {
      do: "move",
      to: "RolledBack",
      restored: { status: "True", reason: "Undone" },
      message: `${why} Everything it changed was undone.`,
    };
  },

  Completed: () => ({ do: "wait" }),
  RolledBack: () => ({ do: "wait" }),
  Failed: () => ({ do: "wait" }),
  Cancelled: () => ({ do: "wait" }),
};

/** In a phase that begins when every step has ended: the executions are shown as they were before it, and what is newer is on its way. */
const areOlder = (views: readonly StepView[]): boolean => views.some(({ state }) => state === "Running");

const nothingChanged: Restored = { status: "True", reason: "NothingChanged" };
const cancelled: Move = { do: "move", to: "Cancelled", restored: nothingChanged, message: "Cancelled before anything was changed." };
const remains = (message: string): Move => ({
  do: "move",
  to: "Failed",
  restored: { status: "False", reason: "ChangesRemain" },
  message,
});

/** A run before this one may have created the first execution and not lived to write so. */
const begunSteps = ({ executions }: Observed): string[] => [...executions.done.keys()];

const validated = (seen: Observed): Move => {
  const { steps } = seen.workflow.spec;
  const problems = problemsOf(steps);
  if (problems.length > 0)
    return { do: "move", to: "Failed", restored: nothingChanged, message: `The plan cannot be run: ${problems.join("; ")}.` };
  const first = nextStep(viewsOf(steps, seen.executions));
  return {
    do: "move",
    to: "Executing",
    ...(first === undefined ? {} : { begin: { step: first.id, undo: false } }),
    message: `Running ${steps.map(({ action }) => action).join(", then ")}.`,
  };
};

const verifying = (seen: Observed, views: readonly StepView[], now: number): Decision => {
  const { workflow, resolvedAt, verificationSeconds } = seen;
  const { changed, health } = subjects(seen);
  const begins = phaseOf(workflow) !== "Verifying";
  const startedAt = begins ? now : (fromTimestamp(workflow.status?.phaseStartedAt) ?? now);
  const { stabilisationSeconds } = workflow.spec.symptom;
  const before = begins ? undefined : workflow.status?.verification;
  const question = { startedAt, before, stabilisationSeconds, verificationSeconds, now };
  // An alert of another namespace says nothing about the changed object.
  const own = isCrossing(workflow) ? undefined : resolvedAt;
  const first = verify({ ...question, health: changed ?? health, resolvedAt: own });
  const answer = first.gone === true && changed !== undefined ? alsoGone(first, { ...question, health }) : first;
  const verification = answer.gone === false ? withLastWords(answer.verification, seen.logs ?? []) : answer.verification;
  if (answer.gone === undefined) {
    if (!begins) return { do: "stay", verification, untilMs: answer.untilMs };
    return { do: "move", to: "Verifying", verification, message: "Every step is done; watching whether the symptom stays away." };
  }
  const through = begins ? ({ through: ["Verifying"] } as const) : {};
  const message = verification.message ?? "";
  if (answer.gone) return { do: "move", to: "Completed", ...through, verification, message };
  const alerted = referenceText(workflow.spec.symptom.object);
  // What is well is not taken back because another object is still ill.
  if (first.gone === true)
    return {
      ...remains(`${referenceText(workflow.spec.target)} is healthy and stays repaired, but ${alerted} is not: ${message}`),
      ...through,
      verification,
    };
  if (changed === undefined && isCrossing(workflow))
    return {
      ...remains(`The symptom of ${alerted} is still there, which does not speak against the change in another namespace: ${message}`),
      ...through,
      verification,
    };
  const back = takenBack(seen, views, "Failed", `The symptom is still there: ${message}`);
  return { ...back, verification };
};

/** `changed`: the changed object, where it is another one and has a health of its own; that one decides whether the change stays. */
const subjects = ({ health, changed }: Observed): { readonly changed?: Health; readonly health: Health } =>
  changed === undefined || changed.state === "Unknown" ? { health } : { changed, health };

const isCrossing = ({ spec }: WorkflowExecution): boolean => spec.target.namespace !== spec.symptom.object.namespace;

/** Whatever was changed is undone, where the plan allows it; then it ends as `otherwise` says. */
const takenBack = (
  { workflow }: Observed,
  views: readonly StepView[],
  otherwise: "Failed" | "Cancelled",
  why: string,
  unchanged: Restored = nothingChanged,
): Move => {
  const changed = views.filter(hasChanged);
  if (changed.length === 0) return { do: "move", to: otherwise, restored: unchanged, message: `${why} Nothing was changed.` };
  const how = workflow.spec.rollback;
  if (how !== "Automatic")
    return remains(`${why} ${how === "Manual" ? "It is to be undone by hand" : "It cannot be undone"}: ${doneText(changed)}.`);
  const next = nextUndo(views);
  if (next === undefined || !isUndoable(next)) return remains(`${why} It cannot be undone: ${doneText(changed)}.`);
  return { do: "move", to: "RollingBack", begin: { step: next.step.id, undo: true }, message: why };
};

const isUndoable = ({ execution }: StepView): boolean => {
  const inverse = execution?.status?.inverse;
  return inverse !== undefined && inverse !== "irreversible";
};

/** Where nothing was changed: an action that met another object, or whose Job died before its change, has not been tried. */
const untouched = ({ execution }: StepView): Restored => {
  const failure = execution?.status?.failure;
  if (failure === "Drifted" || failure === "Forbidden") return { status: "True", reason: failure };
  const hasNotRun = failure === "JobLost" || failure === "JobFailed" || failure === "TimedOut";
  return hasNotRun ? { status: "True", reason: "NotRun" } : nothingChanged;
};

const failureText = ({ step, message }: StepView): string => `Step ${step.id} (${step.action}) failed: ${message ?? "no reason was given"}`;
const doneText = (views: readonly StepView[]): string => views.map(({ step }) => `${step.action} (${step.id})`).join(", ");
