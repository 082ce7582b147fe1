// Policies outside Kintsugi's own namespace: each holds in its namespace only, and may only tighten. Pure.
import type { RemediationPolicy } from "#api/kinds/remediation-policy.ts";
import type { ObjectReference } from "#api/object.ts";
import { parseQuantity } from "#lib/quantity.ts";
import type { RuleProblem } from "#policy/rules.ts";
import type { Settings } from "#policy/settings.ts";

type Spec = RemediationPolicy["spec"];

/**
 * Fields that could loosen what Kintsugi's own policies say, or that concern more than one namespace. Refused at admission, and a problem
 * of the policy where admission was bypassed. An environment, for one, decides which of the other rules hold.
 */
export const reservedFields = [
  "environments",
  "priorities",
  "criticality",
  "approvers",
  "stabilisationSeconds",
  "coolOffSeconds",
  "approvalExpirySeconds",
  "verificationSeconds",
  "maxAttempts",
  "retentionSeconds",
  "noActionRetentionSeconds",
  "maxOpenRequests",
] as const satisfies readonly (keyof Spec)[];

/** The same, one level down. */
export const reservedBelow = { budgets: ["perHour", "podsPerHour"], protected: ["namespaces"] } as const;

/** A file without a namespace is about the installation. */
export const isTenantPolicy = ({ metadata: { namespace } }: RemediationPolicy, ownNamespace: string): boolean =>
  namespace !== "" && namespace !== ownNamespace;

export const tenantProblems = (spec: Spec, ownNamespace: string): readonly RuleProblem[] => {
  const fields = [
    ...reservedFields.filter((field) => spec[field] !== undefined),
    ...reservedBelow.budgets.filter((field) => spec.budgets?.[field] !== undefined).map((field) => `budgets.${field}`),
    ...reservedBelow.protected.filter((field) => spec.protected?.[field] !== undefined).map((field) => `protected.${field}`),
    ...(spec.autonomy ?? []).flatMap(({ approvers }, index) => (approvers === undefined ? [] : [`autonomy[${index}].approvers`])),
  ];
  return fields.map((field) => ({
    field: `spec.${field}`,
    line: 1,
    column: 1,
    message: `only a policy in namespace ${ownNamespace} sets it; another one may only tighten`,
  }));
};

/** Whose policies concern an object: a namespace is a target by its own name, and all in it by theirs. */
export const namespaceOf = ({ kind, namespace, name }: ObjectReference): string | undefined => (kind === "Namespace" ? name : namespace);

/** The settings for objects of this namespace. Guarantees: nothing that they allow is forbidden without the namespace's own policies. */
export const settingsIn = (settings: Settings, namespace: string | undefined): Settings => {
  const own = namespace === undefined ? undefined : settings.tenants.get(namespace);
  return own === undefined ? settings : tightened(settings, own);
};

const tightened = (settings: Settings, own: Settings): Settings => ({
  ...settings,
  paused: settings.paused || own.paused,
  ownMinApprovers: own.minApprovers,
  perNamespacePerHour: Math.min(settings.perNamespacePerHour, own.perNamespacePerHour),
  podsPerNamespacePerHour: Math.min(settings.podsPerNamespacePerHour, own.podsPerNamespacePerHour),
  limits: lowest(settings.limits, own.limits),
  blastRadius: lowest(settings.blastRadius, own.blastRadius),
  protectedKinds: [...settings.protectedKinds, ...own.protectedKinds],
  protectedObjects: [...settings.protectedObjects, ...own.protectedObjects],
  freezes: [...settings.freezes, ...own.freezes],
  rules: { ...settings.rules, freezes: [...settings.rules.freezes, ...own.rules.freezes] },
  ownAutonomy: own.rules.autonomy,
  restrictions: [...settings.restrictions, ...own.restrictions],
});

type Limits = Readonly<Record<string, string | number | undefined>>;

const lowest = <T extends Limits>(limits: T, own: T): T => ({
  ...limits,
  ...Object.fromEntries(Object.entries(own).filter(([name, most]) => isLower(most, limits[name]))),
});

/** An amount that cannot be read is below every other: nothing fits it. */
const isLower = (most: string | number | undefined, known: string | number | undefined): boolean => {
  if (most === undefined || known === undefined) return most !== undefined;
  const [value, limit] = [parseQuantity(String(most)), parseQuantity(String(known))];
  return value === undefined || (limit !== undefined && value < limit);
};
