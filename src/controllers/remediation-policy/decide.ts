// Whether one policy is understood as it is written: the status that says so. Pure.
import type { Condition } from "#api/fields.ts";
import type { RemediationPolicy } from "#api/kinds/remediation-policy.ts";
import { toPreciseTimestamp } from "#lib/clock.ts";
import { clipped } from "#lib/words.ts";
import { compileRules, problemText, type RuleProblem } from "#policy/rules.ts";

type Status = NonNullable<RemediationPolicy["status"]>;

/** The status that the policy has to have; equal to the present one where nothing has changed. */
export const statusOf = (policy: RemediationPolicy, now: number): Status => {
  const { metadata, status } = policy;
  const { problems } = compileRules(policy);
  const before = status?.conditions?.find(({ type }) => type === "Ready");
  const holds: Condition["status"] = problems.length === 0 ? "True" : "False";
  const condition: Condition = {
    type: "Ready",
    status: holds,
    reason: problems.length === 0 ? "RulesCompiled" : "RulesInvalid",
    message: problems.length === 0 ? "Every rule of this policy is in force." : invalidText(problems),
    lastTransitionTime: before?.status === holds ? before.lastTransitionTime : toPreciseTimestamp(now),
  };
  return {
    ...(metadata.generation === undefined ? {} : { observedGeneration: metadata.generation }),
    conditions: [...(status?.conditions ?? []).filter(({ type }) => type !== "Ready" && type !== formerType), condition],
  };
};

/** The condition of an earlier version, which nothing updates any more. */
const formerType = "InForce";

const invalidText = (problems: readonly RuleProblem[]): string =>
  clipped(`Kintsugi repairs nothing until this policy is corrected. ${problems.map(problemText).join(" ")}`);
