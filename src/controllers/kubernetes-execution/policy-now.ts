// What policy says about one execution at this moment: asked when it is checked, and again before its Job is created. Changes nothing.
import { AIApprovalRequest } from "#api/kinds/ai-approval-request.ts";
import type { KubernetesExecution } from "#api/kinds/kubernetes-execution.ts";
import type { BlastRadius, Permission, Risk } from "#api/fields.ts";
import { MANAGED_LABEL } from "#api/labels.ts";
import { referenceText } from "#api/object.ts";
import { readPolicyLabels } from "#cluster/policy-labels.ts";
import type { RoleDeps } from "#runtime/role-deps.ts";
import { type ApproversNeeded, outdatedApproval } from "#policy/approval-terms.ts";
import { judge } from "#policy/judge.ts";
import { holderText, isManaged } from "#policy/permission.ts";

export type PolicyDeps = Pick<RoleDeps, "kube" | "clock" | "settings" | "guardrails" | "namespace">;

export interface PolicyNow {
  /** What forbids the change, as a sentence; undefined where nothing does. */
  readonly refusal?: string | undefined;
  /** The decision, for the record; undefined where no rule had to be asked. */
  readonly permission?: Permission;
}

/** Whatever was allowed when it was planned. An undo needs the opt-in alone: it reverts a change that was allowed. */
export const policyNow = async (
  deps: PolicyDeps,
  { spec }: KubernetesExecution,
  { risk, reversible, blast }: { readonly risk: Risk; readonly reversible: boolean; readonly blast: BlastRadius | undefined },
  signal: AbortSignal,
): Promise<PolicyNow> => {
  const { target } = spec;
  const missing = deps.guardrails.missing();
  if (missing.length > 0)
    return { refusal: `The admission policies that bound Kintsugi are not in force (${missing.slice(0, 3).join("; ")}). Install them.` };
  const labels = await readPolicyLabels(deps.kube, target, signal);
  if (!isManaged(labels)) return { refusal: `${holderText(target)} is not opted in: label it ${MANAGED_LABEL}=true.` };
  if (spec.undoes !== undefined) return {};
  const settings = deps.settings();
  const judgement = judge({
    step: { ...spec, blast },
    labels,
    risk,
    reversible,
    ownNamespace: deps.namespace,
    settings,
    now: deps.clock.now(),
  });
  const { permission } = judgement;
  if (judgement.kind === "allowed") return { permission };
  if (judgement.kind === "refused") return { permission, refusal: judgement.why };
  const objection = await unapproved(deps, spec, judgement.by, signal);
  return { permission, refusal: objection === undefined ? undefined : `Approval required, and ${objection}: ${judgement.why}.` };
};

/** Why the execution is not the approved one; absent where it is. */
const unapproved = async (
  { kube, namespace }: PolicyDeps,
  { approval, request, step, action, target, changesHash }: KubernetesExecution["spec"],
  needed: ApproversNeeded,
  signal: AbortSignal,
): Promise<string | undefined> => {
  if (approval === undefined) return "it has none";
  const found = await kube.get(AIApprovalRequest, { namespace, name: approval.name }, { signal });
  if (found?.metadata.uid !== approval.uid) return `AIApprovalRequest ${approval.name} no longer exists`;
  const { phase = "Pending" } = found.status ?? {};
  if (phase !== "Approved") return `AIApprovalRequest ${approval.name} is ${phase}`;
  const isCovered =
    found.spec.request === request &&
    found.spec.steps.some(
      (each) =>
        each.id === step &&
        each.action === action &&
        each.changesHash === changesHash &&
        referenceText(each.target) === referenceText(target),
    );
  if (!isCovered) return `AIApprovalRequest ${approval.name} covers another change`;
  const { approvers, decisions } = found.spec;
  const approvedBy = new Set(decisions.filter(({ decision }) => decision === "Approved").map(({ by }) => by)).size;
  const outdated = outdatedApproval({ approvers, approvedBy }, needed);
  return outdated === undefined ? undefined : `AIApprovalRequest ${approval.name} does not count: ${outdated}`;
};
