// What a decision about a waiting request may look at besides its children: changes of others, its leader, whether its target is well. Reads the caches;
// asks for the saved journal only when a decision is due.
import { phaseOf } from "#api/define-kind.ts";
import type { AIAnalysis } from "#api/kinds/ai-analysis.ts";
import type { RemediationRequest, RequestPhase } from "#api/kinds/remediation-request.ts";
import type { RemediationProcessing } from "#api/kinds/remediation-processing.ts";
import type { WorkflowExecution } from "#api/kinds/workflow-execution.ts";
import { ACT_MANAGER } from "#api/labels.ts";
import { referenceText } from "#api/object.ts";
import type { CachedNamespace } from "#cluster/cached-kinds.ts";
import type { JournalReader } from "#cluster/journal/journal-reader.ts";
import type { JournalKeeper } from "#cluster/journal/keep-journal.ts";
import type { Track } from "#cluster/journal/track.ts";
import type { Targets } from "#cluster/targets.ts";
import { alertsResolved, type RequestObservation } from "#controllers/remediation-request/observed.ts";
import { earlierWithCause, leaderFor } from "#controllers/remediation-request/leader.ts";
import { outsideChanges } from "#controllers/remediation-request/outside-changes.ts";
import type { Store } from "#kube/store.ts";
import { fromTimestamp } from "#lib/clock.ts";
import { policyContextOf } from "#policy/permission.ts";
import type { Settings } from "#policy/settings.ts";

export interface WaitingSources {
  readonly requests: Store<RemediationRequest>;
  readonly workflows: Store<WorkflowExecution>;
  readonly targets: Pick<Targets, "health">;
  readonly namespaces: Pick<Store<CachedNamespace>, "get">;
  /** Kintsugi's own. */
  readonly ownNamespace: string;
  readonly journal: JournalReader;
  /** Absent where this process keeps no journal. */
  readonly journalKeeper?: Pick<JournalKeeper, "tracks">;
}

type Waiting = Pick<RequestObservation, "policyChange" | "changes" | "repairedBy" | "isWell" | "leader">;

const beforeRepair: ReadonlySet<RequestPhase> = new Set(["Pending", "Processing", "Analyzing", "AwaitingApproval", "Blocked"]);

export const observeWaiting = async (
  sources: WaitingSources,
  {
    request,
    processing,
    analysis,
    quietAtMs,
    settings,
  }: Pick<RequestObservation, "request" | "processing" | "analysis" | "quietAtMs"> & { readonly settings: Settings },
  { now, signal }: { readonly now: number; readonly signal: AbortSignal },
): Promise<Waiting> => {
  const phase = phaseOf(request);
  const leader = leaderOf(sources.requests, request, analysis);
  const isQuiet = quietAtMs !== undefined && now >= quietAtMs;
  const isAwaited = phase === "AwaitingPerson";
  const tracks =
    isAwaited || (isQuiet && beforeRepair.has(phase))
      ? (sources.journalKeeper?.tracks() ?? (isQuiet ? (await sources.journal(signal))?.tracks : undefined))
      : undefined;
  const isWell = (isAwaited || phase === "Following") && isTargetWell(sources.targets, request, settings, now);
  const policyChange = isAwaited ? policyChangeOf(sources, request, processing, settings) : undefined;
  return {
    ...(leader === undefined ? {} : { leader }),
    ...(policyChange === undefined ? {} : { policyChange }),
    ...(isWell ? { isWell } : {}),
    ...(tracks === undefined ? {} : nearby(sources, request, tracks, now)),
  };
};

const nearby = ({ workflows }: WaitingSources, request: RemediationRequest, tracks: readonly Track[], now: number): Waiting => {
  const from = fromTimestamp(request.metadata.creationTimestamp) ?? 0;
  const { causeObject } = request.status ?? {};
  const objects = causeObject === undefined ? [request.spec.target] : [request.spec.target, causeObject];
  const repairs = workflows
    .list()
    .filter(({ spec, status }) => spec.request !== request.metadata.name && status?.phase === "Completed")
    .filter(({ status }) => (fromTimestamp(status?.completedAt) ?? 0) >= from);
  const theirs =
    repairs.length === 0
      ? []
      : outsideChanges(tracks, objects, { from, to: now }, (by) => by === ACT_MANAGER).map(({ object }) => referenceText(object));
  const repair = repairs.find(({ spec }) => theirs.includes(referenceText(spec.target)));
  return {
    changes: outsideChanges(tracks, objects, { from, to: now }),
    ...(repair === undefined ? {} : { repairedBy: { request: repair.spec.request, object: referenceText(repair.spec.target) } }),
  };
};

/** A cluster-scoped target has its labels in itself, which no cache keeps. */
const policyChangeOf = (
  { namespaces, ownNamespace }: WaitingSources,
  { spec: { target } }: RemediationRequest,
  processing: RemediationProcessing | undefined,
  settings: Settings,
): string | undefined => {
  const before = processing?.status?.autonomy;
  const namespace = target.namespace === undefined ? undefined : namespaces.get({ name: target.namespace });
  if (before === undefined || namespace === undefined) return undefined;
  const { autonomy } = policyContextOf({ target, labels: namespace.metadata.labels, ownNamespace, settings });
  return autonomy === before ? undefined : `policy for ${referenceText(target)} changed from ${before} to ${autonomy}`;
};

const leaderOf = (
  requests: Store<RemediationRequest>,
  request: RemediationRequest,
  analysis: AIAnalysis | undefined,
): RemediationRequest | undefined => {
  const { namespace } = request.metadata;
  const { leader } = request.status ?? {};
  if (phaseOf(request) === "Following") return leader === undefined ? undefined : requests.get({ namespace, name: leader });
  if (phaseOf(request) === "AwaitingPerson") return earlierWithCause(requests, request);
  const { phase, result, rootCause } = analysis?.status ?? {};
  const hasAnswer = phase === "AwaitingApproval" || (phase === "Completed" && result !== "NothingToDo");
  return phaseOf(request) === "Analyzing" && hasAnswer && rootCause !== undefined
    ? leaderFor(requests, request, rootCause.object)
    : undefined;
};

const isTargetWell = (targets: Pick<Targets, "health">, request: RemediationRequest, settings: Settings, now: number): boolean => {
  const { state, crashedAtMs } = targets.health(request.spec.target);
  const isSettled = crashedAtMs === undefined || crashedAtMs + settings.stabilisationSeconds * 1000 <= now;
  return state === "Missing" || (state === "Healthy" && isSettled);
};

/** How many stabilisation windows a request that awaits a person outlives its alerts: what comes and goes is one incident. */
const settleWindows = 5;

/** When the alerts count as gone for good: later each time that one has come back. */
export const settledAtMs = (request: RemediationRequest, settings: Settings): number => {
  const alerts = Object.values(request.status?.alerts ?? {});
  if (phaseOf(request) !== "AwaitingPerson" || !alertsResolved(request)) return 0;
  const last = Math.max(...alerts.map(({ resolvedAt }) => fromTimestamp(resolvedAt) ?? 0));
  const returns = Math.max(...alerts.map(({ firings = 1 }) => firings)) - 1;
  const seconds = Math.min(settings.coolOffSeconds, settings.stabilisationSeconds * settleWindows * 2 ** Math.min(returns, 20));
  return last + seconds * 1000;
};
