// Whether one policy is valid as it is written: the condition that says so. Pure.
import type { PolicyReason, RemediationPolicy } from "#api/kinds/remediation-policy.ts";
import * as decision from "#controllers/decision.ts";
import { compileRules, problemText } from "#policy/rules.ts";
import { isTenantPolicy } from "#policy/tenant.ts";

export interface Words {
  readonly phase: "Pending";
  readonly reason: PolicyReason;
  readonly status: NonNullable<RemediationPolicy["status"]>;
  readonly effect: never;
}
export type Decision = decision.Decision<Words>;

export interface PolicyObservation {
  readonly policy: RemediationPolicy;
  readonly ownNamespace: string;
}

const guards = {
  rulesInvalid: ({ policy, ownNamespace }) => {
    const { problems } = compileRules(policy, ownNamespace);
    if (problems.length === 0) return undefined;
    const where = isTenantPolicy(policy, ownNamespace) ? ` in namespace ${policy.metadata.namespace}` : "";
    const message = `Kintsugi repairs nothing${where} until this policy is corrected. ${problems.map(problemText).join(" ")}`;
    const notice = { reason: "RulesInvalid", message } as const;
    return { do: "updateStatus", status: observed(policy), claims: [{ type: "Ready", status: "False", ...notice }], notice };
  },
  rulesValid: ({ policy }) => {
    const ready = { reason: "RulesCompiled", message: "Every rule of this policy is in force." } as const;
    return { do: "updateStatus", status: observed(policy), claims: [{ type: "Ready", status: "True", ...ready }] };
  },
} satisfies Record<string, decision.Guard<PolicyObservation, Decision>>;

/** The condition of an earlier version, which nothing updates any more. */
const formerType = "InForce";

const observed = ({ metadata: { generation }, status }: RemediationPolicy): Words["status"] => ({
  ...(generation === undefined ? {} : { observedGeneration: generation }),
  conditions: (status?.conditions ?? []).filter(({ type }) => type !== formerType),
});

/** A policy has no life cycle: it is judged at every change. */
export const phases: decision.Phases<"Pending", PolicyObservation, Decision> = { Pending: [guards.rulesInvalid, guards.rulesValid] };
export const transitions = { Pending: [] } as const;

export const decide = decision.decideBy(phases, () => "Pending");
