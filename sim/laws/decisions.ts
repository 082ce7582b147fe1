// The laws of what people decide: what one of them has rejected is never approved and does not expire, and what was cancelled begins nothing more.
// Looks on at every write of the product; what has just been decided may not be known yet.
import { AIApprovalRequest } from "#api/kinds/ai-approval-request.ts";
import { RemediationRequest } from "#api/kinds/remediation-request.ts";
import type { WorkflowExecution } from "#api/kinds/workflow-execution.ts";
import type { FaultPlan } from "#sim/faults.ts";
import type { Law } from "#sim/laws/law.ts";
import { newsLagMs } from "#sim/laws/time.ts";
import type { WorldView } from "#sim/world.ts";

export const createDecisionsLaw = (view: WorldView, plan: FaultPlan): Law => {
  const violations: string[] = [];
  const lagMs = newsLagMs(plan);
  /** By uid, when it was first seen. */
  const rejectedAt = new Map<string, number>();
  const cancelledAt = new Map<string, number>();
  const note = (times: Map<string, number>, uid: string): void => void (times.has(uid) || times.set(uid, view.elapsed()));
  const isOld = (at: number | undefined): boolean => at !== undefined && view.elapsed() - at > lagMs;
  return {
    violations,
    see: ({ side, isWrite, method, status, path, answer }) => {
      for (const { metadata, spec } of view.objects(AIApprovalRequest))
        if (spec.decisions.some(({ decision }) => decision === "Rejected")) note(rejectedAt, metadata.uid);
      for (const { metadata, spec } of view.objects(RemediationRequest)) if (spec.cancel !== undefined) note(cancelledAt, metadata.uid);
      if (side !== "product" || !isWrite || status >= 300) return;
      if (method !== "DELETE" && path.includes("/aiapprovalrequests/")) {
        const { metadata, status: written } = answer as AIApprovalRequest;
        const isOver = written?.phase === "Approved" || written?.phase === "Expired";
        if (isOver && isOld(rejectedAt.get(metadata.uid)))
          violations.push(`${metadata.name} is ${written.phase}, and a person rejected it`);
      }
      if (method === "POST" && path.endsWith("/workflowexecutions")) {
        const { metadata, spec } = answer as WorkflowExecution;
        const owner = view.objects(RemediationRequest).find((each) => each.metadata.name === spec.request);
        if (isOld(cancelledAt.get(owner?.metadata.uid ?? ""))) violations.push(`${metadata.name} began, and ${spec.request} was cancelled`);
      }
    },
  };
};
