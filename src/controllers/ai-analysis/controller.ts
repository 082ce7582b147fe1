// Investigates the target of a request, proposes repairs, and waits for approval where policy requires it. Changes nothing in the user's cluster.
import { AIAnalysis, analysisTransitions } from "#api/kinds/ai-analysis.ts";
import { AIApprovalRequest } from "#api/kinds/ai-approval-request.ts";
import { RemediationRequest } from "#api/kinds/remediation-request.ts";
import type { Transition } from "#api/transition.ts";
import { act } from "#controllers/ai-analysis/act.ts";
import { type AnalysisObservation, phases, type Words } from "#controllers/ai-analysis/decide.ts";
import { type AnalysisDeps, observe } from "#controllers/ai-analysis/observe.ts";
import { metrics as definitions } from "#controllers/ai-analysis/role.ts";
import { createSecretNamesRight } from "#cluster/secret-names.ts";
import { phaseController } from "#controllers/phase-controller.ts";
import type { Controller } from "#kube/controller.ts";
import { fromTimestamp } from "#lib/clock.ts";
import type { Metrics } from "#lib/metrics.ts";

export const createAIAnalysisController = (deps: AnalysisDeps): Controller => {
  const scope = { namespace: deps.namespace };
  const approvals = deps.caches.of(AIApprovalRequest, scope);
  const requests = deps.caches.of(RemediationRequest, scope);
  const sources = { ...deps, approvals, requests, maySeeSecretNames: createSecretNamesRight(deps.kube, deps.clock) };
  return phaseController<AIAnalysis, Words, AnalysisObservation>(deps, {
    name: "ai-analysis",
    concurrency: 4,
    type: AIAnalysis,
    store: deps.caches.of(AIAnalysis, scope),
    watches: [
      {
        store: approvals,
        keysOf: ({ metadata }) =>
          (metadata.ownerReferences ?? [])
            .filter((owner) => owner.kind === AIAnalysis.kind)
            .map((owner) => ({ namespace: deps.namespace, name: owner.name })),
      },
    ],
    transitions: analysisTransitions,
    phases,
    observe: (analysis, pass) => observe(sources, analysis, pass),
    act: (effect, seen, pass) => act(sources, effect, seen, pass),
    warnings: ["ManualReviewRequired"],
    measure: createMeasure(deps.metrics),
  });
};

const createMeasure = (metrics: Metrics) => {
  const total = metrics.counter(definitions.analyses);
  const seconds = metrics.histogram(definitions.analysisTime);
  return (_: Transition, before: AIAnalysis, { metadata, status }: AIAnalysis, now: number): void => {
    if (status?.completedAt !== undefined) total.add({ verdict: status.verdict ?? "none", result: status.result ?? "none" });
    if (before.status?.verdict === undefined) seconds.observe((now - (fromTimestamp(metadata.creationTimestamp) ?? now)) / 1000);
  };
};
