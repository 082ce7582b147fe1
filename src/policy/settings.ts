// The policies in force as one value: the defaults, overlaid by every RemediationPolicy of Kintsugi's namespace in the order of their names,
// and for every other namespace what its own policies tighten. Pure.
import type { Autonomy } from "#api/fields.ts";
import type { RemediationPolicy } from "#api/kinds/remediation-policy.ts";
import type { Window } from "#policy/freeze-window.ts";
import { type CompiledRules, compileRules, joined, noRules, problemText, type Rule, type Rules } from "#policy/rules.ts";
import { isTenantPolicy } from "#policy/tenant.ts";

export interface Settings {
  readonly paused: boolean;
  readonly stabilisationSeconds: number;
  readonly coolOffSeconds: number;
  readonly approvalExpirySeconds: number;
  readonly verificationSeconds: number;
  readonly reminderSeconds: number;
  readonly maxAttempts: number;
  readonly retentionSeconds: number;
  readonly noActionRetentionSeconds: number;
  readonly maxOpenRequests: number;
  readonly approvers: readonly string[];
  readonly minApprovers: number;
  /** What the namespace's own policies demand, whatever a rule says. */
  readonly ownMinApprovers: number;
  readonly perNamespacePerHour: number;
  readonly perHour: number;
  readonly podsPerNamespacePerHour: number;
  readonly podsPerHour: number;
  /** The most that one step may affect; what is not named has no limit. */
  readonly blastRadius: NonNullable<RemediationPolicy["spec"]["blastRadius"]>;
  /** The most that a repair may set; what is not named has no limit but the action's own. */
  readonly limits: NonNullable<RemediationPolicy["spec"]["limits"]>;
  readonly protectedNamespaces: readonly string[];
  readonly protectedKinds: readonly string[];
  readonly protectedObjects: readonly ProtectedObject[];
  /** Windows without a condition: they hold everywhere. */
  readonly freezes: readonly Window[];
  readonly rules: Rules;
  /** Of the namespace's own policies: applied to what the rules leave, so that they only take away. */
  readonly ownAutonomy: readonly Rule<Autonomy>[];
  /** By namespace, what its own policies say; see tenant.ts. */
  readonly tenants: ReadonlyMap<string, Settings>;
  /** Conditions that do not compile, one sentence each: any of them could restrict, so nothing is repaired while there is one. */
  readonly restrictions: readonly string[];
}

type ProtectedObject = NonNullable<NonNullable<RemediationPolicy["spec"]["protected"]>["objects"]>[number];

export const defaultSettings: Settings = {
  paused: false,
  stabilisationSeconds: 60,
  coolOffSeconds: 1800,
  approvalExpirySeconds: 14_400,
  verificationSeconds: 300,
  reminderSeconds: 14_400,
  maxAttempts: 3,
  retentionSeconds: 86_400,
  noActionRetentionSeconds: 3_600,
  maxOpenRequests: 500,
  approvers: ["group:system:masters"],
  minApprovers: 1,
  ownMinApprovers: 1,
  perNamespacePerHour: 10,
  perHour: 30,
  podsPerNamespacePerHour: Number.POSITIVE_INFINITY,
  podsPerHour: Number.POSITIVE_INFINITY,
  blastRadius: {},
  limits: {},
  protectedNamespaces: ["kube-system"],
  protectedKinds: [],
  protectedObjects: [],
  freezes: [],
  rules: noRules,
  ownAutonomy: [],
  tenants: new Map(),
  restrictions: [],
};

/** What a namespace's policies are laid over: what is not set there takes nothing away. */
const nothingTightened: Settings = { ...defaultSettings, perNamespacePerHour: Number.POSITIVE_INFINITY, protectedNamespaces: [] };

type Compile = (policy: RemediationPolicy, ownNamespace: string) => CompiledRules;

export const settingsFrom = (policies: readonly RemediationPolicy[], ownNamespace: string, compile: Compile = compileRules): Settings => {
  const compiled = (policy: RemediationPolicy): CompiledRules => compile(policy, ownNamespace);
  const tenants = Map.groupBy(
    policies.filter((policy) => isTenantPolicy(policy, ownNamespace)),
    ({ metadata }) => metadata.namespace,
  );
  const own = policies.filter((policy) => !isTenantPolicy(policy, ownNamespace));
  return {
    ...overlaid(defaultSettings, own, compiled),
    tenants: new Map([...tenants].map(([namespace, its]) => [namespace, overlaid(nothingTightened, its, compiled)])),
  };
};

/** What a namespace or kind is protected by is never lifted by another policy; of all else the policy that comes last in the alphabet decides. */
const overlaid = (
  base: Settings,
  policies: readonly RemediationPolicy[],
  compiled: (policy: RemediationPolicy) => CompiledRules,
): Settings =>
  policies
    .toSorted((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1))
    .reduce<Settings>((settings, policy) => {
      const { spec } = policy;
      const { name, rules, windows, problems } = compiled(policy);
      const { paused, budgets, protected: shielded } = spec;
      return {
        paused: settings.paused || paused === true,
        stabilisationSeconds: spec.stabilisationSeconds ?? settings.stabilisationSeconds,
        coolOffSeconds: spec.coolOffSeconds ?? settings.coolOffSeconds,
        approvalExpirySeconds: spec.approvalExpirySeconds ?? settings.approvalExpirySeconds,
        verificationSeconds: spec.verificationSeconds ?? settings.verificationSeconds,
        reminderSeconds: spec.reminderSeconds ?? settings.reminderSeconds,
        maxAttempts: spec.maxAttempts ?? settings.maxAttempts,
        retentionSeconds: spec.retentionSeconds ?? settings.retentionSeconds,
        noActionRetentionSeconds: spec.noActionRetentionSeconds ?? settings.noActionRetentionSeconds,
        maxOpenRequests: spec.maxOpenRequests ?? settings.maxOpenRequests,
        // An empty list would allow no decision at all.
        approvers: spec.approvers?.length ? spec.approvers : settings.approvers,
        minApprovers: spec.minApprovers ?? settings.minApprovers,
        ownMinApprovers: settings.ownMinApprovers,
        perNamespacePerHour: budgets?.perNamespacePerHour ?? settings.perNamespacePerHour,
        perHour: budgets?.perHour ?? settings.perHour,
        podsPerNamespacePerHour: budgets?.podsPerNamespacePerHour ?? settings.podsPerNamespacePerHour,
        podsPerHour: budgets?.podsPerHour ?? settings.podsPerHour,
        blastRadius: { ...settings.blastRadius, ...spec.blastRadius },
        limits: { ...settings.limits, ...spec.limits },
        protectedNamespaces: union(settings.protectedNamespaces, shielded?.namespaces),
        protectedKinds: union(settings.protectedKinds, shielded?.kinds),
        protectedObjects: [...settings.protectedObjects, ...(shielded?.objects ?? [])],
        freezes: [...settings.freezes, ...windows],
        rules: joined([settings.rules, rules]),
        ownAutonomy: [],
        tenants: new Map(),
        restrictions: [...settings.restrictions, ...problems.map((problem) => `${name} is not valid: ${problemText(problem)}`)],
      };
    }, base);

/** The same for a caller that asks again and again: each policy is compiled once. Policies are frozen, so their identity is their content. */
export const createSettingsReader = (ownNamespace: string): ((policies: readonly RemediationPolicy[]) => Settings) => {
  const known = new WeakMap<RemediationPolicy, CompiledRules>();
  const compiled: Compile = (policy) => {
    const found = known.get(policy) ?? compileRules(policy, ownNamespace);
    known.set(policy, found);
    return found;
  };
  let last: { readonly policies: readonly RemediationPolicy[]; readonly settings: Settings } | undefined;
  return (policies) => {
    const isSame = policies.length === last?.policies.length && policies.every((policy, index) => policy === last?.policies[index]);
    if (last === undefined || !isSame) last = { policies, settings: settingsFrom(policies, ownNamespace, compiled) };
    return last.settings;
  };
};

const union = (known: readonly string[], more: readonly string[] = []): readonly string[] => [...new Set([...known, ...more])];
