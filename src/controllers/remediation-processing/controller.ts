// Collects the context of a target once, before its trouble is analyzed. Never collects it again: the answer is a record.
import { RemediationProcessing, processingTransitions } from "#api/kinds/remediation-processing.ts";
import type { RoleDeps } from "#runtime/role-deps.ts";
import type { Controller } from "#kube/controller.ts";
import { phaseController } from "#controllers/phase-controller.ts";
import { type ProcessingObservation, phases, type Words } from "#controllers/remediation-processing/decide.ts";
import { createObserve } from "#controllers/remediation-processing/observe.ts";

export const createRemediationProcessingController = (deps: RoleDeps): Controller => {
  const observe = createObserve(deps);
  return phaseController<RemediationProcessing, Words, ProcessingObservation>(deps, {
    name: "remediation-processing",
    concurrency: 8,
    type: RemediationProcessing,
    store: deps.caches.of(RemediationProcessing, { namespace: deps.namespace }),
    watches: [],
    transitions: processingTransitions,
    phases,
    observe: (processing, { signal }) => observe(processing, signal),
    act: async (effect) => effect,
  });
};
