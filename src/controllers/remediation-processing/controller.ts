// Finds out once what there is to know of a target before its trouble is analysed. Never looks again: the answer is a record.
import { mayBecome } from "#api/define-kind.ts";
import { RemediationProcessing, processingTransitions } from "#api/kinds/remediation-processing.ts";
import { keyOf } from "#api/object.ts";
import type { RoleDeps } from "#runtime/role-deps.ts";
import type { Controller } from "#kube/controller.ts";
import { writeStatus } from "#kube/write-status.ts";
import { decide, phaseOf } from "#controllers/remediation-processing/decide.ts";
import { createObserve } from "#controllers/remediation-processing/observe.ts";

export const createRemediationProcessingController = (deps: RoleDeps): Controller => {
  const processings = deps.caches.of(RemediationProcessing, { namespace: deps.namespace });
  const observe = createObserve(deps);
  return {
    name: "remediation-processing",
    concurrency: 8,
    watches: [{ store: processings, keysOf: (processing) => [keyOf(processing)] }],
    reconcile: async (key, { signal, log }) => {
      const processing = processings.get(key);
      if (processing === undefined || processing.metadata.deletionTimestamp !== undefined) return "rest";
      const from = phaseOf(processing);
      // Everything that it looks at is of this moment: a finished one is not even observed.
      if (processingTransitions[from].length === 0) return "rest";
      const decision = decide(await observe(processing, signal), deps.clock.now());
      if (decision.do === "wait") return "rest";
      const to = decision.status.phase ?? from;
      if (!mayBecome(processingTransitions, from, to)) throw new Error(`a processing may not go from ${from} to ${to}`);
      await writeStatus(deps.kube, processings, RemediationProcessing, processing, decision.status, signal);
      log.info(decision.status.message ?? "", { request: processing.spec.request, phase: to, autonomy: decision.status.autonomy });
      return "rest";
    },
  };
};
