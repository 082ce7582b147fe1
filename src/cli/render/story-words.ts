// What phases, outcomes and grants mean in plain words, and what a reader can do next. Pure; total over every phase and outcome, so that a new one does not compile without its words.
import type { Autonomy } from "#api/fields.ts";
import type { Verdict } from "#api/kinds/ai-analysis.ts";
import type { Outcome, RequestPhase } from "#api/kinds/remediation-request.ts";
import { DEFAULT_NAMESPACE, MANAGED_LABEL } from "#api/labels.ts";
import { referenceText } from "#api/object.ts";
import type { Story } from "#cli/render/story.ts";
import type { Paint } from "#cli/render/text.ts";

export const phaseWords: Readonly<Record<RequestPhase, string>> = {
  Pending: "Kintsugi has been told and is about to begin.",
  Processing: "Kintsugi looks at what surrounds the target.",
  Analyzing: "Kintsugi looks for the cause.",
  AwaitingApproval: "The cause is known and a repair is ready. It waits for a person to allow it; nothing has been changed.",
  Blocked: "A repair is ready, but it has to wait. Nothing has been changed.",
  Executing: "The repair is being carried out.",
  Verifying: "The repair is done; Kintsugi watches whether the trouble stays away.",
  Recovering: "The attempt failed and was cleaned up after; Kintsugi decides whether to look again.",
  Completed: "It has ended.",
  Failed: "It has ended without a repair.",
  TimedOut: "A phase took longer than it may, so it was stopped. A person has to look.",
  Cancelled: "Somebody cancelled it.",
};

export const outcomeWords: Readonly<Record<Outcome, string>> = {
  Remediated: "The trouble was repaired, and proved to be gone.",
  SelfResolved: "The trouble went away by itself. Nothing was changed.",
  NoActionRequired: "Nothing is wrong with the target. Nothing was changed.",
  Suggested: "The cause is known and a repair is proposed, but Kintsugi may not carry it out here. Nothing was changed.",
  Followed: "Another request repaired the same cause; this one followed it.",
  RolledBack: "The repair did not help, so it was undone. A person has to decide.",
  ManualReviewRequired: "A person has to decide. What Kintsugi found is below.",
  Rejected: "A person refused the repair. Nothing was changed.",
  ApprovalExpired: "Nobody decided in time, so nothing was changed.",
  Error: "Kintsugi failed at its own work. What is known is below.",
};

export const verdictWords: Readonly<Record<Verdict, string>> = {
  Actionable: "the cause is known and can be repaired",
  Healthy: "nothing is wrong",
  NeedsHuman: "the cause is known, but a person has to decide",
  Inconclusive: "the cause could not be told for sure",
};

export const autonomyWords: Readonly<Record<Autonomy, string>> = {
  off: "only look",
  suggest: "only propose a repair",
  approve: "repair after a person allows it",
  auto: "repair by itself",
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
      { what: "Read the change below, then allow it:", command: command(story, "approve") },
      { what: "or refuse it:", command: `${command(story, "reject")} -m "why"` },
    ];
  if (story.completedAt === undefined)
    return [
      { what: "Watch it go on:", command: `kintsugi get rr ${story.request}${namespaceFlag(story)} --watch` },
      { what: "or stop it in order:", command: command(story, "cancel") },
    ];
  const { namespace } = story.target;
  if (story.outcome === "Suggested" && present?.surroundings?.managed === false && namespace !== undefined)
    return [
      {
        what: `Make the change below yourself, or let Kintsugi repair in the namespace ${namespace} from now on:`,
        command: `kubectl label namespace ${namespace} ${MANAGED_LABEL}=true`,
      },
    ];
  const atFault = present?.cause?.root?.object;
  if (atFault !== undefined && (story.outcome === "ManualReviewRequired" || story.outcome === "RolledBack"))
    return [
      {
        what: `Look at the object at fault, ${referenceText(atFault)}:`,
        command: `kubectl describe ${atFault.kind.toLowerCase()} ${atFault.name}${atFault.namespace === undefined ? "" : ` -n ${atFault.namespace}`}`,
      },
    ];
  if (story.outcome === "ApprovalExpired") return [{ what: "If the alert still fires, Kintsugi asks again in a new request." }];
  return [];
};

const command = (story: Story, verb: string): string => `kintsugi ${verb} ${story.request}${namespaceFlag(story)}`;

const namespaceFlag = (story: Story): string => (story.namespace === DEFAULT_NAMESPACE ? "" : ` --kintsugi-namespace ${story.namespace}`);
