// Whether one policy is in force as it is written: the status that says so. Pure.
import type { Condition } from "#api/fields.ts";
import { type RemediationPolicy, unevaluatedFields } from "#api/kinds/remediation-policy.ts";
import { toPreciseTimestamp } from "#lib/clock.ts";
import { clipped } from "#lib/words.ts";

type Status = NonNullable<RemediationPolicy["status"]>;

/** The status that the policy has to have; equal to the present one where nothing has changed. */
export const statusOf = ({ metadata, spec, status }: RemediationPolicy, now: number): Status => {
  const ignored = unevaluatedFields(spec);
  const before = status?.conditions?.find(({ type }) => type === "InForce");
  const holds: Condition["status"] = ignored.length === 0 ? "True" : "False";
  const condition: Condition = {
    type: "InForce",
    status: holds,
    reason: ignored.length === 0 ? "AllRulesEvaluated" : "RulesNotEvaluated",
    message: ignored.length === 0 ? "Every rule of this policy is in force." : notInForceText(ignored),
    lastTransitionTime: before?.status === holds ? before.lastTransitionTime : toPreciseTimestamp(now),
  };
  return {
    ...(metadata.generation === undefined ? {} : { observedGeneration: metadata.generation }),
    conditions: [...(status?.conditions ?? []).filter(({ type }) => type !== "InForce"), condition],
  };
};

const notInForceText = (fields: readonly string[]): string =>
  clipped(
    `${fields.join(", ")}: not evaluated yet. The other rules are in force. Every repair needs an approval until ${fields.length === 1 ? "this field is" : "these fields are"} removed.`,
  );
