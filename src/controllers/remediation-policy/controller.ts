// Says in the status of each policy whether it is valid, and for which generation. Never changes a policy's spec.
import { RemediationPolicy } from "#api/kinds/remediation-policy.ts";
import type { RoleDeps } from "#runtime/role-deps.ts";
import { phaseController } from "#controllers/phase-controller.ts";
import { type PolicyObservation, phases, transitions, type Words } from "#controllers/remediation-policy/decide.ts";
import type { Controller } from "#kube/controller.ts";

export const createRemediationPolicyController = (deps: RoleDeps): Controller =>
  phaseController<RemediationPolicy, Words, PolicyObservation>(deps, {
    name: "remediation-policy",
    concurrency: 1,
    type: RemediationPolicy,
    store: deps.caches.of(RemediationPolicy),
    watches: [],
    transitions,
    phases,
    observe: async (policy) => ({ policy, ownNamespace: deps.namespace }),
    act: async (effect) => effect,
    warnings: ["RulesInvalid"],
  });
