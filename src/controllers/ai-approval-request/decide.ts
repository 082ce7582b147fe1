// Whether a pending approval is decided: pure, one chain of guards. A rejection outweighs every approval; an expired or drifted one cannot be approved.
import { phaseOf } from "#api/define-kind.ts";
import type { AIApprovalRequest, ApprovalPhase, ApprovalReason, Decision as Vote } from "#api/kinds/ai-approval-request.ts";
import { ACTION_ACCOUNT_PREFIX, CONTROLLER_ACCOUNT } from "#api/labels.ts";
import { kintsugiLine, kubectlLine } from "#controllers/ai-approval-request/commands.ts";
import * as decision from "#controllers/decision.ts";
import { fromTimestamp } from "#lib/clock.ts";
import { clipped } from "#lib/words.ts";

export interface ApprovalObservation {
  readonly approval: AIApprovalRequest;
  /** Why the change that was shown is no longer possible; absent while it is. */
  readonly drift?: string;
  /** The admission policy that checks decisions is not in force: no approval counts. */
  readonly isUnchecked?: true;
}

type Status = NonNullable<AIApprovalRequest["status"]>;
export interface Words {
  readonly phase: ApprovalPhase;
  readonly reason: ApprovalReason;
  readonly status: Status;
  readonly effect: never;
}
export type Decision = decision.Decision<Words>;

const votesOf = ({ approval: { spec } }: ApprovalObservation): Vote[] =>
  spec.decisions.filter((vote) => mayDecide(spec.approvers, vote.by));
const approversIn = (seen: ApprovalObservation): Map<string, Vote> =>
  new Map(votesOf(seen).flatMap((vote) => (vote.decision === "Approved" ? [[vote.by, vote]] : [])));
/** A time that cannot be read has passed. */
const expiresAtMs = ({ approval }: ApprovalObservation): number => fromTimestamp(approval.spec.expiresAt) ?? 0;

const decided = (to: ApprovalPhase, message: string, status: Partial<Status> = {}): Decision => ({
  do: "transition",
  to,
  status,
  claims: [{ type: "Decided", status: "True" }],
  message,
});

const guards = {
  rejected: (seen) => {
    const rejection = votesOf(seen).find((vote) => vote.decision === "Rejected");
    return rejection === undefined ? undefined : decided("Rejected", `Rejected by ${voteText(rejection)}.`);
  },
  expired: (seen, now) =>
    expiresAtMs(seen) <= now ? decided("Expired", `Expired at ${seen.approval.spec.expiresAt} without a decision.`) : undefined,
  drifted: ({ drift }) => (drift === undefined ? undefined : decided("Void", `Approval request voided: ${drift}.`)),
  /** Any account that may write it could have decided in another name. A rejection counts all the same: it changes nothing. */
  decisionsUnchecked: (seen) => (seen.isUnchecked ? { do: "wait", untilMs: expiresAtMs(seen) } : undefined),
  /** Before any approval: a plan is approved only while no approver asks for another one. */
  overridden: (seen) => {
    const wish = votesOf(seen).find(({ decision: vote, override }) => vote === "Overridden" && override !== undefined);
    if (wish?.override === undefined) return undefined;
    const { by, override, message } = wish;
    return decided("Overridden", `${voteText(wish)} requests ${parametersText(override.parameters)}.`, {
      override: { ...override, by, ...(message === undefined ? {} : { message }) },
    });
  },
  approved: (seen) => {
    const approvers = approversIn(seen);
    if (approvers.size < seen.approval.spec.minApprovers) return undefined;
    return decided("Approved", `Approved by ${[...approvers.values()].map(voteText).join(", ")}.`);
  },
  notAnnounced: (seen) => {
    const { approval } = seen;
    if (approval.status?.phase !== undefined) return undefined;
    const { spec } = approval;
    const missing = spec.minApprovers - approversIn(seen).size;
    const needs = `Needs ${missing} more approval${missing === 1 ? "" : "s"} (${spec.approvers.join(", ")})`;
    const how = `Decide with: ${kintsugiLine(approval)} — or: ${kubectlLine(approval, "Approved")}`;
    return {
      do: "updateStatus",
      status: { phase: "Pending", message: clipped(`${needs}. Expires at ${spec.expiresAt}.`) },
      claims: [{ type: "Decided", status: "False", reason: "Pending" }],
      notice: { reason: "ApprovalRequested", message: `${spec.summary.slice(0, 500)} ${how}` },
    };
  },
  waitForExpiry: (seen) => ({ do: "wait", untilMs: expiresAtMs(seen) }),
} satisfies Record<string, decision.Guard<ApprovalObservation, Decision>>;

export const phases: decision.Phases<ApprovalPhase, ApprovalObservation, Decision> = {
  Pending: Object.values(guards),
  Approved: [],
  Rejected: [],
  Overridden: [],
  Expired: [],
  Void: [],
};

export const decide = decision.decideBy(phases, ({ approval }) => phaseOf(approval));

/** By the name alone, whatever an admission policy let through: group membership is known to the API server only. */
const mayDecide = (approvers: readonly string[], by: string): boolean => {
  if (isOurs(by)) return false;
  if (approvers.includes(`user:${by}`)) return true;
  return approvers.some((approver) => approver.startsWith("group:")) && !by.startsWith("system:serviceaccount:");
};

const isOurs = (by: string): boolean =>
  by.startsWith("system:serviceaccount:") && (by.includes(`:${ACTION_ACCOUNT_PREFIX}`) || by.endsWith(`:${CONTROLLER_ACCOUNT}`));

const voteText = ({ by, message }: Vote): string => (message === undefined || message === "" ? by : `${by} (“${message.slice(0, 200)}”)`);

const parametersText = (parameters: Readonly<Record<string, string>>): string => {
  const words = Object.entries(parameters).map(([name, value]) => `${name} ${value}`);
  return words.length === 0 ? "other parameters" : words.join(", ").slice(0, 500);
};
