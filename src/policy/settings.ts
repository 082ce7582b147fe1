// The policies in force as one value: the defaults, overlaid by every RemediationPolicy in the order of their names. Pure.
import type { RemediationPolicy } from "#api/kinds/remediation-policy.ts";
import type { Window } from "#policy/freeze-window.ts";
import { type CompiledRules, compileRules, joined, noRules, problemText, type Rules } from "#policy/rules.ts";

export interface Settings {
  readonly paused: boolean;
  readonly stabilisationSeconds: number;
  readonly coolOffSeconds: number;
  readonly approvalExpirySeconds: number;
  readonly verificationSeconds: number;
  readonly maxAttempts: number;
  readonly retentionSeconds: number;
  readonly noActionRetentionSeconds: number;
  readonly maxOpenRequests: number;
  readonly approvers: readonly string[];
  readonly minApprovers: number;
  readonly perNamespacePerHour: number;
  readonly perHour: number;
  /** The most that a repair may set; what is not named has no limit but the action's own. */
  readonly limits: NonNullable<RemediationPolicy["spec"]["limits"]>;
  readonly protectedNamespaces: readonly string[];
  readonly protectedKinds: readonly string[];
  /** Windows without a condition: they hold everywhere. */
  readonly freezes: readonly Window[];
  readonly rules: Rules;
  /** Conditions that do not compile, one sentence each: any of them could restrict, so nothing is repaired while there is one. */
  readonly restrictions: readonly string[];
}

export const defaultSettings: Settings = {
  paused: false,
  stabilisationSeconds: 60,
  coolOffSeconds: 1800,
  approvalExpirySeconds: 14_400,
  verificationSeconds: 300,
  maxAttempts: 3,
  retentionSeconds: 86_400,
  noActionRetentionSeconds: 3_600,
  maxOpenRequests: 500,
  approvers: ["group:system:masters"],
  minApprovers: 1,
  perNamespacePerHour: 10,
  perHour: 30,
  limits: {},
  protectedNamespaces: ["kube-system"],
  protectedKinds: [],
  freezes: [],
  rules: noRules,
  restrictions: [],
};

/** What a namespace or kind is protected by is never lifted by another policy; of all else the policy that comes last in the alphabet decides. */
export const settingsFrom = (policies: readonly RemediationPolicy[], compiled = compileRules): Settings =>
  policies
    .toSorted((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1))
    .reduce<Settings>((settings, policy) => {
      const { metadata, spec } = policy;
      const { rules, windows, problems } = compiled(policy);
      const { paused, budgets, protected: shielded } = spec;
      return {
        paused: settings.paused || paused === true,
        stabilisationSeconds: spec.stabilisationSeconds ?? settings.stabilisationSeconds,
        coolOffSeconds: spec.coolOffSeconds ?? settings.coolOffSeconds,
        approvalExpirySeconds: spec.approvalExpirySeconds ?? settings.approvalExpirySeconds,
        verificationSeconds: spec.verificationSeconds ?? settings.verificationSeconds,
        maxAttempts: spec.maxAttempts ?? settings.maxAttempts,
        retentionSeconds: spec.retentionSeconds ?? settings.retentionSeconds,
        noActionRetentionSeconds: spec.noActionRetentionSeconds ?? settings.noActionRetentionSeconds,
        maxOpenRequests: spec.maxOpenRequests ?? settings.maxOpenRequests,
        // An empty list would allow no decision at all.
        approvers: spec.approvers?.length ? spec.approvers : settings.approvers,
        minApprovers: spec.minApprovers ?? settings.minApprovers,
        perNamespacePerHour: budgets?.perNamespacePerHour ?? settings.perNamespacePerHour,
        perHour: budgets?.perHour ?? settings.perHour,
        limits: { ...settings.limits, ...spec.limits },
        protectedNamespaces: union(settings.protectedNamespaces, shielded?.namespaces),
        protectedKinds: union(settings.protectedKinds, shielded?.kinds),
        freezes: [...settings.freezes, ...windows],
        rules: joined([settings.rules, rules]),
        restrictions: [
          ...settings.restrictions,
          ...problems.map((problem) => `RemediationPolicy ${metadata.name} is not valid: ${problemText(problem)}`),
        ],
      };
    }, defaultSettings);

/** The same for a caller that asks again and again: each policy is compiled once. Policies are frozen, so their identity is their content. */
export const createSettingsReader = (): ((policies: readonly RemediationPolicy[]) => Settings) => {
  const known = new WeakMap<RemediationPolicy, CompiledRules>();
  const compiled = (policy: RemediationPolicy): CompiledRules => {
    const found = known.get(policy) ?? compileRules(policy);
    known.set(policy, found);
    return found;
  };
  return (policies) => settingsFrom(policies, compiled);
};

const union = (known: readonly string[], more: readonly string[] = []): readonly string[] => [...new Set([...known, ...more])];
