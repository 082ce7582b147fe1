// Are the admission policies that bound us in force? Read from the caches: Kintsugi does not act where nobody holds it to its rules.
import type { Need } from "#api/object.ts";
import { CachedAdmissionBindings, CachedAdmissionPolicies } from "#cluster/cached-kinds.ts";
import type { Caches } from "#kube/caches.ts";

export const needs: readonly Need[] = ["validatingadmissionpolicies", "validatingadmissionpolicybindings"].map((resource) => ({
  group: "admissionregistration.k8s.io",
  resource,
  verbs: ["get", "list", "watch"],
  scope: "cluster",
}));

/** Asks for the two caches; the function it returns names what is missing or does not deny, and is empty where all is in force. */
export const watchGuardrails = (caches: Caches, names: readonly string[]): (() => readonly string[]) => {
  const policies = caches.of(CachedAdmissionPolicies);
  const bindings = caches.of(CachedAdmissionBindings);
  return () =>
    names.filter((name) => {
      const policy = policies.get({ name });
      const binding = bindings.get({ name });
      const denies = binding?.spec.policyName === name && binding.spec.validationActions?.includes("Deny") === true;
      return policy === undefined || policy.spec.failurePolicy === "Ignore" || !denies;
    });
};
