// Whether a question to people is answered. Pure. A no outweighs every yes; what has lapsed or drifted cannot be approved any more.
import { isTerminal } from "#api/define-kind.ts";
import { approvalTransitions, type AIApprovalRequest, type ApprovalPhase, type Decision as Vote } from "#api/kinds/ai-approval-request.ts";
import { ACTION_ACCOUNT_PREFIX, CONTROLLER_ACCOUNT } from "#api/labels.ts";
import type { Observed } from "#controllers/ai-approval-request/observe.ts";
import { fromTimestamp } from "#lib/clock.ts";

export type Decision =
  | { readonly do: "become"; readonly to: ApprovalPhase; readonly message: string; readonly override?: Wish }
  /** Tell people once that they are asked. */
  | { readonly do: "ask"; readonly message: string }
  /** For a decision, which the watch brings, or for the expiry. */
  | { readonly do: "wait"; readonly forMs?: number };

type Wish = NonNullable<NonNullable<AIApprovalRequest["status"]>["override"]>;

export const phaseOf = (approval: AIApprovalRequest): ApprovalPhase => approval.status?.phase ?? "Pending";

export const decide = (seen: Observed, now: number): Decision => {
  const { approval, drift, isUnchecked } = seen;
  const { spec } = approval;
  if (isTerminal(approvalTransitions, phaseOf(approval))) return { do: "wait" };

  const votes = spec.decisions.filter((vote) => mayDecide(spec.approvers, vote.by));
  const no = votes.find((vote) => vote.decision === "Rejected");
  if (no !== undefined) return { do: "become", to: "Rejected", message: `Rejected by ${voteText(no)}.` };
  // A time that cannot be read has passed: what nobody can date nobody can approve.
  const leftMs = (fromTimestamp(spec.expiresAt) ?? 0) - now;
  if (leftMs <= 0) return { do: "become", to: "Expired", message: `No approver approved it before ${spec.expiresAt}.` };
  if (drift !== undefined) return { do: "become", to: "Void", message: `The question does not stand any more: ${drift}.` };
  // Any account with the right to write it could have decided in another name. A rejection counts all the same: it changes nothing.
  if (isUnchecked) return { do: "wait", forMs: leftMs };
  const other = votes.find((vote) => vote.decision === "Overridden");
  // Before any yes: what is approved is what nobody wants otherwise.
  if (other?.override !== undefined) {
    const { by, override, message } = other;
    const wish = { ...override, by, ...(message === undefined ? {} : { message }) };
    return { do: "become", to: "Overridden", message: `${voteText(other)} wants it with ${wordsOf(override.parameters)}.`, override: wish };
  }
  const people = new Map(votes.filter((vote) => vote.decision === "Approved").map((vote) => [vote.by, vote]));
  if (people.size >= spec.minApprovers)
    return { do: "become", to: "Approved", message: `Approved by ${[...people.values()].map(voteText).join(", ")}.` };
  if (approval.status?.phase === undefined) return { do: "ask", message: askText(approval, people.size) };
  return { do: "wait", forMs: leftMs };
};

/** As far as a name alone can say, whatever an admission policy let through: which groups a person is in only the API server knows. */
const mayDecide = (approvers: readonly string[], by: string): boolean => {
  if (isOurs(by)) return false;
  if (approvers.includes(`user:${by}`)) return true;
  return approvers.some((approver) => approver.startsWith("group:")) && !by.startsWith("system:serviceaccount:");
};

const isOurs = (by: string): boolean =>
  by.startsWith("system:serviceaccount:") && (by.includes(`:${ACTION_ACCOUNT_PREFIX}`) || by.endsWith(`:${CONTROLLER_ACCOUNT}`));

const voteText = ({ by, message }: Vote): string => (message === undefined || message === "" ? by : `${by} (“${message.slice(0, 200)}”)`);

const wordsOf = (parameters: Readonly<Record<string, string>>): string => {
  const words = Object.entries(parameters).map(([name, value]) => `${name} ${value}`);
  return words.length === 0 ? "other parameters" : words.join(", ").slice(0, 500);
};

const askText = ({ spec }: AIApprovalRequest, known: number): string => {
  const missing = spec.minApprovers - known;
  return `Waits for ${missing} of: ${spec.approvers.join(", ")}. Until ${spec.expiresAt}.`.slice(0, 1024);
};
