// Removes finished requests when their time is over; their children go with them. Never touches one that is not finished.
import { RemediationPolicy } from "#api/kinds/remediation-policy.ts";
import { RemediationRequest } from "#api/kinds/remediation-request.ts";
import { keyOf } from "#api/object.ts";
import type { RoleDeps } from "#runtime/role-deps.ts";
import { decideRetention } from "#controllers/retention/decide.ts";
import type { Controller } from "#kube/controller.ts";

export const createRetentionController = (deps: RoleDeps): Controller => {
  const requests = deps.caches.of(RemediationRequest, { namespace: deps.namespace });
  const policies = deps.caches.of(RemediationPolicy);
  return {
    name: "retention",
    concurrency: 2,
    watches: [
      { store: requests, keysOf: (request) => [keyOf(request)] },
      // A shorter retention concerns all of them at once.
      { store: policies, keysOf: () => requests.list(deps.namespace).map(keyOf) },
    ],
    reconcile: async (key, { signal, log }) => {
      const request = requests.get(key);
      if (request === undefined) return "rest";
      const decision = decideRetention(request, deps.settings(), deps.clock.now());
      if (decision.do === "nothing") return "rest";
      if (decision.do === "wait") return { afterMs: decision.afterMs };
      await deps.kube.delete(RemediationRequest, key, { uid: request.metadata.uid, propagation: "Background", signal });
      log.info("a finished request was removed", { request: key.name, outcome: request.status?.outcome });
      return "rest";
    },
  };
};
