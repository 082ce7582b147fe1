// What is known of a target and what policy says about it, in the one transition that this kind makes. Pure.
import { phaseOf } from "#api/define-kind.ts";
import type { Context, ProcessingPhase, ProcessingReason, RemediationProcessing } from "#api/kinds/remediation-processing.ts";
import * as decision from "#controllers/decision.ts";
import { redact } from "#lib/redact.ts";
import { policyContextOf } from "#policy/permission.ts";
import { priorityFor } from "#policy/priority.ts";
import type { Settings } from "#policy/settings.ts";

export interface ProcessingObservation {
  readonly processing: RemediationProcessing;
  readonly context?: Context;
  /** Why there is no context. */
  readonly unreadable?: string;
  /** Of the namespace, or of the cluster-scoped object itself; undefined also where it was not found. */
  readonly labels: Readonly<Record<string, string>> | undefined;
  readonly ownNamespace: string;
  readonly settings: Settings;
  readonly missing: readonly string[];
}

export interface Words {
  readonly phase: ProcessingPhase;
  readonly reason: ProcessingReason;
  readonly status: NonNullable<RemediationProcessing["status"]>;
  readonly effect: never;
}
export type Decision = decision.Decision<Words>;

const guards = {
  contextRead: (seen) => (seen.context === undefined ? undefined : completed(seen, seen.context)),
  contextUnreadable: (seen) => unreadable(seen),
} satisfies Record<string, decision.Guard<ProcessingObservation, Decision>>;

export const phases: decision.Phases<ProcessingPhase, ProcessingObservation, Decision> = {
  Pending: [guards.contextRead, guards.contextUnreadable],
  Completed: [],
  Failed: [],
};

export const decide = decision.decideBy(phases, ({ processing }) => phaseOf(processing));

const unreadable = ({ unreadable: why = "no reason given", missing }: ProcessingObservation): Decision => ({
  do: "transition",
  to: "Failed",
  status: { quality: { missing: bounded(missing) } },
  message: redact(why),
});

const completed = (seen: ProcessingObservation, context: Context): Decision => {
  const { processing, labels, ownNamespace, settings, missing } = seen;
  const { target, alert } = processing.spec;
  const { environment, managed, protections, autonomy, why } = policyContextOf({ target, labels, ownNamespace, settings });
  return {
    do: "transition",
    to: "Completed",
    status: {
      context,
      environment: { value: environment.value.slice(0, 63), source: environment.source.slice(0, 256) },
      priority: priorityFor({ alert, target, labels, environment: environment.value, settings }),
      autonomy,
      managed,
      protections: protections.slice(0, 20),
      quality: { missing: bounded(missing) },
    },
    message: why,
  };
};

const bounded = (missing: readonly string[]): string[] => missing.slice(0, 20).map((text) => text.slice(0, 256));
