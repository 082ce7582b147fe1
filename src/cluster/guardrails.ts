// Are the admission policies that bound us in force, as this version generates them? Read from the caches: Kintsugi does not act where nothing holds it to its rules.
import type { Need } from "#api/object.ts";
import { CachedAdmissionBindings, CachedAdmissionPolicies } from "#cluster/cached-kinds.ts";
import { type Guardrail, guardrailDifference } from "#cluster/guardrail-differences.ts";
import type { Caches } from "#kube/caches.ts";

export const needs: readonly Need[] = ["validatingadmissionpolicies", "validatingadmissionpolicybindings"].map((resource) => ({
  group: "admissionregistration.k8s.io",
  resource,
  verbs: ["get", "list", "watch"],
  scope: "cluster",
}));

export interface Guardrails {
  /** What is not as generated, in words; empty where all is in force. */
  missing(): readonly string[];
  /**
   * Which version of the approvals policy checks decisions now; undefined while it is not as generated. Another one than when people were
   * asked: it was changed meanwhile, and nothing says who decided in between.
   */
  approvals(): string | undefined;
}

/** Asks for the two caches. `expected`: the generated policies and bindings; `approvals`: the name of the one that checks decisions. */
export const watchGuardrails = (caches: Caches, expected: readonly Guardrail[], approvals: string): Guardrails => {
  const policies = caches.of(CachedAdmissionPolicies);
  const bindings = caches.of(CachedAdmissionBindings);
  const found = ({ kind, metadata: { name } }: Guardrail) =>
    kind === "ValidatingAdmissionPolicy" ? policies.get({ name }) : bindings.get({ name });
  const differences = (guardrails: readonly Guardrail[]): readonly string[] =>
    guardrails.flatMap((guardrail) => guardrailDifference(guardrail, found(guardrail)) ?? []);
  const ofApprovals = expected.filter(({ metadata }) => metadata.name === approvals);
  return {
    missing: () => differences(expected),
    approvals: () =>
      differences(ofApprovals).length > 0
        ? undefined
        : ofApprovals
            .map(found)
            .map((object) => `${object?.metadata.uid}.${object?.metadata.generation ?? 0}`)
            .join("/"),
  };
};
