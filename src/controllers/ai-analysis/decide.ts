// What to do next for one AIAnalysis: pure, a chain of guards for every phase. Never grants more than the one conclusion of an investigation does.
import { phaseOf } from "#api/define-kind.ts";
import { type AIAnalysis, AnalysisPhase, type AnalysisReason, type AnalysisResult } from "#api/kinds/ai-analysis.ts";
import type { AIApprovalRequest, ApprovalPhase } from "#api/kinds/ai-approval-request.ts";
import { encodeChanges } from "#actions/change.ts";
import { approvalName, type Question, questionNumber, questionSummary } from "#controllers/ai-analysis/children.ts";
import { chosenPlan, mandateOf, maxOverrides, type PlannedOverride, revise } from "#controllers/ai-analysis/revise.ts";
import * as decision from "#controllers/decision.ts";
import { conclude } from "#investigation/conclude.ts";
import type { Look } from "#investigation/look-into.ts";
import type { PolicyFacts } from "#investigation/mandate.ts";
import { fromTimestamp } from "#lib/clock.ts";
import { asSentence } from "#lib/words.ts";

type Status = NonNullable<AIAnalysis["status"]>;

/** Everything a decision may look at. */
export interface AnalysisObservation {
  readonly analysis: AIAnalysis;
  readonly approval?: AIApprovalRequest;
  /** Absent where nothing was investigated: the request is gone, or the phase needs no investigation. */
  readonly investigated?: { readonly look: Look; readonly policy: PolicyFacts };
  /** The plan with the parameters that a person asked for. */
  readonly override?: PlannedOverride;
}

export interface Words {
  readonly phase: AnalysisPhase;
  readonly reason: AnalysisReason;
  readonly status: Status;
  readonly effect: { readonly type: "requestApproval"; readonly question: Question };
}
export type Decision = decision.Decision<Words>;
type TransitionTo = decision.TransitionTo<Words>;

/** For each phase in which work is done; a person's time is never counted. */
export const deadlineMs = 8 * 60_000;
/** Pods that start, a rollout that begins: an unclear cause may become clear. No store holds everything that was read, hence a time. */
const settlingMs = 90_000;
const recheckMs = 3_000;

/** Whether to collect evidence: only before the deadline of a phase that works. */
export const wantsInvestigation = ({ status, metadata }: AIAnalysis, now: number): boolean =>
  now < (fromTimestamp(status?.phaseStartedAt) ?? fromTimestamp(metadata.creationTimestamp) ?? now) + deadlineMs;

/** Whether the answer may still change: then no language model is asked either. */
export const isUnsettled = ({ metadata }: AIAnalysis, { target: { verdict } }: Look, now: number): boolean =>
  verdict.kind === "Inconclusive" && verdict.mayStillChange && now < (fromTimestamp(metadata.creationTimestamp) ?? 0) + settlingMs;

const guards = {
  deadlineExceeded: ({ analysis }, now) =>
    wantsInvestigation(analysis, now)
      ? undefined
      : ended(
          analysis,
          "ManualReviewRequired",
          `No result within ${deadlineMs / 60_000} min: the cluster could not be read. Manual review is required.`,
          "Failed",
        ),
  /** Its children go with it. */
  requestDeleted: ({ investigated }) => (investigated === undefined ? { do: "wait" } : undefined),
  evidenceUnsettled: ({ analysis, investigated }, now) =>
    investigated !== undefined && isUnsettled(analysis, investigated.look, now) ? { do: "wait", untilMs: now + recheckMs } : undefined,
  concluded: ({ analysis, investigated }) => {
    if (investigated === undefined) return undefined;
    const { status, ask } = conclude(mandateOf(analysis), investigated.look, investigated.policy);
    const { through, to } = routeFrom(phaseOf(analysis), status);
    const end = { do: "transition", through, to, claims: [analyzed(status)], message: status.message ?? to } as const;
    if (ask === undefined) return { ...end, reason: status.result ?? to, status };
    const changes = encodeChanges(ask.planned.changes);
    if (changes === undefined) throw new Error("a plan was made whose changes are too large to show");
    const number = questionNumber(analysis);
    const summary = questionSummary(status.rootCause?.summary ?? "", ask.plan);
    const question = { plan: ask.plan, changes, summary, reason: ask.why, number };
    return { ...end, status: { ...status, approval: approvalName(analysis, number) }, first: { type: "requestApproval", question } };
  },

  planMissing: ({ analysis }) =>
    chosenPlan(analysis) === undefined
      ? ended(analysis, "ManualReviewRequired", "The plan that awaits approval no longer exists.", "Failed")
      : undefined,
  approvalDeleted: ({ analysis, approval }) =>
    approval === undefined ? ended(analysis, "Rejected", "The approval request was deleted, which counts as a rejection.") : undefined,
  approvalPending: (seen) => (approvalPhase(seen) === "Pending" ? { do: "wait" } : undefined),
  /** A pass that died between the request and the record of it may have requested approval of another plan. */
  otherPlanApproved: ({ analysis, approval }) =>
    approval?.status?.phase === "Approved" && approval.spec.changesHash !== chosenPlan(analysis)?.changesHash
      ? ended(analysis, "Drifted", "The approved plan differs from the current one.")
      : undefined,
  approved: ({ analysis, approval }) => {
    if (approval?.status?.phase !== "Approved") return undefined;
    const { name, uid } = approval.metadata;
    return ended(analysis, "Proceed", approval.status.message ?? "Approved.", "Completed", { approved: { name, uid } });
  },
  rejected: (seen) =>
    approvalPhase(seen) === "Rejected" ? ended(seen.analysis, "Rejected", seen.approval?.status?.message ?? "Rejected.") : undefined,
  expired: (seen) =>
    approvalPhase(seen) === "Expired"
      ? ended(seen.analysis, "ApprovalExpired", seen.approval?.status?.message ?? "The approval request expired without a decision.")
      : undefined,
  voided: (seen) =>
    approvalPhase(seen) === "Void"
      ? ended(seen.analysis, "Drifted", seen.approval?.status?.message ?? "The target changed while the approval was pending.")
      : undefined,
  overrideLimitReached: ({ analysis, approval }) => {
    const { override, message = "Overridden." } = approval?.status ?? {};
    if (override !== undefined && (analysis.status?.overrides ?? []).length < maxOverrides) return undefined;
    return ended(analysis, "Rejected", `${message} Override limit reached; no repair will run.`);
  },
  /** The plan can neither be proposed again unchanged, nor compared with the proposed one. */
  changesUnreadable: ({ analysis, override }) =>
    override?.unreadable === undefined ? undefined : ended(analysis, "Drifted", `${asSentence(override.unreadable)}.`),
  planOverridden: ({ analysis, override }) => {
    if (override === undefined) return undefined;
    const { status, question } = revise(analysis, override);
    const notice = { reason: "Overridden", message: status.message ?? "" } as const;
    const approval = approvalName(analysis, question.number);
    return { do: "updateStatus", status: { ...status, approval }, notice, first: { type: "requestApproval", question } };
  },
} satisfies Record<string, decision.Guard<AnalysisObservation, Decision>>;

const investigate = [guards.deadlineExceeded, guards.requestDeleted, guards.evidenceUnsettled, guards.concluded];

export const phases: decision.Phases<AnalysisPhase, AnalysisObservation, Decision> = {
  Pending: investigate,
  Investigating: investigate,
  Recommending: investigate,
  AwaitingApproval: [
    guards.planMissing,
    guards.approvalDeleted,
    guards.approvalPending,
    guards.otherPlanApproved,
    guards.approved,
    guards.rejected,
    guards.expired,
    guards.voided,
    guards.overrideLimitReached,
    guards.changesUnreadable,
    guards.planOverridden,
  ],
  Completed: [],
  Failed: [],
};

export const decide = decision.decideBy(phases, ({ analysis }) => phaseOf(analysis));

const approvalPhase = ({ approval }: AnalysisObservation): ApprovalPhase | undefined =>
  approval === undefined ? undefined : phaseOf(approval);

const analyzed = ({ verdict, message = "" }: Status): decision.Claim => ({
  type: "Analyzed",
  status: verdict === undefined || verdict === "Inconclusive" ? "False" : "True",
  reason: verdict ?? "DeadlineExceeded",
  message,
});

const ended = (
  { status }: AIAnalysis,
  result: AnalysisResult,
  message: string,
  to: "Completed" | "Failed" = "Completed",
  more: Partial<Status> = {},
): TransitionTo => ({
  do: "transition",
  to,
  reason: result,
  status: { ...more, result },
  claims: [{ ...analyzed({ ...status, message }), ...(to === "Failed" ? { status: "False" } : {}) }],
  message,
});

/** Every phase that is passed, the last of which is written: nothing waits in between. Only a cause leads to a recommendation. */
const routeFrom = (
  from: AnalysisPhase,
  { plans, result }: Status,
): { readonly through: readonly AnalysisPhase[]; readonly to: AnalysisPhase } => {
  const between: AnalysisPhase[] = ["Investigating", ...(plans === undefined ? [] : (["Recommending"] as const))];
  const order = AnalysisPhase.options;
  const through = between.filter((phase) => order.indexOf(phase) > order.indexOf(from));
  return { through, to: result === undefined ? "AwaitingApproval" : "Completed" };
};
