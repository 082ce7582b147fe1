// What is known of a target, and what policy says of it: the one status this kind ever gets. Pure.
import type { Context, ProcessingPhase, RemediationProcessing } from "#api/kinds/remediation-processing.ts";
import { toPreciseTimestamp } from "#lib/clock.ts";
import { redact } from "#lib/redact.ts";
import { policyContextOf } from "#policy/permission.ts";
import { priorityFor } from "#policy/priority.ts";
import type { Settings } from "#policy/settings.ts";

export interface Observed {
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

type Status = NonNullable<RemediationProcessing["status"]>;
export type Decision = { readonly do: "finish"; readonly status: Status } | { readonly do: "wait" };

export const phaseOf = (processing: RemediationProcessing): ProcessingPhase => processing.status?.phase ?? "Pending";

export const decide = (seen: Observed, now: number): Decision => rows[phaseOf(seen.processing)](seen, now);

const rows: Readonly<Record<ProcessingPhase, (seen: Observed, now: number) => Decision>> = {
  Pending: (seen, now) => ({ do: "finish", status: seen.context === undefined ? unread(seen, now) : known(seen, seen.context, now) }),
  Completed: () => ({ do: "wait" }),
  Failed: () => ({ do: "wait" }),
};

const unread = ({ unreadable = "no reason was given", missing }: Observed, now: number): Status => ({
  phase: "Failed",
  quality: { missing: bounded(missing) },
  completedAt: toPreciseTimestamp(now),
  message: redact(unreadable).slice(0, 1024),
});

const known = (seen: Observed, context: Context, now: number): Status => {
  const { processing, labels, ownNamespace, settings, missing } = seen;
  const { target, alert } = processing.spec;
  const { environment, managed, protections, autonomy, why } = policyContextOf({ target, labels, ownNamespace, settings });
  return {
    phase: "Completed",
    context,
    environment: { value: environment.value.slice(0, 63), source: environment.source.slice(0, 256) },
    priority: priorityFor({ alert, target, labels, environment: environment.value, settings }),
    autonomy,
    managed,
    protections: protections.slice(0, 20),
    quality: { missing: bounded(missing) },
    completedAt: toPreciseTimestamp(now),
    message: why.slice(0, 1024),
  };
};

const bounded = (missing: readonly string[]): string[] => missing.slice(0, 20).map((text) => text.slice(0, 256));
