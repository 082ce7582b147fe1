// What a decision about one request may look at, and the words that it decides in. Pure data and the times that follow from it.
import { phaseOf } from "#api/define-kind.ts";
import type { AIAnalysis } from "#api/kinds/ai-analysis.ts";
import type { RemediationProcessing } from "#api/kinds/remediation-processing.ts";
import { type RemediationRequest, type RequestPhase, type RequestReason, requestDeadlineSeconds } from "#api/kinds/remediation-request.ts";
import type { WorkflowExecution } from "#api/kinds/workflow-execution.ts";
import type * as decision from "#controllers/decision.ts";
import type { OutsideChange } from "#controllers/remediation-request/outside-changes.ts";
import { fromTimestamp } from "#lib/clock.ts";
import type { Hold } from "#policy/budget.ts";

export interface RequestObservation {
  readonly request: RemediationRequest;
  /** The children of the present attempt, ours only. */
  readonly processing?: RemediationProcessing;
  readonly analysis?: AIAnalysis;
  readonly workflow?: WorkflowExecution;
  /** Every alert is resolved and the target healthy or gone: from this moment on that counts as the end of the trouble. */
  readonly quietAtMs?: number;
  /** Why no repair may start now. */
  readonly hold?: Hold;
  /** Others' changes near the target and its root cause since the request was created, oldest first; absent where they were not looked for. */
  readonly changes?: readonly OutsideChange[];
  /** The chosen repair was made before and did not last, and no person has approved it again: in words. */
  readonly repeat?: string;
  /** Another request's repair near the target. */
  readonly repairedBy?: { readonly request: string; readonly object: string };
  /** What policy allows for the target is no longer what the last analysis was given, in words. */
  readonly policyChange?: string;
  /** The target is healthy or gone, whatever its alerts say. */
  readonly isWell?: true;
  /** In Analyzing the request to follow, in Following the one that it follows; absent where there is none. */
  readonly leader?: RemediationRequest;
  readonly stabilisationSeconds: number;
  readonly reminderSeconds: number;
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

/** Every wait that has a time ends at the earliest of them; the watches wake it before. */
export const waitUntil = (seen: Pick<RequestObservation, "quietAtMs">, now: number, atMs: number): Decision => {
  const ahead = [atMs, seen.quietAtMs ?? Number.POSITIVE_INFINITY].filter((time) => time > now && Number.isFinite(time));
  return ahead.length === 0 ? { do: "wait" } : { do: "wait", untilMs: Math.min(...ahead) };
};

/** Whether every alert of the episode is resolved. The first one is in `alerts` only once it was delivered again. */
export const alertsResolved = ({ spec, status }: RemediationRequest): boolean => {
  const alerts = status?.alerts ?? {};
  const known = Object.entries(alerts).filter(([fingerprint]) => fingerprint !== "other");
  // A request by hand has only the alerts that joined it.
  const areKnown = spec.alert.source === "manual" ? known.length > 0 : alerts[spec.alert.fingerprint] !== undefined;
  return areKnown && known.every(([, alert]) => alert.resolvedAt !== undefined);
};

/** Whether a person who is needed will see it go on: a request by hand has no alert of its own. */
export const isFiring = (request: RemediationRequest): boolean =>
  request.spec.alert.source === "manual"
    ? Object.values(request.status?.alerts ?? {}).some(({ resolvedAt }) => resolvedAt === undefined)
    : !alertsResolved(request);

/** Which attempt this is since something near the target changed. */
export const roundOf = (request: RemediationRequest): number => attemptOf(request) - (request.status?.firstAttempt ?? 1) + 1;

export const attemptOf = (request: RemediationRequest): number => request.status?.attempt ?? 1;

export const startedAtMs = ({ status, metadata }: RemediationRequest): number =>
  fromTimestamp(status?.phaseStartedAt ?? metadata.creationTimestamp) ?? 0;

/** Infinite where the phase has none. */
export const deadlineMs = ({ request, verificationSeconds }: Pick<RequestObservation, "request" | "verificationSeconds">): number => {
  const phase = phaseOf(request);
  const seconds = requestDeadlineSeconds[phase] ?? Number.POSITIVE_INFINITY;
  // Policy may grant verification more time than the default; half a minute on top lets the workflow end first.
  const granted = phase === "Verifying" ? Math.max(seconds, verificationSeconds + 30) : seconds;
  return startedAtMs(request) + granted * 1000;
};
