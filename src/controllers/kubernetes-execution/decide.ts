// What to do next for one KubernetesExecution. Pure: the same view and time, the same answer; no clock, no I/O.
import { isTerminal } from "#api/define-kind.ts";
import { type ExecutionPhase, executionTransitions, type KubernetesExecution } from "#api/kinds/kubernetes-execution.ts";
import { JOB_FINALIZER } from "#api/labels.ts";
import type { Effect } from "#actions/action.ts";
import type { Trace } from "#actions/change.ts";
import type { Report } from "#actions/report.ts";
import { fromTimestamp } from "#lib/clock.ts";
import { asSentence } from "#lib/words.ts";

export type Status = NonNullable<KubernetesExecution["status"]>;
type Failure = NonNullable<Status["failure"]>;

export interface JobView {
  readonly uid: string;
  readonly name: string;
  readonly createdAtMs: number;
  /** Absent while it runs. */
  readonly ended?: { readonly atMs: number; readonly succeeded: boolean; readonly message: string };
}

/** What planning again, comparing and the server's dry run came to. */
export type Validation =
  | { readonly kind: "ready"; readonly fields: Pick<Status, "changes" | "inverse" | "inverseHash" | "priorState" | "diffs" | "dryRun"> }
  | { readonly kind: "notNeeded"; readonly message: string }
  | { readonly kind: "failed"; readonly failure: Failure; readonly message: string; readonly dryRun?: Status["dryRun"] }
  /** The API server could not be asked. */
  | { readonly kind: "unavailable"; readonly error: Error };

/** What a look at the live objects says after the Job, or in its absence. */
export interface Aftermath {
  readonly report?: Report;
  readonly trace: Trace;
  readonly effect: Effect;
  /** Why the recorded changes cannot be compared with the object: `trace` and `effect` know nothing then. */
  readonly unreadable?: string;
}

/** Everything a decision may look at. */
export interface Observed {
  readonly execution: KubernetesExecution;
  readonly job?: JobView;
  readonly validation?: Validation;
  readonly aftermath?: Aftermath;
}

export interface Move {
  readonly do: "move";
  /** Phases that have nothing to wait for are passed in one write. */
  readonly through: readonly ExecutionPhase[];
  readonly to: ExecutionPhase;
  readonly fields: Partial<Status>;
  readonly message: string;
}
export type Decision =
  | Move
  | { readonly do: "ensureJob"; readonly untilMs: number }
  | { readonly do: "recordJob"; readonly job: JobView }
  | { readonly do: "releaseFinalizer" }
  | { readonly do: "retry"; readonly error: Error }
  | { readonly do: "wait"; readonly untilMs?: number };

/** What takes no longer than this is not worth a write of its own. */
export const quietMs = 15_000;
/** On top of the Job's own deadline, for its pod to be scheduled and its end to be told. */
export const graceMs = 60_000;

export const phaseOf = (execution: KubernetesExecution): ExecutionPhase => execution.status?.phase ?? "Pending";

export const phaseStartedAtMs = ({ status, metadata }: KubernetesExecution): number =>
  fromTimestamp(status?.phaseStartedAt) ?? fromTimestamp(metadata.creationTimestamp) ?? 0;

const deadlineMs = (execution: KubernetesExecution): number => phaseStartedAtMs(execution) + execution.spec.timeoutSeconds * 1000;

const isUnwanted = ({ spec, metadata }: KubernetesExecution): boolean => spec.cancel === true || metadata.deletionTimestamp !== undefined;

/** Whether planning again is called for; else it is not worth the reads. */
export const wantsValidation = (execution: KubernetesExecution, now: number): boolean =>
  (phaseOf(execution) === "Pending" || phaseOf(execution) === "Validating") && !isUnwanted(execution) && now < deadlineMs(execution);

/** Whether the live objects must be looked at. */
export const wantsAftermath = (execution: KubernetesExecution, job: JobView | undefined, now: number): boolean => {
  const phase = phaseOf(execution);
  if (phase === "Verifying") return true;
  if (phase !== "Executing") return false;
  return job === undefined ? isJobLost(execution, now) : job.ended !== undefined || now >= deadlineMs(execution) + graceMs;
};

/** A Job that is not there may not have been made yet; it is made again until it was recorded, or its time is over. */
export const isJobLost = (execution: KubernetesExecution, now: number): boolean =>
  execution.status?.job !== undefined || execution.metadata.deletionTimestamp !== undefined || now >= deadlineMs(execution);

export const decide = (seen: Observed, now: number): Decision => next[phaseOf(seen.execution)](seen, now);

const validating = (seen: Observed, now: number): Decision => {
  const { execution, validation } = seen;
  const phase = phaseOf(execution);
  if (isUnwanted(execution))
    return { do: "move", through: [], to: "Cancelled", fields: { changed: false }, message: "Cancelled before anything was changed." };
  const through: ExecutionPhase[] = phase === "Pending" ? ["Validating"] : [];
  if (now >= deadlineMs(execution))
    return failed(through, "TimedOut", { changed: false }, `The change could not be checked within ${execution.spec.timeoutSeconds} s.`);
  if (validation === undefined) return { do: "wait", untilMs: deadlineMs(execution) };
  switch (validation.kind) {
    case "ready":
      return {
        do: "move",
        through,
        to: "Executing",
        fields: validation.fields,
        message: "Checked against the live object and accepted by the server's dry run.",
      };
    case "notNeeded":
      return { do: "move", through, to: "Completed", fields: { result: "NotNeeded", changed: false }, message: validation.message };
    case "failed":
      return failed(
        through,
        validation.failure,
        { changed: false, ...(validation.dryRun === undefined ? {} : { dryRun: validation.dryRun }) },
        validation.message,
      );
    case "unavailable":
      // A hiccup leaves no trace; what lasts should be seen.
      if (phase === "Validating" || now < phaseStartedAtMs(execution) + quietMs) return { do: "retry", error: validation.error };
      return { do: "move", through: [], to: "Validating", fields: {}, message: `Waits for the API server: ${validation.error.message}` };
  }
};

const next: Readonly<Record<ExecutionPhase, (seen: Observed, now: number) => Decision>> = {
  Pending: validating,
  Validating: validating,

  Executing({ execution, job, aftermath }, now) {
    const deadline = deadlineMs(execution);
    if (job === undefined) {
      if (!isJobLost(execution, now)) return { do: "ensureJob", untilMs: deadline };
      if (aftermath === undefined) return { do: "wait" };
      if (aftermath.unreadable !== undefined) return unreadable(aftermath.unreadable, { changed: true });
      return failed([], "JobLost", { changed: mayHaveChanged(aftermath) }, `The Job is gone; ${traceText[aftermath.trace]}.`);
    }
    const known = { job: { name: job.name, uid: job.uid } };
    if (job.ended === undefined) {
      if (now >= deadline + graceMs && aftermath !== undefined) {
        if (aftermath.unreadable !== undefined) return unreadable(aftermath.unreadable, { ...known, changed: true });
        return failed(
          [],
          "TimedOut",
          { ...known, changed: mayHaveChanged(aftermath) },
          `The Job has not ended in time; ${traceText[aftermath.trace]}.`,
        );
      }
      if (execution.status?.job !== undefined) return { do: "wait", untilMs: deadline + graceMs };
      return now < job.createdAtMs + quietMs ? { do: "wait", untilMs: job.createdAtMs + quietMs } : { do: "recordJob", job };
    }
    return aftermath === undefined ? { do: "wait" } : ended(execution, job, job.ended, aftermath, now);
  },

  Verifying({ execution, aftermath }, now) {
    if (aftermath === undefined) return { do: "wait", untilMs: deadlineMs(execution) };
    if (aftermath.unreadable !== undefined) return unreadable(aftermath.unreadable, { changed: true });
    const { effect } = aftermath;
    if (effect.state === "pending" && now < deadlineMs(execution)) return { do: "wait", untilMs: deadlineMs(execution) };
    if (effect.state === "done")
      return { do: "move", through: [], to: "Completed", fields: {}, message: "The change is made and has taken effect." };
    const late = effect.state === "pending" ? ` after ${execution.spec.timeoutSeconds} s` : "";
    return failed([], "VerificationFailed", {}, `The change has not taken effect${late}: ${effect.reason}.`);
  },

  Completed: release,
  Failed: release,
  Cancelled: release,
};

function release({ execution }: Observed): Decision {
  return execution.metadata.finalizers?.includes(JOB_FINALIZER) ? { do: "releaseFinalizer" } : { do: "wait" };
}

/** After the Job: what it reported counts, and what is seen on the object counts more. */
const ended = (
  execution: KubernetesExecution,
  job: JobView,
  end: NonNullable<JobView["ended"]>,
  aftermath: Aftermath,
  now: number,
): Decision => {
  const { report, trace, effect } = aftermath;
  const known = { job: { name: job.name, uid: job.uid } };
  if (aftermath.unreadable !== undefined) return unreadable(aftermath.unreadable, { ...known, changed: report?.changed ?? true });
  const isMade = trace === "in-place" || (report !== undefined && report.result !== "Failed");
  if (!isMade) {
    const guardFailed = execution.spec.undoes !== undefined && trace === "unclear";
    const said = report === undefined ? `it left no report (${end.message})` : report.message;
    const changed = report === undefined ? mayHaveChanged(aftermath) : report.changed;
    return failed(
      [],
      guardFailed ? "UndoGuardFailed" : "JobFailed",
      { ...known, changed },
      `The Job failed: ${said}; ${traceText[trace]}.`,
    );
  }
  const fields: Partial<Status> = {
    ...known,
    changed: true,
    result: report === undefined || report.result === "Failed" ? "Applied" : report.result,
  };
  switch (effect.state) {
    case "done":
      return { do: "move", through: [], to: "Completed", fields, message: "The change is made and has taken effect." };
    case "failed":
      return failed([], "VerificationFailed", fields, `The change has not taken effect: ${effect.reason}.`);
    case "pending": {
      // Both are asked: the Job's end is told by another clock.
      const quietUntilMs = Math.max(end.atMs, phaseStartedAtMs(execution)) + quietMs;
      if (now < quietUntilMs) return { do: "wait", untilMs: quietUntilMs };
      return { do: "move", through: [], to: "Verifying", fields, message: `The change is made; ${effect.reason}.` };
    }
  }
};

const failed = (through: readonly ExecutionPhase[], failure: Failure, fields: Partial<Status>, message: string): Move => ({
  do: "move",
  through,
  to: "Failed",
  fields: { ...fields, failure },
  message,
});

const unreadable = (reason: string, fields: Partial<Status> & { readonly changed: boolean }): Move =>
  failed(
    [],
    "Unreadable",
    fields,
    `${asSentence(reason)}; ${fields.changed ? "whether the change is in place is not known" : "nothing was changed"}.`,
  );

/** Whoever does not know has to assume it: an undo is guarded, a change that nobody undoes is not. */
const mayHaveChanged = ({ trace }: Aftermath): boolean => trace !== "untouched";

const traceText: Readonly<Record<Trace, string>> = {
  "in-place": "the change is in place",
  untouched: "nothing was changed",
  unclear: "it is not known whether it changed anything: the object has neither its old nor its intended state",
};

export const isOver = (execution: KubernetesExecution): boolean => isTerminal(executionTransitions, phaseOf(execution));
