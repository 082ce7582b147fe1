// What phases, outcomes and grants mean in plain words, and what a reader can do next. Pure; total over every phase and outcome, so that a new one does not compile without its words.
import type { Autonomy } from "#api/fields.ts";
import type { Verdict } from "#api/kinds/ai-analysis.ts";
import type { Outcome, RequestPhase } from "#api/kinds/remediation-request.ts";
import { DEFAULT_NAMESPACE, MANAGED_LABEL } from "#api/labels.ts";
import { describeCommand } from "#actions/kubectl.ts";
import { referenceText } from "#api/object.ts";
import type { Story } from "#cli/render/story.ts";
import { listed, type Paint } from "#cli/render/text.ts";

export const phaseWords: Readonly<Record<RequestPhase, string>> = {
  Pending: "Kintsugi has received the alert and starts soon.",
  Processing: "Kintsugi reads the objects around the target.",
  Analyzing: "Kintsugi looks for the cause.",
  AwaitingApproval: "The cause is known and a repair is ready. It needs approval; nothing has been changed.",
  Blocked: "A repair is ready and is waiting. Nothing has been changed.",
  Executing: "The repair is running.",
  Verifying: "The repair is applied; Kintsugi checks that the symptom stays away.",
  Recovering: "The attempt failed and was cleaned up; Kintsugi decides whether to try again.",
  Completed: "Finished.",
  Failed: "Finished without a repair.",
  TimedOut: "A phase exceeded its deadline, so the request was stopped. Manual review is needed.",
  Cancelled: "Cancelled.",
};

export const outcomeWords: Readonly<Record<Outcome, string>> = {
  Remediated: "Fixed and verified.",
  SelfResolved: "The symptom went away by itself. Nothing was changed.",
  NoActionRequired: "The target is healthy. Nothing was changed.",
  Suggested: "The cause is known and a repair is proposed; policy does not allow Kintsugi to apply it. Nothing was changed.",
  Followed: "Another request repaired the same cause.",
  RolledBack: "The repair did not help, so it was undone. Manual fix needed.",
  ManualReviewRequired: "Manual fix needed. The findings are below.",
  Rejected: "The repair was rejected. Nothing was changed.",
  ApprovalExpired: "The approval expired without a decision. Nothing was changed.",
  Error: "Kintsugi failed with an internal error. What is known is below.",
};

/** The first word of the story; at most nine letters. */
const outcomeStates: Readonly<Record<Outcome, string>> = {
  Remediated: "Repaired",
  SelfResolved: "Resolved",
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
  Completed: "Completed",
  Failed: "Failed",
  TimedOut: "Timed out",
  Cancelled: "Cancelled",
};
export const stateWords = ({ phase, outcome }: Pick<Story, "phase" | "outcome">): string =>
  outcome === undefined ? phaseStates[phase] : outcomeStates[outcome];

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

type Tone = keyof Pick<Paint, "green" | "yellow" | "red" | "cyan">;
const outcomeTones: Readonly<Record<Outcome, Tone>> = {
  Remediated: "green",
  SelfResolved: "green",
  NoActionRequired: "green",
  Suggested: "yellow",
  Followed: "green",
  RolledBack: "red",
  ManualReviewRequired: "yellow",
  Rejected: "yellow",
  ApprovalExpired: "yellow",
  Error: "red",
};

export const toneOf = (story: Pick<Story, "phase" | "outcome">): Tone => {
  if (story.outcome !== undefined) return outcomeTones[story.outcome];
  if (story.phase === "AwaitingApproval" || story.phase === "Blocked") return "yellow";
  return story.phase === "Failed" || story.phase === "TimedOut" ? "red" : "cyan";
};

export interface NextStep {
  readonly what: string;
  readonly command?: string;
}

export const nextSteps = (story: Story): readonly NextStep[] => {
  const present = story.attempts.at(-1);
  if (story.phase === "AwaitingApproval" && present?.approval?.phase === "Pending")
    return [
      { what: "Read the change below, then approve it:", command: command(story, "approve") },
      { what: "or reject it:", command: `${command(story, "reject")} -m "why"` },
    ];
  if (story.completedAt === undefined)
    return [
      { what: "Follow it:", command: `kintsugi get rr ${story.request}${namespaceFlag(story)} --watch` },
      { what: "or cancel it:", command: command(story, "cancel") },
    ];
  const { namespace } = story.target;
  if (story.outcome === "Suggested" && present?.surroundings?.managed === false && namespace !== undefined)
    return [
      {
        what: `Make the change below yourself, or opt the namespace ${namespace} in to repairs:`,
        command: `kubectl label namespace ${namespace} ${MANAGED_LABEL}=true`,
      },
    ];
  const atFault = present?.cause?.root?.object ?? story.target;
  if (story.phase === "TimedOut" || (story.outcome !== undefined && unrepaired.has(story.outcome)))
    return [
      ...failedRepair(story),
      {
        what: `Inspect ${referenceText(atFault)}:`,
        command: describeCommand(atFault),
      },
    ];
  if (story.outcome === "ApprovalExpired") return [{ what: "If the alert still fires, Kintsugi asks again in a new request" }];
  return [];
};

/** The pods of the failed repair are gone: what they said is kept. */
const failedRepair = ({ attempts }: Story): readonly NextStep[] => {
  const failed = attempts.findLast(({ execution }) => (execution?.verification.evidence.length ?? 0) > 0)?.execution;
  const said = failed?.verification.message;
  return said === undefined ? [] : [{ what: `Check why the repair failed: ${said}` }];
};

const unrepaired: ReadonlySet<Outcome> = new Set(["ManualReviewRequired", "RolledBack", "Error", "Suggested", "Rejected"]);

const command = (story: Story, verb: string): string => `kintsugi ${verb} ${story.request}${namespaceFlag(story)}`;

const namespaceFlag = (story: Story): string => (story.namespace === DEFAULT_NAMESPACE ? "" : ` --kintsugi-namespace ${story.namespace}`);
