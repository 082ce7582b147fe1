// Says in the status of each policy whether it is in force, and for which generation. Never changes a policy's spec.
import { RemediationPolicy } from "#api/kinds/remediation-policy.ts";
import { keyOf } from "#api/object.ts";
import type { RoleDeps } from "#runtime/role-deps.ts";
import { statusOf } from "#controllers/remediation-policy/decide.ts";
import type { Controller } from "#kube/controller.ts";
import { writeStatus } from "#kube/write-status.ts";

export const createRemediationPolicyController = ({ kube, caches, clock, namespace }: RoleDeps): Controller => {
  const policies = caches.of(RemediationPolicy, { namespace });
  return {
    name: "remediation-policy",
    concurrency: 1,
    watches: [{ store: policies, keysOf: (policy) => [keyOf(policy)] }],
    reconcile: async (key, { signal, log }) => {
      const policy = policies.get(key);
      if (policy === undefined || policy.metadata.deletionTimestamp !== undefined) return "rest";
      const status = statusOf(policy, clock.now());
      await writeStatus(kube, policies, RemediationPolicy, policy, status, signal);
      const ready = status.conditions?.find(({ type }) => type === "Ready");
      if (ready?.status === "False") log.warn("the policy is not valid", { policy: key.name, message: ready.message });
      return "rest";
    },
  };
};
