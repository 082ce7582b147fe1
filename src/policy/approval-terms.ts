// Who may approve a plan, and how many of them have to: for each step what its rule says, else the policies as a whole. Pure.
import type { Permission } from "#api/fields.ts";
import type { ObjectReference } from "#api/object.ts";
import type { Settings } from "#policy/settings.ts";
import { namespaceOf, settingsIn } from "#policy/tenant.ts";

export interface ApproversNeeded {
  readonly approvers: readonly string[];
  readonly minApprovers: number;
}

interface PermittedStep {
  readonly target: ObjectReference;
  readonly permission?: Pick<Permission, "approvers" | "minApprovers"> | undefined;
}

/** An approver of a plan is one of every step. An empty list: no approver is. */
export const approversNeeded = (steps: readonly PermittedStep[], settings: Settings): ApproversNeeded =>
  steps
    .map((step) => ofStep(step, settings))
    .reduce((all, { approvers, minApprovers }) => ({
      approvers: all.approvers.filter((each) => approvers.includes(each)),
      minApprovers: Math.max(all.minApprovers, minApprovers),
    }));

const ofStep = ({ target, permission: { approvers, minApprovers } = {} }: PermittedStep, settings: Settings): ApproversNeeded => ({
  approvers: approvers ?? settings.approvers,
  // A rule may demand fewer than the policies as a whole; the namespace's own policies only demand more.
  minApprovers: Math.max(minApprovers ?? settings.minApprovers, settingsIn(settings, namespaceOf(target)).ownMinApprovers),
});

/** Why an approval that was given does not count under the rules of now; undefined where it does. `approvedBy`: how many approved. */
export const outdatedApproval = (
  given: { readonly approvers: readonly string[]; readonly approvedBy: number },
  { approvers, minApprovers }: ApproversNeeded,
): string | undefined => {
  const former = given.approvers.find((each) => !approvers.includes(each));
  if (former !== undefined) return `${former}, who could approve it, is no longer an approver`;
  return given.approvedBy < minApprovers ? `${given.approvedBy} of ${minApprovers} approvals were given` : undefined;
};
