// Everything a decision about an AIAnalysis may look at. Reads the caches; asks the API server only where the question to people seems to be gone.
import type { AIAnalysis } from "#api/kinds/ai-analysis.ts";
import { AIApprovalRequest } from "#api/kinds/ai-approval-request.ts";
import { approvalName, questionNumber } from "#controllers/ai-analysis/children.ts";
import { phaseOf } from "#controllers/ai-analysis/decide.ts";
import type { Kube } from "#kube/client.ts";
import type { Store } from "#kube/store.ts";

export interface Observed {
  readonly analysis: AIAnalysis;
  readonly approval?: AIApprovalRequest;
}

export interface Stores {
  readonly analyses: Store<AIAnalysis>;
  readonly approvals: Store<AIApprovalRequest>;
}

export const observe = async (kube: Pick<Kube, "get">, stores: Stores, analysis: AIAnalysis, signal: AbortSignal): Promise<Observed> => {
  const key = { namespace: analysis.metadata.namespace, name: approvalName(analysis, questionNumber(analysis)) };
  // The caches are lists of their own: before its absence counts as a no, the server itself is asked.
  const isAwaited = phaseOf(analysis) === "AwaitingApproval";
  const approval = stores.approvals.get(key) ?? (isAwaited ? await kube.get(AIApprovalRequest, key, { signal }) : undefined);
  const isOurs = approval?.metadata.ownerReferences?.some((owner) => owner.uid === analysis.metadata.uid) ?? false;
  return { analysis, ...(approval !== undefined && isOurs ? { approval } : {}) };
};
