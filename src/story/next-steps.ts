// What a reader of a story can do next, with the command for it. Pure; each command is complete and quoted for the shell.
import type { Outcome } from "#api/kinds/remediation-request.ts";
import { describeCommand } from "#api/kubectl.ts";
import { DEFAULT_NAMESPACE, MANAGED_LABEL } from "#api/labels.ts";
import { referenceText } from "#api/object.ts";
import type { Facts } from "#story/story.ts";

export interface NextStep {
  readonly what: string;
  readonly command?: string;
}

export const nextSteps = (facts: Facts): readonly NextStep[] => {
  const current = facts.attempts.at(-1);
  if (facts.phase === "AwaitingApproval" && current?.approval?.phase === "Pending")
    return [
      { what: "Read the change below, then approve it:", command: command(facts, "approve") },
      { what: "or reject it:", command: `${command(facts, "reject")} -m "why"` },
    ];
  if (facts.phase === "Following" && facts.leader !== undefined)
    return [{ what: "Read the request that it follows:", command: `kintsugi describe ${facts.leader}${namespaceFlag(facts)}` }];
  if (facts.phase === "AwaitingPerson") return [...forPerson(facts), closeStep(facts)];
  if (facts.completedAt === undefined)
    return [
      { what: "Follow it:", command: `kintsugi get rr ${facts.request}${namespaceFlag(facts)} --watch` },
      { what: "or cancel it:", command: command(facts, "cancel") },
    ];
  return forPerson(facts);
};

/** What Kintsugi leaves to a person, whether the request waits for it or has ended. */
const forPerson = (facts: Facts): readonly NextStep[] => {
  const current = facts.attempts.at(-1);
  const { namespace } = facts.target;
  if (facts.outcome === "Suggested" && current?.context?.managed === false && namespace !== undefined)
    return [
      {
        what: `Make the change below yourself, or opt the namespace ${namespace} in to repairs:`,
        command: `kubectl label namespace ${namespace} ${MANAGED_LABEL}=true`,
      },
    ];
  const atFault = current?.cause?.root?.object ?? facts.target;
  if (facts.phase === "TimedOut" || (facts.outcome !== undefined && unrepaired.has(facts.outcome)))
    return [
      ...failedRepair(facts),
      {
        what: `Inspect ${referenceText(atFault)}:`,
        command: describeCommand(atFault),
      },
    ];
  if (facts.outcome === "ApprovalExpired") return [{ what: "If the alert still fires, Kintsugi asks again" }];
  return [];
};

const closeStep = (facts: Facts): NextStep => ({
  what: "or close it, if nothing more has to be done:",
  command: `${command(facts, "close")} -m "why"`,
});

/** The pods of the failed repair are gone: what they reason is kept. */
const failedRepair = ({ attempts }: Facts): readonly NextStep[] => {
  const failed = attempts.findLast(({ execution }) => (execution?.verification.evidence.length ?? 0) > 0)?.execution;
  const reason = failed?.verification.message;
  return reason === undefined ? [] : [{ what: `Check why the repair failed: ${reason}` }];
};

const unrepaired: ReadonlySet<Outcome> = new Set(["ManualReviewRequired", "RolledBack", "Error", "Suggested", "Rejected"]);

const command = (facts: Facts, verb: string): string => `kintsugi ${verb} ${facts.request}${namespaceFlag(facts)}`;

const namespaceFlag = (facts: Facts): string => (facts.namespace === DEFAULT_NAMESPACE ? "" : ` --kintsugi-namespace ${facts.namespace}`);
