// The AIApprovalRequest controller: counts what people decided, and voids a question that the cluster has overtaken. Decides nothing itself.
import { AIApprovalRequest } from "#api/kinds/ai-approval-request.ts";
import { RemediationRequest } from "#api/kinds/remediation-request.ts";
import { apiVersionOf, keyOf, type KubeObject, type ObjectReference } from "#api/object.ts";
import { objectKey, referenceOf } from "#actions/change.ts";
import { CachedAdmissionBindings, CachedAdmissionPolicies } from "#cluster/cached-kinds.ts";
import { createAct } from "#controllers/ai-approval-request/act.ts";
import { decide, phaseOf } from "#controllers/ai-approval-request/decide.ts";
import { observe } from "#controllers/ai-approval-request/observe.ts";
import { watchedTypes } from "#controllers/ai-approval-request/role.ts";
import type { RoleDeps } from "#runtime/role-deps.ts";
import type { Controller } from "#kube/controller.ts";

/** Open questions by the objects that they would change. */
const byObject = "changed-object";
/** Open questions by the request that asks them. */
const byRequest = "asking-request";

export const createAIApprovalRequestController = (deps: RoleDeps): Controller => {
  const approvals = deps.caches.of(
    AIApprovalRequest,
    { namespace: deps.namespace },
    { [byObject]: changedObjects, [byRequest]: askingRequest },
  );
  const act = createAct(deps, approvals);
  return {
    name: "ai-approval-request",
    concurrency: 4,
    watches: [
      { store: approvals, keysOf: (approval) => [keyOf(approval)] },
      // A request that ends while people think has no more use for their answer.
      {
        store: deps.caches.of(RemediationRequest, { namespace: deps.namespace }),
        keysOf: (request) => approvals.index(byRequest, request.metadata.name).map(keyOf),
      },
      // A policy that is changed concerns every open question.
      ...[CachedAdmissionPolicies, CachedAdmissionBindings].map((view) => ({
        store: deps.caches.of<KubeObject>(view),
        keysOf: () => approvals.list(deps.namespace).map(keyOf),
      })),
      ...watchedTypes.map((type) => ({
        store: deps.caches.of(type),
        keysOf: (object: Parameters<typeof referenceOf>[0]) =>
          approvals.index(byObject, objectKey({ ...referenceOf(object), apiVersion: apiVersionOf(type), kind: type.kind })).map(keyOf),
      })),
    ],
    reconcile: async (key, { signal }) => {
      const approval = approvals.get(key);
      if (approval === undefined || approval.metadata.deletionTimestamp !== undefined || phaseOf(approval) !== "Pending") return "rest";
      const seen = await observe(deps, deps.guardrails.approvals(), approval, signal);
      return act(approval, decide(seen, deps.clock.now()), signal);
    },
  };
};

const askingRequest = (approval: AIApprovalRequest): readonly string[] => (phaseOf(approval) === "Pending" ? [approval.spec.request] : []);

const changedObjects = (approval: AIApprovalRequest): readonly string[] => {
  if (phaseOf(approval) !== "Pending") return [];
  const objects: readonly ObjectReference[] = [
    ...approval.spec.diffs.map(({ object }) => object),
    ...approval.spec.steps.map(({ target }) => target),
  ];
  return [...new Set(objects.map(objectKey))];
};
