// What a decision about one request may look at, and the words that it decides in. Pure data and the times that follow from it.
import { phaseOf } from "#api/define-kind.ts";
import type { AIAnalysis } from "#api/kinds/ai-analysis.ts";
import type { RemediationProcessing } from "#api/kinds/remediation-processing.ts";
import { type RemediationRequest, type RequestPhase, type RequestReason, requestDeadlineSeconds } from "#api/kinds/remediation-request.ts";
import type { WorkflowExecution } from "#api/kinds/workflow-execution.ts";
import type * as decision from "#controllers/decision.ts";
import { fromTimestamp } from "#lib/clock.ts";
import type { Hold } from "#policy/budget.ts";

export interface Observed {
  readonly request: RemediationRequest;
  /** The children of the present attempt, ours only. */
  readonly processing?: RemediationProcessing;
  readonly analysis?: AIAnalysis;
  readonly workflow?: WorkflowExecution;
  /** Every alert is resolved and the target healthy or gone: from this moment on that counts as the end of the trouble. */
  readonly quietAtMs?: number;
  /** Why no repair may start now. */
  readonly hold?: Hold;
  readonly maxAttempts: number;
  /** How long a verification may take by policy, its stabilisation window included. */
  readonly verificationSeconds: number;
}

export type Effect =
  /** `recreate`: created by the transition before, so where it is missing, it is being deleted, most likely with its request. */
  | { readonly type: "create" | "recreate"; readonly child: "processing" | "analysis"; readonly attempt: number }
  | { readonly type: "create"; readonly child: "workflow"; readonly attempt: number }
  | { readonly type: "cancelWorkflow"; readonly why: string };

export interface Words {
  readonly phase: RequestPhase;
  readonly reason: RequestReason;
  readonly status: NonNullable<RemediationRequest["status"]>;
  readonly effect: Effect;
}
export type Decision = decision.Decision<Words>;
export type TransitionTo = decision.TransitionTo<Words>;

export const attemptOf = (request: RemediationRequest): number => request.status?.attempt ?? 1;

export const startedAtMs = ({ status, metadata }: RemediationRequest): number =>
  fromTimestamp(status?.phaseStartedAt ?? metadata.creationTimestamp) ?? 0;

/** Infinite where the phase has none. */
export const deadlineMs = ({ request, verificationSeconds }: Pick<Observed, "request" | "verificationSeconds">): number => {
  const phase = phaseOf(request);
  const seconds = requestDeadlineSeconds[phase] ?? Number.POSITIVE_INFINITY;
  // Policy may grant verification more time than the default; half a minute on top lets the workflow end first.
  const granted = phase === "Verifying" ? Math.max(seconds, verificationSeconds + 30) : seconds;
  return startedAtMs(request) + granted * 1000;
};
