// What to do next for one request: pure, a chain of guards for every phase. Never ends a request before its workflow has ended.
import { phaseOf } from "#api/define-kind.ts";
import type { RequestPhase } from "#api/kinds/remediation-request.ts";
import { referenceText } from "#api/object.ts";
import { decideBy, type Guard, type Phases } from "#controllers/decision.ts";
import { chosenPlan, planText } from "#controllers/remediation-request/children.ts";
import {
  awaitingApproval,
  analysisEnded,
  cancelled,
  cancelledBy,
  failed,
  gaveUp,
  lastResult,
  needsPerson,
  workflowEnded,
  repairOf,
  startRepair,
  timedOut,
  wasRefused,
  wasUndone,
} from "#controllers/remediation-request/decide-ends.ts";
import { followingText, resolved, waitingGuards } from "#controllers/remediation-request/decide-waiting.ts";
import {
  attemptOf,
  type Decision,
  deadlineMs,
  type RequestObservation,
  roundOf,
  startedAtMs,
  waitUntil,
} from "#controllers/remediation-request/observed.ts";
import { clipped } from "#lib/words.ts";

/** How long the first child may take before the request says that it waits for it: usually the next phase is sooner. */
const silentMs = 5_000;
const silentUntilMs = ({ request }: RequestObservation): number => startedAtMs(request) + silentMs;

const createProcessing = ({ request }: RequestObservation) =>
  ({ type: "create", child: "processing", attempt: attemptOf(request) }) as const;

const guards = {
  /** A pass before this one may have created it and died before it wrote so. */
  workflowExists: (seen, now) => (seen.workflow === undefined ? undefined : startRepair(seen, now)),
  cancelRequested: ({ request }) => (request.spec.cancel === undefined ? undefined : cancelled(request)),
  alertsResolved: (seen, now) => (seen.quietAtMs === undefined || now < seen.quietAtMs ? undefined : resolved(seen)),

  contextReady: (seen, now) => {
    const { request, processing } = seen;
    const through = phaseOf(request) === "Pending" ? { through: ["Processing"] as const } : {};
    if (processing?.status?.phase === "Failed")
      return {
        ...gaveUp(
          seen,
          now,
          failed("Error", `The context of the target could not be read: ${processing.status.message ?? "no reason given"}`),
        ),
        ...through,
      };
    if (processing?.status?.phase !== "Completed") return undefined;
    const first = { type: "create", child: "analysis", attempt: attemptOf(request) } as const;
    return { do: "transition", to: "Analyzing", ...through, first, message: "Analyzing the root cause." };
  },
  contextIsSlow: (seen, now) =>
    now < silentUntilMs(seen)
      ? undefined
      : { do: "transition", to: "Processing", first: createProcessing(seen), message: "Collecting the context of the target." },
  contextNotRequested: (seen) =>
    seen.processing === undefined ? { do: "act", effect: createProcessing(seen), untilMs: silentUntilMs(seen) } : undefined,
  contextTimedOut: (seen, now) =>
    now < deadlineMs(seen) ? undefined : gaveUp(seen, now, timedOut("the context of the target could not be read")),
  contextMissing: (seen) =>
    seen.processing === undefined
      ? { do: "act", effect: { type: "recreate", child: "processing", attempt: attemptOf(seen.request) }, untilMs: deadlineMs(seen) }
      : undefined,
  waitForContext: (seen, now) => waitUntil(seen, now, silentUntilMs(seen)),

  /** Before anything is asked or done: another request does it. */
  leaderWorks: ({ request, leader, analysis }) => {
    if (leader === undefined) return undefined;
    const { name } = leader.metadata;
    const root = analysis?.status?.rootCause?.object ?? request.status?.causeObject;
    const message = followingText(name, request, root === undefined ? undefined : referenceText(root));
    return { do: "transition", to: "Following", status: { leader: name, outcome: undefined }, message };
  },
  approvalRequested: ({ request, analysis }) =>
    analysis?.status?.phase === "AwaitingApproval"
      ? { do: "transition", to: "AwaitingApproval", message: awaitingApproval(request, analysis) }
      : undefined,
  analysisTimedOut: (seen, now) => (now < deadlineMs(seen) ? undefined : gaveUp(seen, now, timedOut("the analysis did not finish"))),
  /** No context: the request is probably being deleted. Unfinished: a stale cache. Either way no analysis is created. */
  analysisMissing: (seen) =>
    seen.analysis !== undefined || seen.processing?.status?.phase !== "Completed"
      ? undefined
      : { do: "act", effect: { type: "recreate", child: "analysis", attempt: attemptOf(seen.request) }, untilMs: deadlineMs(seen) },
  analysisDeleted: (seen, now) =>
    seen.analysis === undefined
      ? needsPerson(seen, now, "ManualReviewRequired", "The AIAnalysis of this repair was deleted. Manual review is required.")
      : undefined,
  /** A person asked for other parameters: the pending approval is another one now. */
  approvalReplaced: ({ request, analysis }) => {
    if (analysis?.status?.overrides === undefined) return undefined;
    const message = clipped(awaitingApproval(request, analysis));
    if (message === request.status?.message) return undefined;
    const plan = chosenPlan(analysis);
    return { do: "updateStatus", status: { message, ...(plan === undefined ? {} : { repair: clipped(planText(plan)) }) } };
  },

  /** It had chosen a plan when the request was blocked: a stale cache. */
  analysisIsStale: (seen, now) =>
    seen.analysis?.status?.phase !== "Completed" && now < deadlineMs(seen) ? waitUntil(seen, now, deadlineMs(seen)) : undefined,
  holdEnded: (seen, now) => (seen.hold === undefined || chosenPlan(seen.analysis) === undefined ? startRepair(seen, now) : undefined),
  blockedTooLong: (seen, now) => {
    const why = seen.hold?.why ?? "it was held back";
    return now < deadlineMs(seen)
      ? undefined
      : needsPerson(seen, now, "ManualReviewRequired", `The repair did not start in time: ${why}. Manual review is required.`);
  },
  stillBlocked: (seen) => {
    const { why, untilMs = Number.POSITIVE_INFINITY } = seen.hold ?? { why: "" };
    const nextMs = Math.min(untilMs, deadlineMs(seen), seen.quietAtMs ?? Number.POSITIVE_INFINITY);
    return { do: "updateStatus", status: { blockedBy: clipped(why), message: `Blocked: ${why}.` }, untilMs: nextMs };
  },

  workflowDeleted: (seen, now) =>
    seen.workflow === undefined
      ? needsPerson(
          seen,
          now,
          "ManualReviewRequired",
          "The WorkflowExecution of this repair was deleted while it ran. Review the target manually.",
        )
      : undefined,
  /** Cancelled or out of time: the workflow undoes what it did and ends first. */
  workflowMustStop: (seen, now) => {
    const isCancelled = seen.request.spec.cancel !== undefined;
    if (!isCancelled && now < deadlineMs(seen)) return undefined;
    if (seen.workflow?.spec.cancel === true) return { do: "wait" };
    return { do: "act", effect: { type: "cancelWorkflow", why: isCancelled ? "the request was cancelled" : "the repair timed out" } };
  },
  workflowVerifies: ({ analysis, workflow }) =>
    workflow?.status?.phase === "Verifying"
      ? { do: "transition", to: "Verifying", message: `Done: ${repairOf(analysis, workflow)}. Verifying that the symptom is gone.` }
      : undefined,

  /** What remains of a repair that could not be undone is in the message. */
  cancelledWhileAwaited: ({ request }) =>
    request.spec.cancel === undefined
      ? undefined
      : { ...cancelled(request), message: `${cancelledBy(request)} It awaited a person: ${request.status?.message ?? ""}` },
  cancelledBetweenAttempts: ({ request }) =>
    request.spec.cancel === undefined ? undefined : { ...cancelled(request), through: ["Processing"] },
  attemptsExhausted: (seen, now) => {
    const { request, maxAttempts } = seen;
    const attempt = roundOf(request);
    if (attempt < maxAttempts) return undefined;
    const outcome = wasUndone(request) ? "RolledBack" : "ManualReviewRequired";
    return needsPerson(
      seen,
      now,
      outcome,
      `Attempt ${attempt} of ${maxAttempts} failed. Manual review is required: ${lastResult(request)}`,
    );
  },
  nextAttempt: ({ request, maxAttempts }) => {
    const attempt = attemptOf(request) + 1;
    const excluded = wasRefused(request) ? "that people rejected" : "that failed";
    return {
      do: "transition",
      to: "Processing",
      first: { type: "create", child: "processing", attempt },
      status: { attempt },
      message: `Attempt ${roundOf(request) + 1} of ${maxAttempts}: analyzing again, excluding repairs ${excluded}.`,
    };
  },

  waitForDeadline: (seen, now) => waitUntil(seen, now, deadlineMs(seen)),
} satisfies Record<string, Guard<RequestObservation, Decision>>;

const { cancelRequested, alertsResolved, workflowExists, workflowDeleted, workflowMustStop, waitForDeadline } = guards;
const beforeRepair = [workflowExists, cancelRequested, alertsResolved];

export const phases: Phases<RequestPhase, RequestObservation, Decision> = {
  Pending: [cancelRequested, alertsResolved, guards.contextReady, guards.contextIsSlow, guards.contextNotRequested, guards.waitForContext],
  Processing: [cancelRequested, alertsResolved, guards.contextReady, guards.contextTimedOut, guards.contextMissing, waitForDeadline],
  Analyzing: [
    ...beforeRepair,
    guards.leaderWorks,
    guards.approvalRequested,
    analysisEnded,
    guards.analysisTimedOut,
    guards.analysisMissing,
    waitForDeadline,
  ],
  /** Without a deadline: the approval has its own, and a person's time is not counted. */
  AwaitingApproval: [...beforeRepair, guards.analysisDeleted, analysisEnded, guards.approvalReplaced, waitForDeadline],
  Blocked: [...beforeRepair, guards.analysisDeleted, guards.analysisIsStale, guards.holdEnded, guards.blockedTooLong, guards.stillBlocked],
  Executing: [workflowDeleted, workflowEnded, workflowMustStop, guards.workflowVerifies, waitForDeadline],
  Verifying: [workflowDeleted, workflowEnded, workflowMustStop, waitForDeadline],
  /** Without a deadline: nothing here waits, and time while no controller runs must not count. */
  Recovering: [guards.cancelledBetweenAttempts, guards.attemptsExhausted, guards.nextAttempt],
  /** Without a deadline, but with reminders. */
  AwaitingPerson: [
    waitingGuards.closeRequested,
    guards.cancelledWhileAwaited,
    alertsResolved,
    guards.leaderWorks,
    waitingGuards.somethingChanged,
    waitingGuards.reminderDue,
    waitingGuards.waitForPerson,
  ],
  /** Without a deadline: the phases of the leader have theirs. */
  Following: [
    waitingGuards.closeRequested,
    cancelRequested,
    waitingGuards.leaderFollows,
    waitingGuards.leaderActive,
    waitingGuards.symptomGone,
    waitingGuards.symptomRemains,
    waitingGuards.waitForSymptom,
  ],
  Completed: [],
  Failed: [],
  TimedOut: [],
  Cancelled: [],
};

export const decide = decideBy(phases, ({ request }) => phaseOf(request));
