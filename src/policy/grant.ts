// What policy lets Kintsugi do with a whole plan: the strictest answer for any of its steps, each asked about its own target. Pure.
import type { Autonomy, Permission, Risk, Step } from "#api/fields.ts";
import { type ObjectReference, referenceText } from "#api/object.ts";
import { leastAutonomy } from "#policy/autonomy.ts";
import { approversNeeded } from "#policy/approval-terms.ts";
import { permissionFor, type PolicyLabels } from "#policy/permission.ts";
import type { Settings } from "#policy/settings.ts";

export interface Grant {
  readonly value: Autonomy;
  /** For people: why not more, or why so much. */
  readonly why: string;
  /** One for each step, in the order of the plan. */
  readonly permissions: readonly Permission[];
}

export interface GrantQuestion {
  readonly plan: {
    readonly steps: readonly Pick<Step, "action" | "target" | "parameters" | "blast">[];
    readonly risk: Risk;
    readonly reversible: boolean;
  };
  /** The object that the alert is about. */
  readonly alerted: ObjectReference;
  /** Of each step's target. */
  readonly labelsOf: (target: ObjectReference) => PolicyLabels;
  readonly ownNamespace: string;
  readonly settings: Settings;
}

/**
 * Guarantees: no step has more autonomy than its own target's namespace grants, and a plan no more than any of its steps.
 * An object of another namespace than the alerted one is never changed without an approval.
 */
export const grantFor = ({ plan, alerted, labelsOf, ownNamespace, settings }: GrantQuestion): Grant => {
  const { steps, risk, reversible } = plan;
  const answers = steps.map((step) => {
    const permission = permissionFor({ step, labels: labelsOf(step.target), risk, reversible, ownNamespace, settings });
    return permission.autonomy === "auto" && step.target.namespace !== alerted.namespace
      ? { ...permission, autonomy: "approve" as const, reason: crossing(step.target, alerted) }
      : permission;
  });
  const [first, ...others] = answers;
  if (first === undefined) return { value: "off", why: "the plan has no step", permissions: [] };
  const strictest = others.reduce((least, each) => (stricter(each.autonomy, least.autonomy) ? each : least), first);
  const grant = limited({ value: strictest.autonomy, why: strictest.reason, permissions: answers }, strictest.autonomy, strictest.reason);
  const permitted = steps.map(({ target }, index) => ({ target, permission: answers[index] }));
  return grant.value === "approve" && approversNeeded(permitted, settings).approvers.length === 0
    ? limited(grant, "off", "the rules name no approver who may approve every step of the plan")
    : grant;
};

/** The grant with no more than `most`; every step records what the plan as a whole may do. */
export const limited = (grant: Grant, most: Autonomy, why: string): Grant => {
  const value = leastAutonomy(grant.value, most);
  const reason = value === grant.value ? grant.why : why;
  return {
    value,
    why: reason,
    permissions: grant.permissions.map((permission) =>
      permission.autonomy === value ? permission : { ...permission, autonomy: value, reason },
    ),
  };
};

const stricter = (a: Autonomy, b: Autonomy): boolean => a !== b && leastAutonomy(a, b) === a;

const crossing = (target: ObjectReference, alerted: ObjectReference): string =>
  `${referenceText(target)} needs approval, because it is not in the namespace of ${referenceText(alerted)}, which the alert is about`;
