// What to do for a request that waits for a person, or for the request that it follows. Pure.
import { isTerminal, phaseOf } from "#api/define-kind.ts";
import { type Awaiting, type Outcome, type RemediationRequest, requestTransitions } from "#api/kinds/remediation-request.ts";
import { referenceText } from "#api/object.ts";
import type { Guard } from "#controllers/decision.ts";
import { ended } from "#controllers/remediation-request/decide-ends.ts";
import {
  attemptOf,
  type Decision,
  type RequestObservation,
  startedAtMs,
  type TransitionTo,
  waitUntil,
} from "#controllers/remediation-request/observed.ts";
import { fromTimestamp, toPreciseTimestamp } from "#lib/clock.ts";
import { durationText } from "#lib/duration.ts";
import { clipped, counted } from "#lib/words.ts";

/** A week of reminders by default. After them the request still waits. */
export const maxReminders = 42;
/** Of one request, so that an object that changes all the time is not analyzed all the time. */
export const maxLooks = 50;
/** The times of the API server are whole seconds: sooner than this, a change and the look after it may have the same. */
const leastSettleMs = 2_000;
const longestPauseMs = 3_600_000;

/** Why an analysis is due, and when: a while after the last change, and later each time. */
const nextLook = ({
  request,
  changes = [],
  policyChange,
  isWell,
  stabilisationSeconds,
}: RequestObservation): { readonly atMs: number; readonly why: string } | undefined => {
  const { awaiting } = request.status ?? {};
  if (awaiting === undefined || isWell === true || awaiting.looks >= maxLooks) return undefined;
  const lookedAtMs = fromTimestamp(awaiting.lookedAt) ?? 0;
  const last = changes.findLast(({ atMs }) => atMs >= lookedAtMs);
  const why = policyChange ?? last?.text;
  if (why === undefined) return undefined;
  const settleMs = Math.max(leastSettleMs, stabilisationSeconds * 1000);
  const pauseMs = Math.min(longestPauseMs, settleMs * 2 ** Math.min(awaiting.looks, 20));
  return { atMs: Math.max((last?.atMs ?? 0) + settleMs, lookedAtMs + pauseMs), why };
};

const nextReminderMs = ({ request, reminderSeconds }: RequestObservation): number => {
  const { since, remindedAt = since, reminders = 0 }: Partial<Awaiting> = request.status?.awaiting ?? {};
  if (reminders >= maxReminders) return Number.POSITIVE_INFINITY;
  return (fromTimestamp(remindedAt) ?? startedAtMs(request)) + reminderSeconds * 1000;
};

const analyzeAgain = (request: RemediationRequest, message: string, status: TransitionTo["status"] = {}): TransitionTo => {
  const attempt = attemptOf(request) + 1;
  return {
    do: "transition",
    to: "Processing",
    first: { type: "create", child: "processing", attempt },
    status: { ...status, attempt, firstAttempt: attempt, outcome: undefined },
    message,
  };
};

/** The ends of a leader that are also true of its followers. */
const followed: ReadonlySet<Outcome> = new Set(["Remediated", "ResolvedByPerson", "SelfResolved"]);

const namesLeader = ({ leader, request }: RequestObservation): string =>
  leader?.metadata.name ?? request.status?.leader ?? "another request";
const hasEnded = (leader: RemediationRequest | undefined): boolean =>
  leader === undefined || isTerminal(requestTransitions, phaseOf(leader));
const causeText = ({ status }: RemediationRequest): string =>
  status?.causeObject === undefined ? "the same cause" : referenceText(status.causeObject);

export const waitingGuards = {
  closeRequested: ({ request }) => {
    const { close } = request.spec;
    return close === undefined ? undefined : ended("Completed", `Closed by ${close.by} (“${clipped(close.message, 500)}”).`, "Closed");
  },
  somethingChanged: (seen, now) => {
    const look = nextLook(seen);
    const { awaiting } = seen.request.status ?? {};
    if (look === undefined || awaiting === undefined || now < look.atMs) return undefined;
    return analyzeAgain(seen.request, `Analyzing again: ${look.why}.`, { awaiting: { ...awaiting, looks: awaiting.looks + 1 } });
  },
  reminderDue: (seen, now) => {
    const { awaiting, message = "" } = seen.request.status ?? {};
    if (awaiting === undefined || now < nextReminderMs(seen)) return undefined;
    const { reminders = 0, since, outcome } = awaiting;
    const reminded = { ...awaiting, reminders: reminders + 1, remindedAt: toPreciseTimestamp(now) };
    // The repair is still there for the asking, and may have changed.
    if (outcome === "ApprovalExpired")
      return analyzeAgain(seen.request, "The approval expired: analyzing again, to ask again.", { awaiting: reminded });
    const waited = durationText(Math.max(0, now - (fromTimestamp(since) ?? now)));
    return {
      do: "updateStatus",
      status: { awaiting: reminded },
      notice: { reason: "Reminder", message: clipped(`Reminder ${reminders + 1}: waiting for a person for ${waited}. ${message}`) },
    };
  },
  waitForPerson: (seen, now) => waitUntil(seen, now, Math.min(nextReminderMs(seen), nextLook(seen)?.atMs ?? Number.POSITIVE_INFINITY)),

  /** A leader that follows has a leader of its own. */
  leaderFollows: ({ request, leader }) => {
    const next = leader !== undefined && phaseOf(leader) === "Following" ? leader.status?.leader : undefined;
    if (next === undefined || next === request.metadata.name) return undefined;
    return { do: "updateStatus", status: { leader: next, message: followingText(next, request) } };
  },
  leaderActive: (seen) => (hasEnded(seen.leader) || phaseOf(seen.leader ?? seen.request) === "Following" ? undefined : { do: "wait" }),
  symptomGone: (seen, now) => {
    const { leader, quietAtMs, isWell, request } = seen;
    if (isWell !== true && (quietAtMs === undefined || now < quietAtMs)) return undefined;
    const { outcome, message = "it was deleted" } = leader?.status ?? {};
    const text = `Followed ${namesLeader(seen)}, which worked on ${causeText(request)}: ${message}`;
    return { ...ended("Completed", text, outcome !== undefined && followed.has(outcome) ? outcome : "Followed"), reason: "Followed" };
  },
  symptomRemains: (seen, now) =>
    now < graceEndsMs(seen)
      ? undefined
      : analyzeAgain(seen.request, `${namesLeader(seen)} ended, and the symptom remains: analyzing again.`, { leader: undefined }),
  waitForSymptom: (seen, now) => waitUntil(seen, now, graceEndsMs(seen)),
} satisfies Record<string, Guard<RequestObservation, Decision>>;

export const followingText = (leader: string, { spec }: RemediationRequest, cause = "the same cause"): string =>
  `Following ${leader}, which works on ${cause}. Nothing is changed for ${referenceText(spec.target)} meanwhile.`;

/** After a repair or a person's fix the symptom may take as long to go as a verification. */
const graceEndsMs = ({ leader, verificationSeconds }: RequestObservation): number => {
  if (leader?.status?.phase !== "Completed") return 0;
  return (fromTimestamp(leader.status.completedAt) ?? 0) + verificationSeconds * 1000;
};

/** How trouble ended that Kintsugi did not repair in this request: another request, a person, or by itself. */
export const resolved = (seen: RequestObservation): TransitionTo => {
  const { request, changes = [], repairedBy } = seen;
  const gone = "All alerts are resolved and the target is healthy or deleted.";
  if (repairedBy !== undefined)
    return {
      ...ended("Completed", `${gone} ${repairedBy.request} repaired ${repairedBy.object}.`, "Remediated", { leader: repairedBy.request }),
      reason: "Followed",
    };
  const last = changes.at(-1);
  if (last === undefined) return ended("Completed", `${gone} Nothing was changed.`, "SelfResolved");
  const more = changes.length < 2 ? "" : ` (and ${counted(changes.length - 1, "more change")} nearby)`;
  const at = `${toPreciseTimestamp(last.atMs).slice(0, 19)}Z`;
  return ended("Completed", `${gone} Since ${request.metadata.creationTimestamp}: ${last.text} at ${at}${more}.`, "ResolvedByPerson");
};
