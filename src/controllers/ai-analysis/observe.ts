// Everything a decision about an AIAnalysis may look at, read from the caches. Never calls the API server.
import type { AIAnalysis } from "#api/kinds/ai-analysis.ts";
import type { AIApprovalRequest } from "#api/kinds/ai-approval-request.ts";
import type { Key } from "#api/object.ts";
import { approvalName, questionNumber } from "#controllers/ai-analysis/children.ts";
import type { Store } from "#kube/store.ts";

export interface Observed {
  readonly analysis: AIAnalysis;
  readonly approval?: AIApprovalRequest;
}

export interface Stores {
  readonly analyses: Store<AIAnalysis>;
  readonly approvals: Store<AIApprovalRequest>;
}

export const observe = (stores: Stores, key: Key): Observed | undefined => {
  const analysis = stores.analyses.get(key);
  if (analysis === undefined || analysis.metadata.deletionTimestamp !== undefined) return undefined;
  const approval = stores.approvals.get({ namespace: analysis.metadata.namespace, name: approvalName(analysis, questionNumber(analysis)) });
  const isOurs = approval?.metadata.ownerReferences?.some((owner) => owner.uid === analysis.metadata.uid) ?? false;
  return { analysis, ...(approval !== undefined && isOurs ? { approval } : {}) };
};
