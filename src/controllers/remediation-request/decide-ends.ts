// How a request starts its repair, ends, or goes on to another attempt, in values and in words. Pure.
import { phaseOf } from "#api/define-kind.ts";
import type { Attempt, Outcome, RemediationRequest } from "#api/kinds/remediation-request.ts";
import type { AIAnalysis } from "#api/kinds/ai-analysis.ts";
import type { WorkflowExecution } from "#api/kinds/workflow-execution.ts";
import { referenceText } from "#api/object.ts";
import { chosenPlan, hasAlternative, planText, refusedBy } from "#controllers/remediation-request/children.ts";
import {
  isFiring,
  attemptOf,
  deadlineMs,
  type RequestObservation,
  roundOf,
  type TransitionTo,
} from "#controllers/remediation-request/observed.ts";
import { toPreciseTimestamp } from "#lib/clock.ts";
import { clipped } from "#lib/words.ts";

type End = "Completed" | "Failed" | "TimedOut" | "Cancelled";
type Status = NonNullable<TransitionTo["status"]>;

export const ended = (to: End, message: string, outcome?: Outcome, status: Status = {}): TransitionTo => ({
  do: "transition",
  to,
  ...(outcome === undefined ? { status } : { reason: outcome, status: { ...status, outcome } }),
  claims: [{ type: "Complete", status: "True" }],
  message,
});
export const failed = (outcome: Outcome, message: string, status: Status = {}): TransitionTo => ended("Failed", message, outcome, status);
export const timedOut = (what: string): TransitionTo =>
  ended("TimedOut", `Timed out: ${what}. No change of this attempt remains in the cluster.`);

/**
 * Where a person is needed and the alert fires, the request stays the active one of its target; else it ends. An answer that the person has
 * already is marked as unchanged.
 */
export const needsPerson = (
  { request, analysis }: RequestObservation,
  now: number,
  outcome: Outcome,
  message: string,
  status: Status = {},
): TransitionTo => {
  // A cancelled one does not wait: it would end as cancelled, and say nothing of the changes that remain.
  if (!isFiring(request) || request.spec.cancel !== undefined)
    return ended(outcome === "Suggested" ? "Completed" : "Failed", message, outcome, status);
  const at = toPreciseTimestamp(now);
  const known = request.status?.awaiting;
  const answer = clipped(`${outcome}: ${causeOf(analysis) ?? message}`);
  const isKnown = known?.answer === answer;
  const awaiting = {
    ...(known ?? { since: at, looks: 0 }),
    outcome,
    answer,
    lookedAt: analysis?.metadata.creationTimestamp ?? at,
  };
  return {
    do: "transition",
    to: "AwaitingPerson",
    ...(isKnown ? {} : { reason: outcome }),
    status: { ...status, outcome, awaiting },
    message: isKnown ? `Unchanged: ${message}` : message,
  };
};

/** Pods come and go: the cause and its object are what makes an answer the same. */
const causeOf = (analysis: AIAnalysis | undefined): string | undefined => {
  const root = analysis?.status?.rootCause;
  return root === undefined ? undefined : `${root.code} of ${referenceText(root.object)}`;
};

/** A request that a person knows of already does not end because another look at it failed. */
export const gaveUp = (seen: RequestObservation, now: number, end: TransitionTo): TransitionTo => {
  const { awaiting } = seen.request.status ?? {};
  return awaiting === undefined ? end : needsPerson(seen, now, awaiting.outcome, end.message);
};

export const cancelled = (request: RemediationRequest): TransitionTo =>
  ended("Cancelled", `${cancelledBy(request)} No change of it remains in the cluster.`, undefined, { outcome: undefined });

export const cancelledBy = ({ spec }: RemediationRequest): string => {
  const { by, message = "" } = spec.cancel ?? {};
  const who = by === undefined ? "on request" : `by ${by}${message === "" ? "" : ` (“${clipped(message, 200)}”)`}`;
  return `Cancelled ${who}.`;
};

/** The attempts with how the present one ended: later attempts read it. */
const attemptsWith = ({ status }: RemediationRequest, end: Omit<Attempt, "number">, number = status?.attempt ?? 1): Status => {
  const known = status?.attempts ?? [];
  const present = known.find((attempt) => attempt.number === number);
  return { attempts: [...known.filter((attempt) => attempt.number !== number), { ...present, ...end, number }] };
};

const recover = ({ request }: RequestObservation, message: string, end: Omit<Attempt, "number">): TransitionTo => ({
  do: "transition",
  to: "Recovering",
  ...(phaseOf(request) === "Analyzing" ? { through: ["AwaitingApproval"] } : {}),
  message,
  status: attemptsWith(request, end),
});

/** Starts the repair, or says what holds it back. */
export const startRepair = (seen: RequestObservation, now: number): TransitionTo => {
  const { analysis, hold, repeat, request, workflow } = seen;
  const isHeld = workflow === undefined && hold !== undefined;
  if (workflow === undefined && chosenPlan(analysis) === undefined) return failed("Error", "The analysis chose no plan to proceed with.");
  if (workflow === undefined && repeat !== undefined) return needsPerson(seen, now, "ManualReviewRequired", repeat);
  if (isHeld) return { do: "transition", to: "Blocked", status: { blockedBy: clipped(hold.why) }, message: `Blocked: ${hold.why}.` };
  const first = { type: "create", child: "workflow", attempt: attemptOf(request) } as const;
  return { do: "transition", to: "Executing", first, message: `Repairing: ${repairOf(analysis, workflow)}.` };
};

/** What an analysis that has ended means for the request; absent while it has not. */
export const analysisEnded = (seen: RequestObservation, now: number): TransitionTo | undefined => {
  const { analysis, request } = seen;
  const { phase, result, message = "" } = analysis?.status ?? {};
  if (analysis === undefined || (phase !== "Completed" && phase !== "Failed")) return undefined;
  switch (result) {
    case "Proceed":
      return startRepair(seen, now);
    case "Suggested":
      return needsPerson(seen, now, "Suggested", message || `Suggested, not done: ${repairOf(analysis)}.`);
    case "NothingToDo":
      return ended("Completed", message || "The target is healthy. No action is required.", "NoActionRequired");
    case "ManualReviewRequired": {
      const why = message || "No repair is known for this cause.";
      return wasUndone(request)
        ? needsPerson(seen, now, "RolledBack", `${lastResult(request)} ${why}`)
        : needsPerson(seen, now, "ManualReviewRequired", why);
    }
    case "Rejected":
      return rejected(seen, now, analysis, message || "The repair was rejected.");
    case "ApprovalExpired":
      return needsPerson(seen, now, "ApprovalExpired", message || "The approval request expired without a decision.");
    case "Drifted": {
      const why = message || "The target changed while the approval was pending.";
      return recover(seen, `${why} Analyzing again.`, { result: clipped(why), actions: [] });
    }
    case undefined:
      return gaveUp(seen, now, failed("Error", `The analysis failed: ${message || "no reason given"}`));
  }
};

/** A rejection is respected: where there is another repair, a new attempt analyzes again and proposes that one. */
const rejected = (seen: RequestObservation, now: number, analysis: AIAnalysis, why: string): TransitionTo => {
  const refused = { rejected: refusedBy(analysis, clipped(why)).slice(0, 10) };
  const isLast = roundOf(seen.request) >= seen.maxAttempts || !hasAlternative(analysis);
  if (isLast) return needsPerson(seen, now, "Rejected", why, attemptsWith(seen.request, refused));
  return recover(seen, `${why} Looking for another repair.`, { ...refused, result: clipped(why), actions: [] });
};

/** How the workflow's end becomes the request's; absent while it runs. */
export const workflowEnded = (seen: RequestObservation, now: number): TransitionTo | undefined => {
  const { request, workflow } = seen;
  const { phase, message = "", conditions } = workflow?.status ?? {};
  if (workflow === undefined) return undefined;
  if (phase === "Completed") {
    const through = phaseOf(request) === "Executing" ? { through: ["Verifying"] as const } : {};
    return { ...ended("Completed", `Repaired: ${repairOf(seen.analysis, workflow)}. ${message}`.trim(), "Remediated"), ...through };
  }
  if (phase !== "RolledBack" && phase !== "Failed" && phase !== "Cancelled") return undefined;
  const restored = conditions?.find(({ type }) => type === "Restored");
  if (restored?.status !== "True")
    return needsPerson(
      seen,
      now,
      "ManualReviewRequired",
      `${message || "The repair failed."} Its changes were not undone. Manual review is required.`,
    );
  if (request.spec.cancel !== undefined) return cancelled(request);
  if (workflow.spec.cancel === true)
    return now >= deadlineMs(seen) ? timedOut("the repair took too long and was undone") : cancelled(request);
  // Nothing was done, so the same action may be planned again.
  const isUntried = ["Drifted", "NotRun", "Forbidden"].includes(restored.reason);
  return recover(seen, message || "The repair did not help and was undone.", {
    result: clipped(message),
    ...(isUntried ? { actions: [] } : {}),
    ...(phase === "RolledBack" ? { undone: true } : {}),
  });
};

/** Of the last attempt that has one: the present one has not ended yet. */
export const lastResult = (request: RemediationRequest): string =>
  request.status?.attempts?.findLast(({ result }) => result !== undefined)?.result ?? "No attempt recorded a reason.";

export const awaitingApproval = (request: RemediationRequest, analysis: AIAnalysis): string =>
  `Awaiting approval: ${repairOf(analysis)} (kintsugi approve ${request.metadata.name}).`;

/** In an earlier attempt: of the present one the status says it only once it has ended. */
export const wasUndone = (request: RemediationRequest): boolean => (request.status?.attempts ?? []).some(({ undone }) => undone === true);

export const wasRefused = (request: RemediationRequest): boolean => request.status?.attempts?.at(-1)?.rejected !== undefined;

export const repairOf = (analysis: AIAnalysis | undefined, workflow?: WorkflowExecution): string => {
  const plan = workflow?.spec ?? chosenPlan(analysis) ?? analysis?.status?.plans?.[0];
  return plan === undefined ? "the repair" : planText(plan);
};
