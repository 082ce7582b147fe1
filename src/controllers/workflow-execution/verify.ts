// Is the symptom gone? Object health decides; a resolved alert shortens the wait, and its absence never fails it. Pure.
import type { WorkflowExecution } from "#api/kinds/workflow-execution.ts";
import type { Health } from "#cluster/workload-health.ts";
import { fromTimestamp, toPreciseTimestamp } from "#lib/clock.ts";

export type Verification = NonNullable<NonNullable<WorkflowExecution["status"]>["verification"]>;

export interface VerificationQuestion {
  readonly health: Health;
  /** When verification began. */
  readonly startedAt: number;
  /** The verification so far. */
  readonly before: Verification | undefined;
  /** When the last alert of the episode was resolved; absent while one fires. */
  readonly resolvedAt: number | undefined;
  readonly stabilisationSeconds: number;
  /** How long the repair may take to show its effect. */
  readonly verificationSeconds: number;
  readonly now: number;
}

export type VerificationAnswer =
  | { readonly gone: true; readonly verification: Verification }
  | { readonly gone: false; readonly verification: Verification }
  | { readonly gone: undefined; readonly verification: Verification; readonly untilMs: number };

export const verify = (question: VerificationQuestion): VerificationAnswer => {
  const { health, startedAt, before, stabilisationSeconds, verificationSeconds, now } = question;
  // An alert that was resolved before the repair was done says nothing about the repair.
  const resolvedAt = question.resolvedAt !== undefined && question.resolvedAt >= startedAt ? question.resolvedAt : undefined;
  const resolved = resolvedAt === undefined ? {} : { alertResolvedAt: toPreciseTimestamp(resolvedAt) };
  const deadline = startedAt + verificationSeconds * 1000;

  if (health.state === "Unhealthy" || health.state === "Missing") {
    if (now >= deadline) {
      const message = health.reasons[0] ?? "The object is not healthy.";
      return { gone: false, verification: { ...resolved, result: "SymptomPersists", message } };
    }
    // Always the same text: the details may change by the second, and each would be a write.
    return {
      gone: undefined,
      verification: { ...resolved, result: "Pending", message: "The object is not healthy yet." },
      untilMs: deadline,
    };
  }
  const since = healthySince(question);
  const stableAt = since + stabilisationSeconds * 1000;
  const verification = { healthySince: toPreciseTimestamp(since), baseline: baselineOf(since, before, health.restarts), ...resolved };
  if (now >= stableAt || resolvedAt !== undefined) {
    const how = resolvedAt !== undefined && now < stableAt ? "and its alerts are resolved" : `for ${stabilisationSeconds} s`;
    const message = health.state === "Unknown" ? `Objects of this kind report no health; no problem was seen ${how}.` : `Healthy ${how}.`;
    return { gone: true, verification: { ...verification, result: "SymptomGone", message } };
  }
  // Healthy too late, or unhealthy again and again: the window must have begun in time.
  if (since >= deadline)
    return { gone: false, verification: { ...verification, result: "SymptomPersists", message: "The object did not stay healthy." } };
  return {
    gone: undefined,
    verification: { ...verification, result: "Pending", message: "Healthy; verifying that it stays healthy." },
    untilMs: stableAt,
  };
};

/**
 * Once the changed object is healthy: whether the alerted object is healthy, too. It has the rest of the time for that.
 * Guarantee: `gone: false` here is no evidence against the change.
 */
export const alsoGone = (
  { verification }: Extract<VerificationAnswer, { gone: true }>,
  { health, startedAt, stabilisationSeconds, verificationSeconds, now }: Omit<VerificationQuestion, "before" | "resolvedAt">,
): VerificationAnswer => {
  const deadline = startedAt + verificationSeconds * 1000;
  const stableAt = (health.crashedAtMs ?? 0) + stabilisationSeconds * 1000;
  const isUnhealthy = health.state === "Unhealthy" || health.state === "Missing";
  if (!isUnhealthy && now >= stableAt) return { gone: true, verification };
  if (now >= deadline) {
    const message = health.reasons[0] ?? "The object did not stay healthy.";
    return { gone: false, verification: { ...verification, result: "SymptomPersists", message } };
  }
  const message = "The changed object is healthy. The alerted object is not healthy yet.";
  return {
    gone: undefined,
    verification: { ...verification, result: "Pending", message },
    untilMs: isUnhealthy ? deadline : Math.min(deadline, stableAt),
  };
};

/** A new restart, or a crash that was reported late, restarts the window. */
const healthySince = ({ before, health, now }: VerificationQuestion): number => {
  const since = fromTimestamp(before?.healthySince);
  if (since === undefined || before?.baseline === undefined || health.restarts > before.baseline) return now;
  return health.crashedAtMs !== undefined && health.crashedAtMs > since ? now : since;
};

const baselineOf = (since: number, before: Verification | undefined, restarts: number): number =>
  fromTimestamp(before?.healthySince) === since ? (before?.baseline ?? restarts) : restarts;
