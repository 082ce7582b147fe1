// What to do next for one KubernetesExecution: pure, a chain of guards for every phase. Never says that nothing was changed where something may have been.
import { isTerminal, phaseOf } from "#api/define-kind.ts";
import {
  type ExecutionFailure,
  type ExecutionPhase,
  type ExecutionReason,
  executionTransitions,
  type KubernetesExecution,
} from "#api/kinds/kubernetes-execution.ts";
import type { Effect } from "#actions/action.ts";
import type { Trace } from "#actions/change.ts";
import type { Report } from "#actions/report.ts";
import * as decision from "#controllers/decision.ts";
import { fromTimestamp } from "#lib/clock.ts";
import { asSentence } from "#lib/words.ts";

export type Status = NonNullable<KubernetesExecution["status"]>;

export interface JobView {
  readonly uid: string;
  readonly name: string;
  readonly createdAtMs: number;
  /** Absent while it runs. */
  readonly ended?: { readonly atMs: number; readonly succeeded: boolean; readonly message: string };
}

/** The result of planning again, comparing and the server's dry run. */
export type Validation =
  | {
      readonly kind: "ready";
      readonly fields: Pick<Status, "changes" | "inverse" | "inverseHash" | "priorState" | "diffs" | "dryRun" | "permission" | "blast">;
    }
  | { readonly kind: "notNeeded"; readonly message: string }
  | { readonly kind: "failed"; readonly failure: ExecutionFailure; readonly message: string; readonly dryRun?: Status["dryRun"] }
  /** The API server could not be asked. */
  | { readonly kind: "unavailable"; readonly error: Error };

/** The live objects after the Job, or without one. */
export interface Aftermath {
  readonly report?: Report;
  readonly trace: Trace;
  readonly effect: Effect;
  /** Why the recorded changes cannot be compared with the object: `trace` and `effect` know nothing then. */
  readonly unreadable?: string;
}

/** Everything a decision may look at. */
export interface ExecutionObservation {
  readonly execution: KubernetesExecution;
  readonly job?: JobView;
  readonly validation?: Validation;
  readonly aftermath?: Aftermath;
  /** What policy forbids by now, before the Job exists. */
  readonly refusal?: string;
}

export interface Words {
  readonly phase: ExecutionPhase;
  readonly reason: ExecutionReason;
  readonly status: Status;
  readonly effect: { readonly type: "createJob" } | { readonly type: "retry"; readonly error: Error };
}
export type Decision = decision.Decision<Words>;
type TransitionTo = decision.TransitionTo<Words>;

/** Anything faster than this is not worth a write of its own. */
export const quietMs = 15_000;
/** On top of the Job's own deadline, for its pod to be scheduled and its end to be reported. */
export const graceMs = 60_000;

export const phaseStartedAtMs = ({ status, metadata }: KubernetesExecution): number =>
  fromTimestamp(status?.phaseStartedAt) ?? fromTimestamp(metadata.creationTimestamp) ?? 0;

const deadlineMs = (execution: KubernetesExecution): number => phaseStartedAtMs(execution) + execution.spec.timeoutSeconds * 1000;

const isUnwanted = ({ spec, metadata }: KubernetesExecution): boolean => spec.cancel === true || metadata.deletionTimestamp !== undefined;

/** Whether to plan again; else it is not worth the reads. */
export const wantsValidation = (execution: KubernetesExecution, now: number): boolean =>
  (phaseOf(execution) === "Pending" || phaseOf(execution) === "Validating") && !isUnwanted(execution) && now < deadlineMs(execution);

/** Whether to read the live objects. */
export const wantsAftermath = (execution: KubernetesExecution, job: JobView | undefined, now: number): boolean => {
  const phase = phaseOf(execution);
  if (phase === "Verifying") return true;
  if (phase !== "Executing") return false;
  return job === undefined ? isJobLost(execution, now) : job.ended !== undefined || now >= deadlineMs(execution) + graceMs;
};

/** A Job that does not exist may not have been created yet: it is created again until it was recorded, or its time is over. */
export const isJobLost = (execution: KubernetesExecution, now: number): boolean =>
  execution.status?.job !== undefined || execution.metadata.deletionTimestamp !== undefined || now >= deadlineMs(execution);

export const isOver = (execution: KubernetesExecution): boolean => isTerminal(executionTransitions, phaseOf(execution));

const validating = (execution: KubernetesExecution) => (phaseOf(execution) === "Pending" ? { through: ["Validating"] as const } : {});
const jobIn = ({ job }: ExecutionObservation): Pick<Status, "job"> => (job === undefined ? {} : { job: { name: job.name, uid: job.uid } });
/** A report of success, or the change itself, proves that it was made. */
const isMade = ({ report, trace }: Aftermath): boolean => trace === "in-place" || (report !== undefined && report.result !== "Failed");
/** Unknown counts as changed: an undo is guarded, a change that is never undone is not. */
const mayHaveChanged = ({ trace }: Aftermath): boolean => trace !== "untouched";

const guards = {
  cancelRequested: ({ execution }) =>
    isUnwanted(execution) ? ended("Cancelled", "Cancelled before anything was changed.", { changed: false }) : undefined,
  checkTimedOut: ({ execution }, now) =>
    now < deadlineMs(execution)
      ? undefined
      : {
          ...failed("TimedOut", `The change could not be checked within ${execution.spec.timeoutSeconds} s.`, { changed: false }),
          ...validating(execution),
        },
  changeChecked: ({ execution, validation }) =>
    validation?.kind === "ready"
      ? {
          do: "transition",
          ...validating(execution),
          to: "Executing",
          status: validation.fields,
          message: "Checked against the live object and accepted by the server's dry run.",
        }
      : undefined,
  changeNotNeeded: ({ execution, validation }) =>
    validation?.kind === "notNeeded"
      ? { ...ended("Completed", validation.message, { result: "NotNeeded", changed: false }), ...validating(execution) }
      : undefined,
  changeRefused: ({ execution, validation }) => {
    if (validation?.kind !== "failed") return undefined;
    const { failure, message, dryRun } = validation;
    return { ...failed(failure, message, { changed: false, ...(dryRun === undefined ? {} : { dryRun }) }), ...validating(execution) };
  },
  /** A short outage leaves no trace; a long one is shown. */
  apiServerUnavailable: ({ execution, validation }, now) => {
    if (validation?.kind !== "unavailable") return undefined;
    const { error } = validation;
    if (phaseOf(execution) === "Validating" || now < phaseStartedAtMs(execution) + quietMs)
      return { do: "act", effect: { type: "retry", error } };
    return { do: "transition", to: "Validating", message: `Waiting for the API server: ${error.message}` };
  },

  /** Policy may have changed since the check, for as long as no controller ran. */
  policyForbids: ({ refusal, job }) =>
    refusal === undefined || job !== undefined ? undefined : failed("Forbidden", refusal, { changed: false }),
  jobNotCreated: ({ execution, job }, now) =>
    job === undefined && !isJobLost(execution, now)
      ? { do: "act", effect: { type: "createJob" }, untilMs: deadlineMs(execution) }
      : undefined,
  changesUnreadable: (seen) => {
    const { unreadable, report } = seen.aftermath ?? {};
    if (unreadable === undefined) return undefined;
    const changed = report?.changed ?? true;
    const known = changed ? "it is unknown whether the change was applied" : "nothing was changed";
    return failed("Unreadable", `${asSentence(unreadable)}; ${known}.`, { ...jobIn(seen), changed });
  },
  jobDeleted: ({ job, aftermath }) =>
    job === undefined && aftermath !== undefined
      ? failed("JobLost", `The Job was deleted; ${traceText[aftermath.trace]}.`, { changed: mayHaveChanged(aftermath) })
      : undefined,
  jobTimedOut: (seen, now) => {
    const { execution, job, aftermath } = seen;
    if (job?.ended !== undefined || aftermath === undefined || now < deadlineMs(execution) + graceMs) return undefined;
    const changed = mayHaveChanged(aftermath);
    return failed("TimedOut", `The Job did not end in time; ${traceText[aftermath.trace]}.`, { ...jobIn(seen), changed });
  },
  jobRuns: ({ execution, job }, now) => {
    if (job === undefined || job.ended !== undefined) return undefined;
    if (execution.status?.job !== undefined) return { do: "wait", untilMs: deadlineMs(execution) + graceMs };
    return now < job.createdAtMs + quietMs ? { do: "wait", untilMs: job.createdAtMs + quietMs } : undefined;
  },
  jobNotRecorded: (seen) =>
    seen.job !== undefined && seen.job.ended === undefined ? { do: "updateStatus", status: jobIn(seen) } : undefined,
  jobFailed: (seen) => {
    const { execution, job, aftermath } = seen;
    if (job?.ended === undefined || aftermath === undefined || isMade(aftermath)) return undefined;
    const { report, trace } = aftermath;
    const why = report === undefined ? `it left no report (${job.ended.message})` : report.message;
    const changed = report === undefined ? mayHaveChanged(aftermath) : report.changed;
    const isGuarded = execution.spec.undoes !== undefined && trace === "unclear";
    const failure = report?.forbidden === true ? "Forbidden" : isGuarded ? "UndoGuardFailed" : "JobFailed";
    return failed(failure, `The Job failed: ${why}; ${traceText[trace]}.`, { ...jobIn(seen), changed });
  },

  changeEffective: (seen) =>
    seen.aftermath?.effect.state === "done" ? ended("Completed", "The change is made and has taken effect.", madeBy(seen)) : undefined,
  changeIneffective: (seen, now) => {
    const { effect } = seen.aftermath ?? {};
    const { execution } = seen;
    if (effect === undefined || effect.state === "done") return undefined;
    const isLate = effect.state === "pending" && phaseOf(execution) === "Verifying" && now >= deadlineMs(execution);
    if (effect.state === "pending" && !isLate) return undefined;
    const late = isLate ? ` after ${execution.spec.timeoutSeconds} s` : "";
    return failed("VerificationFailed", `The change has not taken effect${late}: ${effect.reason}.`, madeBy(seen));
  },
  /** Both times count: the Job's end is stamped by another clock. */
  changeSpreads: (seen, now) => {
    const { execution, job, aftermath } = seen;
    if (job?.ended === undefined || aftermath?.effect.state !== "pending") return undefined;
    const quietUntilMs = Math.max(job.ended.atMs, phaseStartedAtMs(execution)) + quietMs;
    if (now < quietUntilMs) return { do: "wait", untilMs: quietUntilMs };
    return { do: "transition", to: "Verifying", status: madeBy(seen), message: `The change is made; ${aftermath.effect.reason}.` };
  },

  waitForDeadline: ({ execution }) => ({ do: "wait", untilMs: deadlineMs(execution) }),
} satisfies Record<string, decision.Guard<ExecutionObservation, Decision>>;

const { changesUnreadable, changeEffective, changeIneffective, waitForDeadline } = guards;
const check = [
  guards.cancelRequested,
  guards.checkTimedOut,
  guards.changeChecked,
  guards.changeNotNeeded,
  guards.changeRefused,
  guards.apiServerUnavailable,
  waitForDeadline,
];

export const phases: decision.Phases<ExecutionPhase, ExecutionObservation, Decision> = {
  Pending: check,
  Validating: check,
  Executing: [
    guards.policyForbids,
    guards.jobNotCreated,
    changesUnreadable,
    guards.jobDeleted,
    guards.jobTimedOut,
    guards.jobRuns,
    guards.jobNotRecorded,
    guards.jobFailed,
    changeEffective,
    changeIneffective,
    guards.changeSpreads,
  ],
  Verifying: [changesUnreadable, changeEffective, changeIneffective, waitForDeadline],
  Completed: [],
  Failed: [],
  Cancelled: [],
};

export const decide = decision.decideBy(phases, ({ execution }) => phaseOf(execution));

const ended = (to: "Completed" | "Cancelled", message: string, status: Partial<Status>): TransitionTo => ({
  do: "transition",
  to,
  status,
  claims: [{ type: "Executed", status: to === "Completed" ? "True" : "False" }],
  message,
});

const failed = (failure: ExecutionFailure, message: string, status: Partial<Status>): TransitionTo => ({
  do: "transition",
  to: "Failed",
  reason: failure,
  status: { ...status, failure },
  claims: [{ type: "Executed", status: "False" }],
  message,
});

/** What is recorded of a change that was made; in Verifying it already is. */
const madeBy = (seen: ExecutionObservation): Partial<Status> => {
  if (phaseOf(seen.execution) === "Verifying") return {};
  const { report } = seen.aftermath ?? {};
  return { ...jobIn(seen), changed: true, result: report === undefined || report.result === "Failed" ? "Applied" : report.result };
};

const traceText: Readonly<Record<Trace, string>> = {
  "in-place": "the change is in place",
  untouched: "nothing was changed",
  unclear: "it is unknown whether the change was applied: the object matches neither its previous nor its planned state",
};
