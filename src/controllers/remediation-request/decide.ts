// What to do next for one request: pure, a row for every phase. Never reads the time or the cluster; never ends a request before its workflow has.
import type { AIAnalysis } from "#api/kinds/ai-analysis.ts";
import type { RemediationProcessing } from "#api/kinds/remediation-processing.ts";
import { type Outcome, type RemediationRequest, type RequestPhase, requestDeadlineSeconds } from "#api/kinds/remediation-request.ts";
import type { WorkflowExecution } from "#api/kinds/workflow-execution.ts";
import { fromTimestamp } from "#lib/clock.ts";
import { clipped } from "#lib/words.ts";
import type { Hold } from "#policy/budget.ts";
import { chosenPlan, hasAlternative, planText } from "#controllers/remediation-request/children.ts";

/** Everything a decision may look at. */
export interface Observed {
  readonly request: RemediationRequest;
  /** The children of the present attempt, ours only. */
  readonly processing?: RemediationProcessing;
  readonly analysis?: AIAnalysis;
  readonly workflow?: WorkflowExecution;
  /** Every alert is resolved and the target healthy or gone: from this moment on that counts as the end of the trouble. */
  readonly quietAtMs?: number;
  /** What stops a repair from beginning now. */
  readonly hold?: Hold;
  readonly maxAttempts: number;
  /** How long a verification may take by policy, its stabilisation window included. */
  readonly verificationSeconds: number;
}

export type Child = "processing" | "analysis" | "workflow";

export interface Move {
  readonly do: "move";
  readonly to: RequestPhase;
  /** Phases that had nothing to do, on the way. */
  readonly through?: readonly RequestPhase[];
  /** Has to exist before the move is written. */
  readonly ensure?: Child;
  readonly outcome?: Outcome;
  readonly message: string;
  readonly blockedBy?: string;
  /** How the attempt ended, for those after it. */
  readonly result?: string;
  /** The attempt changed nothing, so its actions may be offered again. */
  readonly untried?: true;
  /** The attempt's repair was made, did not help and was undone. */
  readonly undone?: true;
  /** People refused its plan, and said why. */
  readonly rejected?: string;
}

export type Decision =
  | Move
  /** Without a word in the status: the next phase will say it. */
  | { readonly do: "ensure"; readonly child: Child; readonly untilMs?: number }
  | { readonly do: "cancelWorkflow"; readonly why: string }
  /** Stay, but say what it waits for now. */
  | { readonly do: "note"; readonly blockedBy: string; readonly untilMs?: number }
  /** Stay, but say that the question to people is another one now. */
  | { readonly do: "retell"; readonly message: string }
  | { readonly do: "wait"; readonly untilMs?: number };

export const phaseOf = (request: RemediationRequest): RequestPhase => request.status?.phase ?? "Pending";
export const attemptOf = (request: RemediationRequest): number => request.status?.attempt ?? 1;

export const decide = (seen: Observed, now: number): Decision => rows[phaseOf(seen.request)](seen, now);

/** How long the first child may take before the request says that it waits for it: on the happy path the next phase is sooner. */
const silentMs = 5_000;

const rows: Readonly<Record<RequestPhase, (seen: Observed, now: number) => Decision>> = {
  Pending(seen, now) {
    const over = overBeforeChange(seen, now);
    if (over !== undefined) return over;
    const next = seen.processing === undefined ? undefined : processed(seen);
    if (next !== undefined) return { ...next, through: ["Processing"] };
    const untilMs = startedAt(seen.request) + silentMs;
    if (now >= untilMs) return { do: "move", to: "Processing", ensure: "processing", message: "Looking at what surrounds the target." };
    return seen.processing === undefined ? { do: "ensure", child: "processing", untilMs } : wait(seen, now, untilMs);
  },

  Processing(seen, now) {
    const over = overBeforeChange(seen, now);
    if (over !== undefined) return over;
    const next = seen.processing === undefined ? undefined : processed(seen);
    if (next !== undefined) return next;
    if (now >= deadline(seen)) return timedOut("the target's surroundings could not be read in time");
    return seen.processing === undefined ? { do: "ensure", child: "processing", untilMs: deadline(seen) } : wait(seen, now, deadline(seen));
  },

  Analyzing(seen, now) {
    if (seen.workflow !== undefined) return begin(seen);
    const over = overBeforeChange(seen, now);
    if (over !== undefined) return over;
    const { analysis } = seen;
    if (analysis?.status?.phase === "AwaitingApproval")
      return {
        do: "move",
        to: "AwaitingApproval",
        message: askText(seen.request, analysis),
      };
    const next = analysis === undefined ? undefined : concluded(seen, analysis);
    if (next !== undefined) return next;
    if (now >= deadline(seen)) return timedOut("the analysis came to no end in time");
    // Where its context is gone too, somebody is deleting it all, most likely the request; where it is unfinished, we are shown how it was before.
    // Either way there is nothing to make an analysis of.
    if (analysis !== undefined || seen.processing?.status?.phase !== "Completed") return wait(seen, now, deadline(seen));
    return { do: "ensure", child: "analysis", untilMs: deadline(seen) };
  },

  AwaitingApproval(seen, now) {
    if (seen.workflow !== undefined) return begin(seen);
    const over = overBeforeChange(seen, now);
    if (over !== undefined) return over;
    if (seen.analysis === undefined)
      return failed("ManualReviewRequired", "The analysis that asked for approval is gone; manual review is needed.");
    const next = concluded(seen, seen.analysis);
    if (next !== undefined) return next;
    const message = askText(seen.request, seen.analysis);
    // A person wanted other parameters: what is waited for has changed.
    if (seen.analysis.status?.overrides !== undefined && clipped(message) !== seen.request.status?.message)
      return { do: "retell", message };
    // No deadline of ours: the approval has its own, and a person's time is not counted.
    return wait(seen, now);
  },

  Blocked(seen, now) {
    if (seen.workflow !== undefined) return begin(seen);
    const over = overBeforeChange(seen, now);
    if (over !== undefined) return over;
    if (seen.analysis === undefined)
      return failed("ManualReviewRequired", "The analysis of the blocked repair is gone; manual review is needed.");
    // It had chosen a plan when the request was blocked: it is shown as it was before, and what is newer is on its way.
    if (seen.analysis.status?.phase !== "Completed" && now < deadline(seen)) return wait(seen, now, deadline(seen));
    const next = begin(seen);
    if (next.do === "move") return next;
    if (now < deadline(seen))
      return { ...next, untilMs: Math.min(next.untilMs ?? deadline(seen), seen.quietAtMs ?? Number.POSITIVE_INFINITY) };
    return failed("ManualReviewRequired", `The repair could not begin in time: ${seen.hold?.why ?? "it was held back"}.`);
  },

  Executing(seen, now) {
    const { workflow } = seen;
    if (workflow === undefined) return lost;
    const ended = ending(seen, workflow, now);
    if (ended !== undefined) return ended.to === "Completed" ? { ...ended, through: ["Verifying"] } : ended;
    const stop = stopping(seen, workflow, now);
    if (stop !== undefined) return stop;
    if (workflow.status?.phase === "Verifying")
      return {
        do: "move",
        to: "Verifying",
        message: `${repairOf(seen.analysis, workflow)} is done; watching whether the symptom stays away.`,
      };
    return wait(seen, now, deadline(seen));
  },

  Verifying(seen, now) {
    const { workflow } = seen;
    if (workflow === undefined) return lost;
    return ending(seen, workflow, now) ?? stopping(seen, workflow, now) ?? wait(seen, now, deadline(seen));
  },

  /** Nothing here waits for anybody, so that its deadline cannot pass while the controller runs, and must not count while it does not. */
  Recovering(seen) {
    const { request, maxAttempts } = seen;
    if (request.spec.cancel !== undefined) return { ...cancelled(request), through: ["Processing"] };
    const attempt = attemptOf(request);
    if (attempt >= maxAttempts)
      return failed(
        wasUndone(seen.request) ? "RolledBack" : "ManualReviewRequired",
        `After ${attempt} of ${maxAttempts} attempts, manual review is needed: ${lastResult(request)}`,
      );
    return {
      do: "move",
      to: "Processing",
      ensure: "processing",
      message: `Attempt ${attempt + 1} of ${maxAttempts}: looking again, knowing ${wasRefused(request) ? "what people refused" : "what did not help"}.`,
    };
  },

  Completed: () => ({ do: "wait" }),
  Failed: () => ({ do: "wait" }),
  TimedOut: () => ({ do: "wait" }),
  Cancelled: () => ({ do: "wait" }),
};

const startedAt = (request: RemediationRequest): number =>
  fromTimestamp(request.status?.phaseStartedAt ?? request.metadata.creationTimestamp) ?? 0;

const deadline = (seen: Observed): number => {
  const phase = phaseOf(seen.request);
  const seconds = requestDeadlineSeconds[phase] ?? 0;
  // Policy may grant verification more time than the default; half a minute on top leaves the workflow the first word.
  const granted = phase === "Verifying" ? Math.max(seconds, seen.verificationSeconds + 30) : seconds;
  return startedAt(seen.request) + granted * 1000;
};

/** Every wait that has a time ends at the earliest of them; the watches wake it before. */
const wait = (seen: Observed, now: number, ...times: number[]): Decision => {
  const ahead = [...times, ...(seen.quietAtMs === undefined ? [] : [seen.quietAtMs])].filter((time) => time > now);
  return ahead.length === 0 ? { do: "wait" } : { do: "wait", untilMs: Math.min(...ahead) };
};

const failed = (outcome: Outcome, message: string): Move => ({ do: "move", to: "Failed", outcome, message });
const timedOut = (what: string): Move => ({
  do: "move",
  to: "TimedOut",
  message: `Gave up: ${what}. Nothing of this attempt remains in the cluster.`,
});
const cancelled = ({ spec }: RemediationRequest): Move => {
  const { by, message = "" } = spec.cancel ?? {};
  const who = by === undefined ? "on request" : `by ${by}${message === "" ? "" : ` (“${clipped(message, 200)}”)`}`;
  return { do: "move", to: "Cancelled", message: `Cancelled ${who}; nothing of it remains in the cluster.` };
};
const lost = failed("ManualReviewRequired", "The workflow of this repair was deleted while it ran; review the target manually.");

/** Whether it is over as long as nothing has been changed. */
const overBeforeChange = (seen: Observed, now: number): Move | undefined => {
  if (seen.request.spec.cancel !== undefined) return cancelled(seen.request);
  if (seen.quietAtMs === undefined || now < seen.quietAtMs) return undefined;
  return {
    do: "move",
    to: "Completed",
    outcome: "SelfResolved",
    message: "Its alerts are resolved and the target is healthy or gone: nothing was changed.",
  };
};

/** Absent while it is not done. */
const processed = ({ processing }: Observed): Move | undefined => {
  if (processing?.status?.phase === "Failed")
    return failed("Error", `The target's surroundings could not be read: ${processing.status.message ?? "no reason was given"}`);
  if (processing?.status?.phase !== "Completed") return undefined;
  return { do: "move", to: "Analyzing", ensure: "analysis", message: "Looking for the root cause." };
};

/** What an analysis that has ended means for the request; absent while it has not. */
const concluded = (seen: Observed, analysis: AIAnalysis): Decision | undefined => {
  const { phase, result, message = "" } = analysis.status ?? {};
  if (phase !== "Completed" && phase !== "Failed") return undefined;
  switch (result) {
    case "Proceed":
      return begin(seen);
    case "Suggested":
      return {
        do: "move",
        to: "Completed",
        outcome: "Suggested",
        message: message || `Suggested, not done: ${repairOf(analysis)}.`,
      };
    case "NothingToDo":
      return { do: "move", to: "Completed", outcome: "NoActionRequired", message: message || "The target is healthy: nothing to do." };
    case "ManualReviewRequired":
      return failed(wasUndone(seen.request) ? "RolledBack" : "ManualReviewRequired", personNeeded(seen, message));
    case "Rejected":
      return refusedByPeople(seen, analysis, message || "A person rejected the repair.");
    case "ApprovalExpired":
      return failed("ApprovalExpired", message || "The approval expired before a decision.");
    case "Drifted": {
      const why = message || "The target changed while the approval waited.";
      const move: Move = { do: "move", to: "Recovering", message: `${why} Looking again.`, result: why, untried: true };
      return phaseOf(seen.request) === "AwaitingApproval" ? move : { ...move, through: ["AwaitingApproval"] };
    }
    case undefined:
      return failed("Error", `The analysis failed: ${message || "no reason was given"}`);
  }
};

/** A no is respected: where there is another repair, a new attempt looks again and asks about that one. */
const refusedByPeople = (seen: Observed, analysis: AIAnalysis, why: string): Move => {
  if (attemptOf(seen.request) >= seen.maxAttempts || !hasAlternative(analysis)) return { ...failed("Rejected", why), rejected: why };
  const move: Move = {
    do: "move",
    to: "Recovering",
    message: `${why} Looking for another repair.`,
    result: why,
    untried: true,
    rejected: why,
  };
  return phaseOf(seen.request) === "AwaitingApproval" ? move : { ...move, through: ["AwaitingApproval"] };
};

const personNeeded = (seen: Observed, message: string): string => {
  const why = message || "No repair is known for this.";
  return wasUndone(seen.request) ? `${lastResult(seen.request)} ${why}` : why;
};

/** Begins the repair, or says what holds it back. */
const begin = (seen: Observed): Move | Extract<Decision, { do: "note" }> => {
  const { analysis, hold, request, workflow } = seen;
  const start: Move = { do: "move", to: "Executing", ensure: "workflow", message: `Repairing: ${repairOf(analysis, workflow)}.` };
  // It exists already: a run before this one created it and did not live to say so.
  if (workflow !== undefined) return start;
  if (chosenPlan(analysis) === undefined) return failed("Error", "The analysis chose no plan to proceed with.");
  if (hold === undefined) return start;
  const untilMs = Math.min(hold.untilMs ?? Number.POSITIVE_INFINITY, deadline(seen));
  if (phaseOf(request) === "Blocked") return { do: "note", blockedBy: hold.why, untilMs };
  return { do: "move", to: "Blocked", blockedBy: hold.why, message: `${repairOf(analysis)} waits: ${hold.why}.` };
};

/** How the workflow's end becomes the request's; absent while it runs. */
const ending = (seen: Observed, workflow: WorkflowExecution, now: number): Move | undefined => {
  const { phase, message = "" } = workflow.status ?? {};
  if (phase === "Completed")
    return {
      do: "move",
      to: "Completed",
      outcome: "Remediated",
      message: `Repaired: ${repairOf(seen.analysis, workflow)}. ${message}`.trim(),
    };
  if (phase !== "RolledBack" && phase !== "Failed" && phase !== "Cancelled") return undefined;
  const restored = workflow.status?.conditions?.find(({ type }) => type === "Restored");
  if (restored?.status !== "True")
    return failed("ManualReviewRequired", `${message || "The repair failed."} What it changed was not undone; manual review is needed.`);
  if (seen.request.spec.cancel !== undefined) return cancelled(seen.request);
  if (workflow.spec.cancel === true)
    return now >= deadline(seen) ? timedOut("the repair took too long and was undone") : cancelled(seen.request);
  // An action that met another object than the approved one, or whose Job died before its change, has not been tried.
  const untried = ["Drifted", "NotRun", "Forbidden"].includes(restored.reason) ? ({ untried: true } as const) : {};
  const undone = phase === "RolledBack" ? ({ undone: true } as const) : {};
  return {
    do: "move",
    to: "Recovering",
    message: message || "The repair did not help and was undone.",
    result: message,
    ...untried,
    ...undone,
  };
};

/** Asked to stop, or out of time: the workflow ends in order first. */
const stopping = (seen: Observed, workflow: WorkflowExecution, now: number): Decision | undefined => {
  const asked = seen.request.spec.cancel !== undefined;
  if (!asked && now < deadline(seen)) return undefined;
  if (workflow.spec.cancel === true) return { do: "wait" };
  return { do: "cancelWorkflow", why: asked ? "cancelled on request" : "it took too long" };
};

/** Of the last attempt that has one: the present one has not ended yet. */
const lastResult = (request: RemediationRequest): string =>
  request.status?.attempts?.findLast(({ result }) => result !== undefined)?.result ?? "No attempt says why.";

const askText = (request: RemediationRequest, analysis: AIAnalysis): string =>
  `Waits for a person: ${repairOf(analysis)} needs approval (kintsugi approve ${request.metadata.name}).`;

/** In an earlier attempt: of the present one it stands in the status only with the move that ends it. */
const wasUndone = (request: RemediationRequest): boolean => (request.status?.attempts ?? []).some(({ undone }) => undone === true);

const wasRefused = (request: RemediationRequest): boolean => request.status?.attempts?.at(-1)?.rejected !== undefined;

const repairOf = (analysis: AIAnalysis | undefined, workflow?: WorkflowExecution): string => {
  const plan = workflow?.spec ?? chosenPlan(analysis) ?? analysis?.status?.plans?.[0];
  return plan === undefined ? "the repair" : planText(plan);
};
