// What the earlier attempts of one episode have shown: it is not proposed again. Pure.
import type { RejectedPlan } from "#api/fields.ts";
import type { RemediationRequest } from "#api/kinds/remediation-request.ts";

/** Actions of earlier attempts that did not help: never offered again in this episode. */
export const pastActions = (request: RemediationRequest, attempt: number): string[] => {
  const earlier = (request.status?.attempts ?? []).filter(({ number }) => number < attempt);
  return [...new Set(earlier.flatMap(({ actions }) => actions ?? []))].slice(0, 20);
};

/** Of every earlier attempt, the latest first where there are more than an analysis can hold. */
export const rejectedPlans = (request: RemediationRequest, attempt: number): RejectedPlan[] =>
  (request.status?.attempts ?? [])
    .filter(({ number }) => number < attempt)
    .toReversed()
    .flatMap(({ rejected }) => rejected ?? [])
    .slice(0, 10);
