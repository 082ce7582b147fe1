// Which episode does an alert belong to? Pure: the requests of its target and the time in, what to do out; never reads a cluster or a clock.
import { isTerminal } from "#api/define-kind.ts";
import { type Occurrence, type RemediationRequest, requestTransitions } from "#api/kinds/remediation-request.ts";
import { fromTimestamp } from "#lib/clock.ts";
import type { Signal } from "#services/gateway/signal.ts";

export type EpisodeDecision =
  /** A new episode: the request's name ends in `-<n>`. */
  | { readonly do: "create"; readonly n: number }
  /** An alert that the request does not know, or that had been resolved: to be recorded before it is acknowledged. */
  | { readonly do: "join"; readonly request: RemediationRequest; readonly key: string }
  /** Known already: only counted, under this key. */
  | { readonly do: "count"; readonly request: RemediationRequest; readonly key: string }
  | { readonly do: "resolve"; readonly request: RemediationRequest; readonly key: string }
  | { readonly do: "nothing"; readonly request?: RemediationRequest; readonly why: string };

export interface EpisodeView {
  /** All known requests about the signal's target, in any order. */
  readonly requests: readonly RemediationRequest[];
  /** Whether a request, about whatever target, has the name that ends in `-<n>`. */
  readonly isTaken: (n: number) => boolean;
  readonly coolOffSeconds: number;
  readonly nowMs: number;
  /** The signal comes from the write-ahead log: it may have been recorded before the process ended. */
  readonly mayBeRecorded?: boolean;
}

export const maxAlerts = 50;
export const otherKey = "other";

export const decideEpisode = (signal: Signal, view: EpisodeView): EpisodeDecision => {
  const newest = view.requests.filter(isKept).toSorted((a, b) => numberOf(b) - numberOf(a));
  return signal.status === "resolved" ? decideResolved(signal, newest) : decideFiring(signal, newest, view);
};

const decideFiring = (signal: Signal, newest: readonly RemediationRequest[], view: EpisodeView): EpisodeDecision => {
  const recorder = view.mayBeRecorded === true ? newest.find((candidate) => isRecorded(candidate, signal)) : undefined;
  if (recorder !== undefined) return { do: "nothing", request: recorder, why: "it is recorded already" };
  // A later number may be finished already while an earlier one still runs: the running one is the lock.
  const request = newest.find((candidate) => !isFinished(candidate)) ?? newest[0];
  if (request === undefined || isOver(request, signal, view)) return { do: "create", n: nextNumber(view) };
  const known = occurrenceOf(request, signal.fingerprint);
  if (known === undefined) {
    return isFull(request) ? { do: "count", request, key: otherKey } : { do: "join", request, key: signal.fingerprint };
  }
  const firesAgain = known.resolvedAt !== undefined && signal.startsAtMs > (fromTimestamp(known.startsAt) ?? 0);
  return { do: firesAgain ? "join" : "count", request, key: signal.fingerprint };
};

const decideResolved = (signal: Signal, newest: readonly RemediationRequest[]): EpisodeDecision => {
  const request = newest.find((candidate) => occurrenceOf(candidate, signal.fingerprint) !== undefined);
  if (request === undefined) return { do: "nothing", why: "no request knows this alert" };
  const known = occurrenceOf(request, signal.fingerprint);
  if (known?.resolvedAt !== undefined) return { do: "nothing", request, why: "its end is already recorded" };
  // Deliveries may overtake each other: the end of an earlier firing says nothing about this one.
  if (signal.startsAtMs < (fromTimestamp(known?.startsAt) ?? 0)) return { do: "nothing", request, why: "it has fired again since" };
  return { do: "resolve", request, key: signal.fingerprint };
};

/** Its firing, or a later one of the same alert. */
const isRecorded = (request: RemediationRequest, { fingerprint, startsAtMs }: Signal): boolean =>
  (fromTimestamp(occurrenceOf(request, fingerprint)?.startsAt) ?? Number.NEGATIVE_INFINITY) >= startsAtMs;

/** The first alert has its place also while only the spec shows it. */
const isFull = ({ spec, status }: RemediationRequest): boolean => {
  const keys = new Set([spec.alert.fingerprint, ...Object.keys(status?.alerts ?? {})]);
  keys.delete(otherKey);
  return keys.size >= maxAlerts;
};

/** True where the alert starts a new episode after this request. */
const isOver = (request: RemediationRequest, signal: Signal, { coolOffSeconds, nowMs }: EpisodeView): boolean => {
  if (!isFinished(request)) return false;
  const endedAt = endOf(request);
  return (signal.startsInFuture === undefined && signal.startsAtMs > endedAt) || nowMs >= endedAt + coolOffSeconds * 1000;
};

/** The first alert is in the spec until the first status write: a create carries no status. */
export const occurrenceOf = (request: RemediationRequest, fingerprint: string): Occurrence | undefined => {
  const alerts = request.status?.alerts ?? {};
  if (Object.hasOwn(alerts, fingerprint)) return alerts[fingerprint];
  const { alert } = request.spec;
  return alert.fingerprint === fingerprint ? { name: alert.name, startsAt: alert.startsAt, lastSeen: alert.startsAt, count: 1 } : undefined;
};

export const isFinished = (request: RemediationRequest): boolean => {
  const phase = request.status?.phase;
  return phase !== undefined && isTerminal(requestTransitions, phase);
};

const endOf = ({ status, metadata }: RemediationRequest): number =>
  fromTimestamp(status?.completedAt ?? status?.phaseStartedAt ?? metadata.creationTimestamp) ?? 0;

/** One that is being deleted takes nothing up any more; its number stays taken. */
const isKept = (request: RemediationRequest): boolean => request.metadata.deletionTimestamp === undefined;

/** Of at most nine digits: a larger one, which the Gateway never gives, could not be counted on from. */
const numberOf = (request: RemediationRequest): number => Number(/-(\d{1,9})$/.exec(request.metadata.name)?.[1] ?? 0);

const nextNumber = ({ requests, isTaken }: EpisodeView): number => {
  let n = 1 + Math.max(0, ...requests.map(numberOf));
  while (isTaken(n)) n += 1;
  return n;
};
