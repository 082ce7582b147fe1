// What to do next for one AIAnalysis. Pure: no clock, no I/O; what an investigation found is decided upon in conclude.ts.
import type { ApprovalReference } from "#api/fields.ts";
import type { AIAnalysis, AnalysisPhase, Plan } from "#api/kinds/ai-analysis.ts";
import type { AIApprovalRequest } from "#api/kinds/ai-approval-request.ts";
import type { Observed } from "#controllers/ai-analysis/observe.ts";
import { fromTimestamp } from "#lib/clock.ts";

export type Wish = NonNullable<NonNullable<AIApprovalRequest["status"]>["override"]>;
type Result = NonNullable<NonNullable<AIAnalysis["status"]>["result"]>;

export type Decision =
  /** Collect evidence, find the cause, plan repairs: all in one pass. */
  | { readonly do: "investigate" }
  | {
      readonly do: "end";
      readonly to: "Completed" | "Failed";
      readonly result: Result;
      readonly message: string;
      readonly approved?: ApprovalReference;
    }
  /** A person wants the plan with other parameters: plan it so, and ask anew. */
  | { readonly do: "revise"; readonly plan: Plan; readonly wish: Wish; readonly asked: AIApprovalRequest }
  /** Its approval request wakes it. */
  | { readonly do: "wait" };

/** For each phase in which work is done; a person's time is never counted. */
export const deadlineMs = 8 * 60_000;

/** People who want it otherwise again and again had better do it themselves. */
export const maxOverrides = 5;

export const phaseOf = (analysis: AIAnalysis): AnalysisPhase => analysis.status?.phase ?? "Pending";

export const decide = (seen: Observed, now: number): Decision => next[phaseOf(seen.analysis)](seen, now);

const investigate = ({ analysis }: Observed, now: number): Decision => {
  const since = fromTimestamp(analysis.status?.phaseStartedAt) ?? fromTimestamp(analysis.metadata.creationTimestamp) ?? now;
  if (now < since + deadlineMs) return { do: "investigate" };
  const message = `No result within ${deadlineMs / 60_000} min: the cluster could not be read. Manual review is needed.`;
  return { do: "end", to: "Failed", result: "ManualReviewRequired", message };
};

const next: Readonly<Record<AnalysisPhase, (seen: Observed, now: number) => Decision>> = {
  Pending: investigate,
  Investigating: investigate,
  Recommending: investigate,

  AwaitingApproval({ analysis, approval }) {
    const plan = analysis.status?.plans?.[analysis.status.chosen ?? -1];
    if (plan === undefined)
      return {
        do: "end",
        to: "Failed",
        result: "ManualReviewRequired",
        message: "The plan that waits for approval is not there any more.",
      };
    if (approval === undefined)
      return { do: "end", to: "Completed", result: "Rejected", message: "The approval request was deleted, which counts as a no." };
    const { phase = "Pending", message, override } = approval.status ?? {};
    switch (phase) {
      case "Pending":
        return { do: "wait" };
      case "Approved":
        // A pass that died between the question and the record of it may have asked about another plan.
        if (approval.spec.changesHash !== plan.changesHash)
          return { do: "end", to: "Completed", result: "Drifted", message: "What was approved is not what is planned any more." };
        return {
          do: "end",
          to: "Completed",
          result: "Proceed",
          message: message ?? "Approved.",
          approved: { name: approval.metadata.name, uid: approval.metadata.uid },
        };
      case "Rejected":
        return { do: "end", to: "Completed", result: "Rejected", message: message ?? "Rejected." };
      case "Overridden": {
        if (override === undefined || (analysis.status?.overrides ?? []).length >= maxOverrides)
          return {
            do: "end",
            to: "Completed",
            result: "Rejected",
            message: `${message ?? "Overridden."} Overridden too often: nothing is done.`,
          };
        return { do: "revise", plan, wish: override, asked: approval };
      }
      case "Expired":
        return { do: "end", to: "Completed", result: "ApprovalExpired", message: message ?? "The approval expired before a decision." };
      case "Void":
        return { do: "end", to: "Completed", result: "Drifted", message: message ?? "The target changed while people decided." };
    }
  },

  Completed: () => ({ do: "wait" }),
  Failed: () => ({ do: "wait" }),
};
