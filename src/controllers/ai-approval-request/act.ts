// Performs one decision about an approval request: the status write, then event and metric. Never writes a decision itself.
import { mayBecome } from "#api/define-kind.ts";
import { AIApprovalRequest, approvalTransitions, type ApprovalPhase } from "#api/kinds/ai-approval-request.ts";
import { kintsugiLine, kubectlLine } from "#controllers/ai-approval-request/commands.ts";
import { phaseOf, type Decision } from "#controllers/ai-approval-request/decide.ts";
import type { RoleDeps } from "#runtime/role-deps.ts";
import { metrics as definitions } from "#controllers/ai-approval-request/role.ts";
import type { Next } from "#kube/controller.ts";
import type { Store } from "#kube/store.ts";
import { writeStatus } from "#kube/write-status.ts";
import { fromTimestamp, toPreciseTimestamp } from "#lib/clock.ts";

export type Act = (approval: AIApprovalRequest, decision: Decision, signal: AbortSignal) => Promise<Next>;

export const createAct = (deps: RoleDeps, approvals: Store<AIApprovalRequest>): Act => {
  const { kube, clock, events, metrics } = deps;
  const total = metrics.counter(definitions.approvals);
  const seconds = metrics.histogram(definitions.approvalTime);

  const record = (approval: AIApprovalRequest, type: "Normal" | "Warning", reason: string, message: string): void =>
    events.record({ about: { apiVersion: approval.apiVersion, kind: approval.kind, ...approval.metadata }, type, reason, message });

  const write = async (
    approval: AIApprovalRequest,
    phase: ApprovalPhase,
    { message, override }: Pick<Extract<Decision, { do: "become" }>, "message" | "override">,
    signal: AbortSignal,
  ): Promise<void> => {
    const at = toPreciseTimestamp(clock.now());
    const isDecided = phase !== "Pending";
    const before = approval.status?.conditions?.find(({ type }) => type === "Decided");
    const status = isDecided ? ("True" as const) : ("False" as const);
    const condition = {
      type: "Decided",
      status,
      reason: phase,
      message: message.slice(0, 1024),
      lastTransitionTime: before?.status === status ? before.lastTransitionTime : at,
    };
    await writeStatus(
      kube,
      approvals,
      AIApprovalRequest,
      approval,
      {
        ...approval.status,
        phase,
        ...(isDecided ? { decidedAt: at } : {}),
        ...(override === undefined ? {} : { override }),
        message: message.slice(0, 1024),
        conditions: [condition],
      },
      signal,
    );
  };

  return async (approval, decision, signal) => {
    switch (decision.do) {
      case "wait":
        return decision.forMs === undefined ? "rest" : { afterMs: decision.forMs };
      case "ask": {
        await write(approval, "Pending", decision, signal);
        const how = `Decide with: ${kintsugiLine(approval)} — or: ${kubectlLine(approval, "Approved")}`;
        record(approval, "Normal", "ApprovalRequested", `${approval.spec.summary.slice(0, 500)} ${how}`);
        return { afterMs: Math.max(0, (fromTimestamp(approval.spec.expiresAt) ?? 0) - clock.now()) };
      }
      case "become": {
        const from = phaseOf(approval);
        if (!mayBecome(approvalTransitions, from, decision.to)) throw new Error(`AIApprovalRequest: ${from} may not become ${decision.to}`);
        await write(approval, decision.to, decision, signal);
        total.add({ phase: decision.to });
        seconds.observe((clock.now() - (fromTimestamp(approval.metadata.creationTimestamp) ?? clock.now())) / 1000);
        record(approval, decision.to === "Approved" ? "Normal" : "Warning", decision.to, decision.message);
        return "rest";
      }
    }
  };
};
