// The orchestrator: brings one request from its alert to its outcome, one child at a time. Never touches the user's cluster itself.
import { isTerminal, phaseOf } from "#api/define-kind.ts";
import { AIAnalysis } from "#api/kinds/ai-analysis.ts";
import { RemediationPolicy } from "#api/kinds/remediation-policy.ts";
import { RemediationProcessing } from "#api/kinds/remediation-processing.ts";
import { RemediationRequest, requestTransitions } from "#api/kinds/remediation-request.ts";
import { WorkflowExecution } from "#api/kinds/workflow-execution.ts";
import { REQUEST_LABEL } from "#api/labels.ts";
import { type Key, keyOf, type KubeObject } from "#api/object.ts";
import { CachedAdmissionBindings, CachedAdmissionPolicies, CachedNamespaces } from "#cluster/cached-kinds.ts";
import { targetKey, watchTargets } from "#cluster/targets.ts";
import type { RoleDeps } from "#runtime/role-deps.ts";
import type { Controller, Watch } from "#kube/controller.ts";
import type { Store } from "#kube/store.ts";
import { phaseController } from "#controllers/phase-controller.ts";
import { act, write } from "#controllers/remediation-request/act.ts";
import { phases } from "#controllers/remediation-request/decide.ts";
import { createMeasure } from "#controllers/remediation-request/measures.ts";
import { alertsResolved, observe, workflowIndexes } from "#controllers/remediation-request/observe.ts";
import type { Observed, Words } from "#controllers/remediation-request/observed.ts";
import { statusAfter } from "#controllers/remediation-request/status.ts";

const blocked = "blockedRequests";
const byTarget = "activeRequestsByTarget";
const indexes = {
  [blocked]: (request: RemediationRequest): readonly string[] => (phaseOf(request) === "Blocked" ? ["yes"] : []),
  [byTarget]: (request: RemediationRequest): readonly string[] =>
    isTerminal(requestTransitions, phaseOf(request)) ? [] : [targetKey(request.spec.target)],
};

export const createRemediationRequestController = (deps: RoleDeps): Controller => {
  const scope = { namespace: deps.namespace };
  const requests = deps.caches.of(RemediationRequest, scope, indexes);
  const processings = deps.caches.of(RemediationProcessing, scope);
  const analyses = deps.caches.of(AIAnalysis, scope);
  const workflows = deps.caches.of(WorkflowExecution, scope, workflowIndexes);
  const targets = watchTargets(deps.caches);
  const namespaces = deps.caches.of(CachedNamespaces);
  const sources = { ...deps, requests, processings, analyses, workflows, targets, namespaces };

  const blockedOnes = (): Key[] => requests.index(blocked, "yes").map(keyOf);
  /** Only those whose alerts are resolved wait for the health of their target. */
  const waitingForHealth = (object: KubeObject): Key[] =>
    targets.concernedBy(object).flatMap((key) => requests.index(byTarget, key).filter(alertsResolved).map(keyOf));
  const unblocks = (store: Store): Watch => ({ store, keysOf: blockedOnes });

  return phaseController<RemediationRequest, Words, Observed>(deps, {
    name: "remediation-request",
    concurrency: 16,
    type: RemediationRequest,
    store: requests,
    watches: [
      { store: processings, keysOf: requestOf },
      { store: analyses, keysOf: requestOf },
      // A repair that ends frees its object for the requests that wait for it.
      { store: workflows, keysOf: (workflow) => [...requestOf(workflow), ...blockedOnes()] },
      unblocks(deps.caches.of(RemediationPolicy)),
      unblocks(deps.caches.of(CachedAdmissionPolicies)),
      unblocks(deps.caches.of(CachedAdmissionBindings)),
      unblocks(namespaces),
      ...targets.stores.map((store) => ({ store, keysOf: waitingForHealth })),
    ],
    transitions: requestTransitions,
    phases,
    observe: (request, pass) => observe(sources, request, pass),
    act: (effect, seen, pass) => act(sources, effect, seen, pass),
    statusAfter,
    write: (request, status, pass) => write(sources, request, status, pass),
    warnings: ["Failed", "TimedOut", "Recovering", "Blocked"],
    measure: createMeasure(deps.metrics),
  });
};

const requestOf = ({ metadata }: KubeObject): Key[] => {
  const name = metadata.labels?.[REQUEST_LABEL];
  return name === undefined || metadata.namespace === undefined ? [] : [{ namespace: metadata.namespace, name }];
};
