// One step of one object from phase to phase, as a value: its condition, Event, metric and log line are all made of it. Pure data.
import { mayBecome, type Transitions } from "#api/define-kind.ts";
import type { AnalysisReason } from "#api/kinds/ai-analysis.ts";
import type { ApprovalReason } from "#api/kinds/ai-approval-request.ts";
import type { ExecutionReason } from "#api/kinds/kubernetes-execution.ts";
import type { PolicyReason } from "#api/kinds/remediation-policy.ts";
import type { ProcessingReason } from "#api/kinds/remediation-processing.ts";
import type { RequestReason } from "#api/kinds/remediation-request.ts";
import type { WorkflowReason } from "#api/kinds/workflow-execution.ts";
import type { ObjectReference } from "#api/object.ts";

/** Every reason that a condition or an Event of ours may carry. */
export type Reason = AnalysisReason | ApprovalReason | ExecutionReason | PolicyReason | ProcessingReason | RequestReason | WorkflowReason;

export type ConditionType = "Analyzed" | "Complete" | "Decided" | "Executed" | "Ready" | "Restored" | "Verified";

export interface Transition {
  readonly subject: ObjectReference & { readonly uid: string };
  readonly from: string;
  /** Equal to `from` for a notice that changes no phase, such as a request for approval. */
  readonly to: string;
  /** Phases passed in the same write, since nothing waits in them. */
  readonly through: readonly string[];
  readonly reason: Reason;
  readonly message: string;
  /** RFC 3339. */
  readonly at: string;
  /** The controller that made it. */
  readonly by: string;
}

/** Throws where an edge of this way is not declared: that is a mistake of ours, and must not be written. */
export const requireEdges = <Phase extends string>(
  kind: string,
  transitions: Transitions<Phase>,
  from: Phase,
  ...stops: readonly Phase[]
): void => {
  let last = from;
  for (const next of stops) {
    if (!mayBecome(transitions, last, next)) throw new Error(`${kind}: ${last} may not become ${next}`);
    last = next;
  }
};
