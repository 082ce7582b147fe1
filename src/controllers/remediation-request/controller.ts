// The orchestrator: brings one request from its alert to its outcome, one child at a time. Never touches the user's cluster itself.
import { phaseOf } from "#api/define-kind.ts";
import { AIAnalysis } from "#api/kinds/ai-analysis.ts";
import { RemediationPolicy } from "#api/kinds/remediation-policy.ts";
import { RemediationProcessing } from "#api/kinds/remediation-processing.ts";
import { type Outcome, RemediationRequest, requestTransitions } from "#api/kinds/remediation-request.ts";
import { WorkflowExecution } from "#api/kinds/workflow-execution.ts";
import { REQUEST_LABEL } from "#api/labels.ts";
import { type Key, keyOf, type KubeObject } from "#api/object.ts";
import { CachedAdmissionBindings, CachedAdmissionPolicies, CachedNamespaces } from "#cluster/cached-kinds.ts";
import type { JournalKeeper } from "#cluster/journal/keep-journal.ts";
import { watchTargets } from "#cluster/targets.ts";
import type { RoleDeps } from "#runtime/role-deps.ts";
import type { Controller, Watch } from "#kube/controller.ts";
import type { Store } from "#kube/store.ts";
import { phaseController } from "#controllers/phase-controller.ts";
import { act, write } from "#controllers/remediation-request/act.ts";
import { phases } from "#controllers/remediation-request/decide.ts";
import { createMeasure } from "#controllers/remediation-request/measures.ts";
import { activeRequestsAbout, followersOf, leaderIndexes, withSameCause } from "#controllers/remediation-request/leader.ts";
import { observe, workflowIndexes } from "#controllers/remediation-request/observe.ts";
import { alertsResolved, type RequestObservation, type Words } from "#controllers/remediation-request/observed.ts";
import { statusAfter } from "#controllers/remediation-request/status.ts";

/** A person is needed, and for a new reason: an unchanged answer has the phase's own name. */
const personReasons: readonly Outcome[] = ["ManualReviewRequired", "Suggested", "Rejected", "ApprovalExpired", "RolledBack", "Error"];
const blocked = "blockedRequests";
const awaited = "awaitingRequests";
const isAwaiting = (request: RemediationRequest): boolean => phaseOf(request) === "AwaitingPerson";

/** Namespaces in which a change may be news for it. */
const awaitedIn = (request: RemediationRequest): readonly string[] => {
  if (!isAwaiting(request)) return [];
  const { namespace = "" } = request.spec.target;
  return [...new Set([namespace, request.status?.causeObject?.namespace ?? namespace])];
};
const indexes = {
  [blocked]: (request: RemediationRequest): readonly string[] => (phaseOf(request) === "Blocked" ? ["yes"] : []),
  [awaited]: awaitedIn,
  ...leaderIndexes,
};

type Deps = RoleDeps & { readonly journalKeeper?: Pick<JournalKeeper, "tracks" | "onChange"> };

export const createRemediationRequestController = (deps: Deps): Controller => {
  const scope = { namespace: deps.namespace };
  const requests = deps.caches.of(RemediationRequest, scope, indexes);
  const processings = deps.caches.of(RemediationProcessing, scope);
  const analyses = deps.caches.of(AIAnalysis, scope);
  const workflows = deps.caches.of(WorkflowExecution, scope, workflowIndexes);
  const targets = watchTargets(deps.caches);
  const namespaces = deps.caches.of(CachedNamespaces);
  const sources = { ...deps, ownNamespace: deps.namespace, requests, processings, analyses, workflows, targets, namespaces };

  const blockedOnes = (): Key[] => requests.index(blocked, "yes").map(keyOf);
  const waitsForHealth = (request: RemediationRequest): boolean => alertsResolved(request) || phaseOf(request) === "Following";
  const waitingForHealth = (object: KubeObject): Key[] =>
    targets.concernedBy(object).flatMap((key) => activeRequestsAbout(requests, key).filter(waitsForHealth).map(keyOf));
  const allAwaiting = (): Key[] => requests.list().filter(isAwaiting).map(keyOf);
  /** Its followers, and those that have found the same cause. */
  const awaitingRequest = (request: RemediationRequest): Key[] =>
    [...followersOf(requests, request.metadata.name), ...withSameCause(requests, request).filter(isAwaiting)].map(keyOf);
  /** Of a namespace; a change of the cluster itself may be news for every one. */
  const awaitingNews = ({ metadata: { namespace } }: KubeObject): Key[] =>
    namespace === undefined ? allAwaiting() : requests.index(awaited, namespace).map(keyOf);
  const unblocks = (store: Store): Watch => ({ store, keysOf: blockedOnes });
  /** What policy allows may be more than it was. */
  const permits = (store: Store): Watch => ({ store, keysOf: () => [...blockedOnes(), ...allAwaiting()] });

  return phaseController<RemediationRequest, Words, RequestObservation>(deps, {
    name: "remediation-request",
    concurrency: 16,
    type: RemediationRequest,
    store: requests,
    watches: [
      { store: requests, keysOf: (request) => awaitingRequest(request as RemediationRequest) },
      ...(deps.journalKeeper === undefined ? [] : [{ store: journalStore(deps.journalKeeper), keysOf: awaitingNews }]),
      { store: processings, keysOf: requestOf },
      { store: analyses, keysOf: requestOf },
      // A repair that ends frees its object for the requests that wait for it.
      { store: workflows, keysOf: (workflow) => [...requestOf(workflow), ...blockedOnes()] },
      permits(deps.caches.of(RemediationPolicy)),
      unblocks(deps.caches.of(CachedAdmissionPolicies)),
      unblocks(deps.caches.of(CachedAdmissionBindings)),
      permits(namespaces),
      ...targets.stores.map((store) => ({ store, keysOf: waitingForHealth })),
    ],
    transitions: requestTransitions,
    phases,
    observe: (request, pass) => observe(sources, request, pass),
    act: (effect, seen, pass) => act(sources, effect, seen, pass),
    statusAfter,
    write: (request, status, pass) => write(sources, request, status, pass),
    warnings: ["Failed", "TimedOut", "Recovering", "Blocked", ...personReasons],
    measure: createMeasure(deps.metrics),
  });
};

/** The journal as something to watch: only which object has changed. */
const journalStore = (keeper: Pick<JournalKeeper, "onChange">): Watch["store"] => ({
  list: () => [],
  whenSynced: () => Promise.resolve(),
  onChange: (listener) =>
    keeper.onChange(({ apiVersion, kind, namespace, name }) => {
      const metadata = { name, ...(namespace === undefined ? {} : { namespace }), uid: "", resourceVersion: "", creationTimestamp: "" };
      listener({ kind: "applied", object: { apiVersion, kind, metadata } });
    }),
});

const requestOf = ({ metadata }: KubeObject): Key[] => {
  const name = metadata.labels?.[REQUEST_LABEL];
  return name === undefined || metadata.namespace === undefined ? [] : [{ namespace: metadata.namespace, name }];
};
