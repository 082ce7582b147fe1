// What policy says of a planned step now, whatever it said when the step was planned: asked before every side effect. Pure.
import type { Permission } from "#api/fields.ts";
import { asSentence } from "#lib/words.ts";
import { type ApproversNeeded, approversNeeded } from "#policy/approval-terms.ts";
import { leastAutonomy } from "#policy/autonomy.ts";
import { criticalityFor } from "#policy/criticality.ts";
import { freezeHold } from "#policy/freeze.ts";
import { permissionFor, type PermissionQuestion } from "#policy/permission.ts";
import { subjectVariables } from "#policy/rules.ts";

export interface JudgeQuestion extends PermissionQuestion {
  readonly step: PermissionQuestion["step"] & {
    /** What policy said when the step was planned. A plan without it is of an older version and needs an approval. */
    readonly permission?: Permission | undefined;
  };
  readonly now: number;
}

export type Judgement = {
  /** The decision of now, for the record. */
  readonly permission: Permission;
} & (
  | { readonly kind: "allowed" }
  | { readonly kind: "refused"; readonly why: string }
  | { readonly kind: "needsApproval"; readonly by: ApproversNeeded; readonly why: string }
);

export const judge = (question: JudgeQuestion): Judgement => {
  const { step, labels, settings, now } = question;
  const { target, action } = step;
  const permission = permissionFor(question);
  const { environment } = permission;
  const criticality = criticalityFor(target, labels, environment, settings.rules);
  const hold = freezeHold(settings, now, [{ ...subjectVariables(target, labels), environment, criticality, action }]);
  if (hold !== undefined) return { permission, kind: "refused", why: `${asSentence(hold.why)}.` };
  const planned = step.permission ?? { autonomy: "approve", reason: "the plan does not say which rule allowed it" };
  const autonomy = leastAutonomy(permission.autonomy, planned.autonomy);
  const why = autonomy === permission.autonomy ? permission.reason : planned.reason;
  if (autonomy === "auto") return { permission, kind: "allowed" };
  if (autonomy !== "approve") return { permission, kind: "refused", why: `Policy does not allow it now: ${why}.` };
  return { permission, kind: "needsApproval", by: approversNeeded([{ target, permission }], settings), why };
};
