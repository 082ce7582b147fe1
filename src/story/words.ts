// What phases, outcomes, verdicts and autonomy mean in plain words. Pure; total, so that a new one does not compile without its words.
import type { Autonomy } from "#api/fields.ts";
import type { Verdict } from "#api/kinds/ai-analysis.ts";
import type { Outcome, RequestPhase } from "#api/kinds/remediation-request.ts";
import type { Facts } from "#story/story.ts";
import { listed } from "#lib/words.ts";

export const phaseWords: Readonly<Record<RequestPhase, string>> = {
  Pending: "Kintsugi has received the alert and starts soon.",
  Processing: "Kintsugi reads the objects around the target.",
  Analyzing: "Kintsugi looks for the cause.",
  AwaitingApproval: "The cause is known and a repair is ready. It needs approval; nothing has been changed.",
  Blocked: "A repair is ready and is waiting. Nothing has been changed.",
  Executing: "The repair is running.",
  Verifying: "The repair is applied; Kintsugi checks that the symptom stays away.",
  Recovering: "The attempt failed and was cleaned up; Kintsugi decides whether to try again.",
  AwaitingPerson: "Kintsugi needs a person. It watches the target, and analyzes again when something near it changes.",
  Following: "Another request works on the same root cause. Kintsugi changes nothing for this one meanwhile.",
  Completed: "Finished.",
  Failed: "Finished without a repair.",
  TimedOut: "A phase exceeded its deadline, so the request was stopped. Manual review is needed.",
  Cancelled: "Cancelled.",
};

export const outcomeWords: Readonly<Record<Outcome, string>> = {
  Remediated: "Fixed and verified.",
  SelfResolved: "The symptom went away by itself. Nothing was changed.",
  ResolvedByPerson: "A person fixed it. Kintsugi changed nothing that remains.",
  Closed: "A person closed it. The symptom may remain.",
  NoActionRequired: "The target is healthy. Nothing was changed.",
  Suggested: "The cause is known and a repair is proposed; policy does not allow Kintsugi to apply it. Nothing was changed.",
  Followed: "Another request repaired the same cause.",
  RolledBack: "The repair did not help, so it was undone. Manual fix needed.",
  ManualReviewRequired: "Manual fix needed. The findings are below.",
  Rejected: "The repair was rejected. Nothing was changed.",
  ApprovalExpired: "The approval expired without a decision. Nothing was changed.",
  Error: "Kintsugi failed with an internal error. The details are below.",
};

/** The first word of the story; at most nine letters. */
const outcomeStates: Readonly<Record<Outcome, string>> = {
  Remediated: "Repaired",
  SelfResolved: "Resolved",
  ResolvedByPerson: "Resolved",
  Closed: "Closed",
  NoActionRequired: "Healthy",
  Suggested: "Proposed",
  Followed: "Followed",
  RolledBack: "Undone",
  ManualReviewRequired: "Not fixed",
  Rejected: "Rejected",
  ApprovalExpired: "Expired",
  Error: "Failed",
};
const phaseStates: Readonly<Record<RequestPhase, string>> = {
  Pending: "Pending",
  Processing: "Analyzing",
  Analyzing: "Analyzing",
  AwaitingApproval: "Waiting",
  Blocked: "Waiting",
  Executing: "Repairing",
  Verifying: "Verifying",
  Recovering: "Retrying",
  AwaitingPerson: "Waiting",
  Following: "Following",
  Completed: "Completed",
  Failed: "Failed",
  TimedOut: "Timed out",
  Cancelled: "Cancelled",
};
export const stateWords = ({ phase, outcome, leader }: Pick<Facts, "phase" | "outcome" | "leader">): string =>
  phase === "Completed" && leader !== undefined
    ? outcomeStates.Followed
    : outcome === undefined
      ? phaseStates[phase]
      : outcomeStates[outcome];

/** What a request that is open, or has ended, means for the reader: one or two sentences. */
export const meaningOf = ({ phase, outcome, leader }: Pick<Facts, "phase" | "outcome" | "leader">): string => {
  if (phase === "AwaitingPerson" && outcome !== undefined) return `${outcomeWords[outcome]} ${phaseWords[phase]}`;
  if (phase === "Following" && leader !== undefined)
    return `${leader} works on the same root cause. Kintsugi changes nothing for this request meanwhile.`;
  if (phase === "Completed" && leader !== undefined)
    return `${leader} worked on the same root cause. Nothing was changed for this request.`;
  return outcome === undefined ? phaseWords[phase] : outcomeWords[outcome];
};

export const verdictWords: Readonly<Record<Verdict, string>> = {
  Actionable: "Kintsugi can fix this",
  Healthy: "no problem found",
  NeedsHuman: "manual fix needed",
  Inconclusive: "no cause could be proven",
};

/** `user alice or group shop-oncall` */
export const approversText = (approvers: readonly string[]): string =>
  listed(
    approvers.map((each) => each.replace(/^(user|group):/, "$1 ")),
    "or",
  );

export const autonomyWords: Readonly<Record<Autonomy, string>> = {
  off: "only diagnose",
  suggest: "only propose a repair",
  approve: "repair after approval",
  auto: "repair without approval",
};

/** How a state is colored. */
export type Tone = "good" | "waiting" | "bad" | "running";
const outcomeTones: Readonly<Record<Outcome, Tone>> = {
  Remediated: "good",
  SelfResolved: "good",
  ResolvedByPerson: "good",
  Closed: "waiting",
  NoActionRequired: "good",
  Suggested: "waiting",
  Followed: "good",
  RolledBack: "bad",
  ManualReviewRequired: "waiting",
  Rejected: "waiting",
  ApprovalExpired: "waiting",
  Error: "bad",
};

const waitingPhases: ReadonlySet<RequestPhase> = new Set(["AwaitingApproval", "Blocked", "AwaitingPerson", "Following"]);

export const toneOf = (facts: Pick<Facts, "phase" | "outcome">): Tone => {
  if (facts.outcome !== undefined) return outcomeTones[facts.outcome];
  if (waitingPhases.has(facts.phase)) return "waiting";
  return facts.phase === "Failed" || facts.phase === "TimedOut" ? "bad" : "running";
};
