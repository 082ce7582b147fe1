// The story of one request as plain data: alerts, context, cause, plans, approval, execution, verification. Types only; `storyOf` makes it.
import type { Autonomy, ObjectDiff, Permission, Quote, Step } from "#api/fields.ts";
import type { AIAnalysis, Plan, Refusal, RootCause, Verdict } from "#api/kinds/ai-analysis.ts";
import type { ApprovalPhase, Decision } from "#api/kinds/ai-approval-request.ts";
import type { Context } from "#api/kinds/remediation-processing.ts";
import type { Awaiting, Closing, Outcome, RemediationRequest, RequestPhase } from "#api/kinds/remediation-request.ts";
import type { StepStatus, WorkflowExecution, WorkflowPhase } from "#api/kinds/workflow-execution.ts";
import type { ObjectReference } from "#api/object.ts";
import type { Head } from "#story/head.ts";
import type { NextStep } from "#story/next-steps.ts";
import type { Moment } from "#story/timeline.ts";

/** What the objects say, without the lines drawn from it. */
export interface Facts {
  readonly request: string;
  readonly namespace: string;
  readonly target: ObjectReference;
  readonly phase: RequestPhase;
  readonly outcome?: Outcome | undefined;
  readonly message?: string | undefined;
  readonly blockedBy?: string | undefined;
  /** The request that this one follows or followed. */
  readonly leader?: string | undefined;
  /** What a person was asked for, and how often. */
  readonly awaiting?: Awaiting | undefined;
  readonly close?: Closing;
  readonly startedAt: string;
  readonly completedAt?: string | undefined;
  readonly cancelAsked: boolean;
  readonly cancel?: RemediationRequest["spec"]["cancel"];
  readonly seen: Seen;
  /** In order; the last one is the current one. */
  readonly attempts: readonly AttemptStory[];
}

export interface Story extends Facts {
  readonly head: Head;
  readonly next: readonly NextStep[];
  readonly timeline: readonly Moment[];
}

export interface Seen {
  readonly alerts: readonly SeenAlert[];
  /** The person who opened the request by hand. */
  readonly requestedBy?: { readonly by: string; readonly message?: string | undefined } | undefined;
  /** The annotations of the alert: quoted, never trusted. */
  readonly annotations: readonly string[];
  /** `Pod shop/web-1`, as the alert names it. */
  readonly reported: string;
  /** Why the target is that object, and not its owner. */
  readonly unresolved?: string | undefined;
}
export interface SeenAlert {
  readonly name: string;
  readonly severity?: string | undefined;
  readonly startsAt: string;
  readonly count: number;
  /** How often it began to fire, where more than once. */
  readonly firings?: number | undefined;
  readonly resolvedAt?: string | undefined;
}

export interface AttemptStory {
  readonly number: number;
  readonly result?: string | undefined;
  readonly context?: TargetContext | undefined;
  readonly cause?: Cause | undefined;
  readonly considered?: Considered | undefined;
  /** Parameters that approvers changed, and whether a plan with them was possible. */
  readonly overrides?: Overrides | undefined;
  readonly approval?: Approval | undefined;
  readonly execution?: Execution | undefined;
}
export type Overrides = NonNullable<NonNullable<AIAnalysis["status"]>["overrides"]>;
export interface TargetContext {
  readonly environment?: string | undefined;
  readonly environmentSource?: string | undefined;
  readonly priority?: string | undefined;
  readonly autonomy?: Autonomy | undefined;
  readonly managed?: boolean | undefined;
  readonly protections: readonly string[];
  readonly unread: readonly string[];
  readonly exists?: boolean | undefined;
  readonly ownerChain: readonly string[];
  readonly replicas?: Context["replicas"];
  readonly troubledContainers: readonly string[];
  readonly neighbours: readonly string[];
  /** The tool, its proof and what it forbids. */
  readonly managedBy?: string | undefined;
  /** Other requests that are open near it. */
  readonly siblings?: readonly string[] | undefined;
}
export interface Cause {
  readonly verdict: Verdict;
  readonly root?: RootCause | undefined;
  readonly confidence?: number | undefined;
  readonly evidence: NonNullable<NonNullable<AIAnalysis["status"]>["evidence"]>;
  readonly ruledOut: readonly { readonly code: string; readonly reason: string }[];
  readonly investigator?: NonNullable<AIAnalysis["status"]>["investigator"];
  readonly message?: string | undefined;
}
export interface Considered {
  readonly chosen?: Plan | undefined;
  readonly others: readonly Plan[];
  readonly refused: readonly Refusal[];
}
export interface Approval {
  readonly name: string;
  readonly phase: ApprovalPhase;
  readonly reason: string;
  readonly approvers: readonly string[];
  readonly minApprovers: number;
  readonly expiresAt: string;
  readonly decidedAt?: string | undefined;
  readonly decisions: readonly Decision[];
  readonly message?: string | undefined;
}
export interface Execution {
  readonly name: string;
  readonly phase: WorkflowPhase;
  readonly message?: string | undefined;
  readonly rollback: WorkflowExecution["spec"]["rollback"];
  readonly steps: readonly StepStory[];
  readonly verification: {
    readonly object: string;
    readonly stabilisationSeconds: number;
    readonly result?: string | undefined;
    readonly message?: string | undefined;
    readonly healthySince?: string | undefined;
    readonly alertResolvedAt?: string | undefined;
    /** Logs and events of the failed repair. */
    readonly evidence: readonly Quote[];
  };
}
export interface StepStory {
  readonly id: string;
  readonly action: string;
  readonly target: ObjectReference;
  readonly object: string;
  readonly parameters: Step["parameters"];
  readonly changesHash: string;
  readonly state: StepStatus["state"];
  readonly message?: string | undefined;
  readonly run?: Run | undefined;
  readonly undo?: Run | undefined;
}
/** One run of one action by one Job. */
export interface Run {
  readonly execution: string;
  readonly phase: string;
  readonly job?: string | undefined;
  readonly account: string;
  /** The rule that allowed it, with the environment of the target's namespace. */
  readonly permission?: Permission | undefined;
  readonly approval?: string | undefined;
  readonly result?: string | undefined;
  readonly failure?: string | undefined;
  readonly changed?: boolean | undefined;
  readonly dryRun?: string | undefined;
  readonly diffs: readonly ObjectDiff[];
  readonly message?: string | undefined;
  readonly completedAt?: string | undefined;
}
