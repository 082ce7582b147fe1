// When a finished request may go. Pure.
import { isTerminal } from "#api/define-kind.ts";
import { type RemediationRequest, requestTransitions } from "#api/kinds/remediation-request.ts";
import { fromTimestamp } from "#lib/clock.ts";
import type { Settings } from "#policy/settings.ts";

export type RetentionDecision =
  /** Not finished, or already being deleted: its own changes trigger the next look. */
  { readonly do: "nothing" } | { readonly do: "wait"; readonly afterMs: number } | { readonly do: "delete" };

/**
 * Guarantees: a request is kept at least as long as alerts may still belong to it, however short the retention is: the cool-off is
 * known from the request alone.
 */
export const decideRetention = (
  request: RemediationRequest,
  settings: Pick<Settings, "retentionSeconds" | "noActionRetentionSeconds" | "coolOffSeconds">,
  nowMs: number,
): RetentionDecision => {
  const phase = request.status?.phase ?? "Pending";
  const endedAt = fromTimestamp(request.status?.completedAt);
  if (!isTerminal(requestTransitions, phase) || request.metadata.deletionTimestamp !== undefined || endedAt === undefined)
    return { do: "nothing" };
  const { retentionSeconds, noActionRetentionSeconds, coolOffSeconds } = settings;
  const isOfUse = request.status?.outcome !== "NoActionRequired";
  const keptSeconds = isOfUse ? retentionSeconds : Math.min(retentionSeconds, noActionRetentionSeconds);
  const leftMs = endedAt + Math.max(keptSeconds, coolOffSeconds) * 1000 - nowMs;
  return leftMs > 0 ? { do: "wait", afterMs: leftMs } : { do: "delete" };
};
