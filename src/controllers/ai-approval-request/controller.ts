// Counts the decisions of people about a repair, and voids a request whose objects changed meanwhile. Never writes a decision itself.
import { phaseOf } from "#api/define-kind.ts";
import { AIApprovalRequest, approvalTransitions } from "#api/kinds/ai-approval-request.ts";
import { RemediationRequest } from "#api/kinds/remediation-request.ts";
import { apiVersionOf, keyOf, type KubeObject, type ObjectReference } from "#api/object.ts";
import type { Transition } from "#api/transition.ts";
import { objectKey, referenceOf } from "#actions/change.ts";
import { CachedAdmissionBindings, CachedAdmissionPolicies } from "#cluster/cached-kinds.ts";
import { type ApprovalObservation, phases, type Words } from "#controllers/ai-approval-request/decide.ts";
import { observe } from "#controllers/ai-approval-request/observe.ts";
import { metrics as definitions, watchedTypes } from "#controllers/ai-approval-request/role.ts";
import type { RoleDeps } from "#runtime/role-deps.ts";
import { phaseController } from "#controllers/phase-controller.ts";
import type { Controller } from "#kube/controller.ts";
import { fromTimestamp } from "#lib/clock.ts";
import type { Metrics } from "#lib/metrics.ts";

/** Pending approvals by the objects that they would change. */
const byObject = "changed-object";
/** Pending approvals by their request. */
const byRequest = "asking-request";

export const createAIApprovalRequestController = (deps: RoleDeps): Controller => {
  const approvals = deps.caches.of(
    AIApprovalRequest,
    { namespace: deps.namespace },
    { [byObject]: changedObjects, [byRequest]: owningRequest },
  );
  return phaseController<AIApprovalRequest, Words, ApprovalObservation>(deps, {
    name: "ai-approval-request",
    concurrency: 4,
    type: AIApprovalRequest,
    store: approvals,
    watches: [
      // A request that ends voids its pending approval.
      {
        store: deps.caches.of(RemediationRequest, { namespace: deps.namespace }),
        keysOf: (request) => approvals.index(byRequest, request.metadata.name).map(keyOf),
      },
      // A changed admission policy concerns every pending approval.
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
    transitions: approvalTransitions,
    phases,
    observe: (approval, { signal }) => observe(deps, deps.guardrails.approvals(), approval, signal),
    act: async (effect) => effect,
    warnings: ["Rejected", "Overridden", "Expired", "Void"],
    measure: createMeasure(deps.metrics),
  });
};

const createMeasure = (metrics: Metrics) => {
  const total = metrics.counter(definitions.approvals);
  const seconds = metrics.histogram(definitions.approvalTime);
  return ({ to }: Transition, { metadata }: AIApprovalRequest, after: AIApprovalRequest, now: number): void => {
    if (after.status?.completedAt === undefined) return;
    total.add({ phase: to });
    seconds.observe((now - (fromTimestamp(metadata.creationTimestamp) ?? now)) / 1000);
  };
};

const owningRequest = (approval: AIApprovalRequest): readonly string[] => (phaseOf(approval) === "Pending" ? [approval.spec.request] : []);

const changedObjects = (approval: AIApprovalRequest): readonly string[] => {
  if (phaseOf(approval) !== "Pending") return [];
  const objects: readonly ObjectReference[] = [
    ...approval.spec.diffs.map(({ object }) => object),
    ...approval.spec.steps.map(({ target }) => target),
  ];
  return [...new Set(objects.map(objectKey))];
};
