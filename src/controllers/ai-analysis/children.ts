// From an AIAnalysis to the question it puts to people. Pure.
import { API_VERSION } from "#api/define-kind.ts";
import type { Plan, AIAnalysis } from "#api/kinds/ai-analysis.ts";
import type { AIApprovalRequest } from "#api/kinds/ai-approval-request.ts";
import { REQUEST_LABEL } from "#api/labels.ts";
import { referenceText, type NewObject } from "#api/object.ts";
import { ownedBy } from "#kube/ensure.ts";
import { toTimestamp } from "#lib/clock.ts";
import { childName } from "#lib/names.ts";
import { approversNeeded } from "#policy/approval-terms.ts";
import type { Settings } from "#policy/settings.ts";

export interface Question {
  readonly plan: Plan;
  /** The changes of all steps as canonical JSON; in the object they are sealed. */
  readonly changes: string;
  readonly summary: string;
  /** Why a person has to decide. */
  readonly reason: string;
  /** From 1: each override makes the next. */
  readonly number: number;
  /** Which version of the admission policy will check the decisions; absent while none does. */
  readonly checkedBy?: string | undefined;
}

/** Which question the analysis is at: an override that is done with was answered by the next one. */
export const questionNumber = ({ status }: AIAnalysis): number => (status?.overrides?.length ?? 0) + 1;

export const approvalName = ({ spec }: AIAnalysis, question: number): string =>
  childName(spec.request, `a${spec.attempt}`, "aiar", ...(question === 1 ? [] : [question]));

export const approvalFor = (analysis: AIAnalysis, question: Question, settings: Settings, now: number): NewObject<AIApprovalRequest> => {
  const { plan, changes, summary, reason, number, checkedBy } = question;
  const { approvers, minApprovers } = approversNeeded(plan.steps, settings);
  return {
    apiVersion: API_VERSION,
    kind: "AIApprovalRequest",
    metadata: {
      name: approvalName(analysis, number),
      namespace: analysis.metadata.namespace,
      labels: { [REQUEST_LABEL]: analysis.spec.request },
      ownerReferences: [ownedBy(analysis)],
    },
    spec: {
      request: analysis.spec.request,
      analysis: analysis.metadata.name,
      summary,
      steps: plan.steps,
      diffs: plan.diffs,
      changes,
      changesHash: plan.changesHash,
      risk: plan.risk,
      reversible: plan.reversible,
      reason,
      expiresAt: toTimestamp(now + settings.approvalExpirySeconds * 1000),
      ...(checkedBy === undefined ? {} : { checkedBy }),
      approvers: [...approvers],
      minApprovers,
      decisions: [],
    },
  };
};

/** One line: what is wrong and what would be done. */
export const questionSummary = (cause: string, plan: Plan): string =>
  `${cause} Proposed: ${plan.steps.map((step) => `${step.action} of ${referenceText(step.target)}${parametersText(step.parameters)}`).join(", then ")}.`.slice(
    0,
    1024,
  );

const parametersText = (parameters: Readonly<Record<string, string>>): string => {
  const named = Object.entries(parameters).map(([name, value]) => `${name} ${value}`);
  return named.length === 0 ? "" : ` (${named.join(", ")})`;
};
