// What a decision about an AIAnalysis does outside its status: creates the approval request, with its changes sealed.
import { AIApprovalRequest } from "#api/kinds/ai-approval-request.ts";
import { sealer } from "#cluster/sealed-changes.ts";
import { approvalFor, approvalName } from "#controllers/ai-analysis/children.ts";
import type { AnalysisObservation, Words } from "#controllers/ai-analysis/decide.ts";
import type { Acted, Pass } from "#controllers/phase-controller.ts";
import { ensure } from "#kube/ensure.ts";
import type { Store } from "#kube/store.ts";
import type { RoleDeps } from "#runtime/role-deps.ts";

export const act = async (
  deps: RoleDeps & { readonly approvals: Store<AIApprovalRequest> },
  { question }: Words["effect"],
  seen: AnalysisObservation,
  { now, signal }: Pick<Pass, "now" | "signal">,
): Promise<Acted<AnalysisObservation>> => {
  const { analysis } = seen;
  const seal = await sealer(deps, signal);
  const place = { kind: AIApprovalRequest.kind, name: approvalName(analysis, question.number), field: "changes" } as const;
  const sealed = { ...question, changes: seal(place, question.changes), checkedBy: deps.guardrails.approvals() };
  const request = approvalFor(analysis, sealed, deps.settings(), now);
  const ensured = await ensure(deps.kube, deps.approvals, AIApprovalRequest, request, analysis.metadata, signal);
  return ensured.state === "conflict" ? "conflict" : seen;
};
