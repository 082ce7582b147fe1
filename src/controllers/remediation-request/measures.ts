// The metrics of remediations, from each transition of a request. Never decides anything.
import type { RemediationRequest } from "#api/kinds/remediation-request.ts";
import type { Transition } from "#api/transition.ts";
import { metrics as definitions } from "#controllers/remediation-request/role.ts";
import { fromTimestamp } from "#lib/clock.ts";
import type { Metrics } from "#lib/metrics.ts";

export const createMeasure = (metrics: Metrics) => {
  const ended = metrics.counter(definitions.remediations);
  const repair = metrics.histogram(definitions.timeToRepair);
  const phases = metrics.histogram(definitions.phaseTime);
  return ({ from, reason }: Transition, before: RemediationRequest, after: RemediationRequest, now: number): void => {
    const secondsSince = (time: string | undefined): number => Math.max(0, now - (fromTimestamp(time) ?? now)) / 1000;
    const { creationTimestamp } = before.metadata;
    phases.observe(secondsSince(before.status?.phaseStartedAt ?? creationTimestamp), { phase: from });
    if (after.status?.completedAt === undefined) return;
    ended.add({ outcome: reason });
    if (reason !== "Remediated") return;
    repair.observe(secondsSince(creationTimestamp), { since: "creation" });
    repair.observe(secondsSince(before.spec.alert.startsAt), { since: "alert" });
  };
};
