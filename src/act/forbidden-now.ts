// Whether policy still allows the execution, in the last moment before its changes: a pause, a freeze or an edited rule may be newer than its Job.
import type { KubernetesExecution } from "#api/kinds/kubernetes-execution.ts";
import { RemediationPolicy } from "#api/kinds/remediation-policy.ts";
import type { Need } from "#api/object.ts";
import { irreversible } from "#actions/invert.ts";
import { findAction } from "#actions/registry.ts";
import { needs as labelNeeds, readPolicyLabels } from "#cluster/policy-labels.ts";
import type { Kube } from "#kube/client.ts";
import type { Clock } from "#lib/clock.ts";
import { judge } from "#policy/judge.ts";
import { settingsFrom } from "#policy/settings.ts";
import { namespaceOf } from "#policy/tenant.ts";

/** Of every action's account. Policies are read where they are: no cache of another process is asked. */
export const policyNeeds: readonly Need[] = [
  { group: RemediationPolicy.group, resource: RemediationPolicy.plural, verbs: ["list"], scope: "cluster" },
  ...labelNeeds,
];

export class ForbiddenError extends Error {
  constructor(why: string) {
    super(why);
    this.name = "ForbiddenError";
  }
}

interface Deps {
  readonly kube: Pick<Kube, "get" | "list">;
  readonly clock: Clock;
}

/** Undefined: nothing forbids it. An undo reverts a change that was allowed, so policy does not hold it. The API server checks the opt-in. */
export const forbiddenNow = async ({ kube, clock }: Deps, { metadata, spec, status }: KubernetesExecution): Promise<string | undefined> => {
  if (spec.undoes !== undefined) return undefined;
  const ownNamespace = metadata.namespace;
  const concerned = [...new Set([ownNamespace, namespaceOf(spec.target) ?? ownNamespace])];
  const [labels, ...policies] = await Promise.all([
    readPolicyLabels(kube, spec.target),
    ...concerned.map((namespace) => kube.list(RemediationPolicy, { namespace })),
  ]);
  const judgement = judge({
    step: { ...spec, blast: status?.blast },
    labels,
    risk: findAction(spec.action)?.risk ?? "high",
    reversible: status?.inverse !== irreversible,
    ownNamespace,
    settings: settingsFrom(policies.flat(), ownNamespace),
    now: clock.now(),
  });
  if (judgement.kind === "refused") return judgement.why;
  // The controllers checked the approval itself; an approved execution runs under the account for those.
  return judgement.kind === "needsApproval" && spec.approval === undefined ? `Approval required: ${judgement.why}.` : undefined;
};
