// Makes alerts durable: performs the decisions of episode.ts for one target at a time. Acknowledges nothing that the API server has not stored.
import type { Reference } from "#api/fields.ts";
import { RemediationRequest } from "#api/kinds/remediation-request.ts";
import { requestNameStem } from "#api/target-hash.ts";
import { referenceText } from "#api/object.ts";
import type { SignalResult } from "#api/rest/gateway.ts";
import type { Kube } from "#kube/client.ts";
import { isAlreadyExists, isNotFound, KubeError } from "#kube/errors.ts";
import type { Indexes, Store } from "#kube/store.ts";
import type { Clock } from "#lib/clock.ts";
import type { Log } from "#lib/log.ts";
import { decideEpisode, type EpisodeDecision, isFinished } from "#services/gateway/episode.ts";
import type { Occurrences } from "#services/gateway/occurrences.ts";
import { type AlertEntries, alertsPatch, firingEntry, newRequest, resolvedEntry } from "#services/gateway/request.ts";
import type { Settings } from "#policy/settings.ts";
import type { Signal, TargetedSignal } from "#services/gateway/signal.ts";

export interface RecorderDeps {
  readonly kube: Pick<Kube, "create" | "get" | "mergePatch">;
  readonly clock: Pick<Clock, "now">;
  readonly log: Log;
  /** With `requestIndexes`. */
  readonly requests: Store<RemediationRequest>;
  readonly occurrences: Pick<Occurrences, "count">;
  readonly namespace: string;
  readonly settings: () => Pick<Settings, "coolOffSeconds" | "maxOpenRequests">;
}

const byTarget = "target";
const whetherOpen = "open";
const open = "open";
/** Of an object: what its lane and its requests are found by. */
export const targetText = (target: Reference): string => `${target.apiVersion} ${referenceText(target)}`;
/** By the spec, which is immutable: labels are for people who search. */
export const requestIndexes: Indexes<RemediationRequest> = {
  [byTarget]: (request) => [targetText(request.spec.target)],
  [whetherOpen]: (request) => (isFinished(request) ? [] : [open]),
};

/** Other replicas may be faster, but each round one of us gets on. */
const maxRounds = 8;

/** Of one call: half of what a sender waits. */
const timeoutMs = 4_000;

/** Several replicas got in each other's way for too long: the sender tries again. */
export class ContentionError extends Error {
  constructor(target: Reference) {
    super(`others record alerts of ${target.kind} ${target.name} at the same moment`);
    this.name = "ContentionError";
  }
}

/** What is stored is bounded, whatever senders report. */
export class TooManyOpenError extends Error {
  constructor(max: number) {
    super(`${max} requests are open, the limit of a policy (maxOpenRequests)`);
    this.name = "TooManyOpenError";
  }
}

/**
 * Flow: decide on the cached requests; create, then write what joined or was resolved in one patch per request; decide again where the answer
 * shows that the request had ended, or that another replica was first.
 * Guarantees: one call for a new request, one for all that joins it in one batch, none for what is known. A result means: it is stored.
 * Assumptions: all signals have the same target, and no other batch of it runs in this process.
 */
export const createRecorder = (deps: RecorderDeps) => {
  const { kube, requests, namespace } = deps;
  /** Requests that are being created: no cache shows them yet. */
  let creating = 0;

  return async (clusterUid: string, batch: readonly TargetedSignal[]): Promise<SignalResult[]> => {
    const target = batch[0]?.target;
    if (target === undefined) return [];
    const results = new Map<number, SignalResult>();
    /** Signals whose entry is stored already: on a second look they are known, but it was they who joined. */
    const stored = new Set<number>();
    const gone = new Set<string>();
    const stem = requestNameStem(clusterUid, target);

    const createRequest = async (n: number, { signal, unresolved }: TargetedSignal): Promise<RemediationRequest | "taken"> => {
      const name = `${stem}-${n}`;
      const { maxOpenRequests } = deps.settings();
      if (requests.index(whetherOpen, open).length + creating >= maxOpenRequests) throw new TooManyOpenError(maxOpenRequests);
      creating += 1;
      try {
        const created = await kube.create(
          RemediationRequest,
          newRequest(name, namespace, { signal, target, ...(unresolved === undefined ? {} : { unresolved }) }),
          { timeoutMs },
        );
        requests.noteWrite(created);
        deps.log.info("a request was created", { request: name, alert: signal.name, target: `${target.kind} ${target.name}` });
        return created;
      } catch (error) {
        if (!isAlreadyExists(error)) throw error;
        const live = await kube.get(RemediationRequest, { namespace, name }, { timeoutMs });
        if (live !== undefined) requests.noteWrite(live);
        return "taken";
      } finally {
        creating -= 1;
      }
    };

    const round = async (): Promise<void> => {
      const view = new Map(requests.index(byTarget, targetText(target)).map((request) => [request.metadata.name, draftOf(request)]));
      const isTaken = (n: number): boolean => requests.get({ namespace, name: `${stem}-${n}` }) !== undefined;
      for (const [index, targeted] of batch.entries()) {
        const { signal, loggedAtMs } = targeted;
        if (results.has(index)) continue;
        const nowMs = loggedAtMs ?? deps.clock.now();
        const known = [...view.values()].map(({ request }) => (gone.has(request.metadata.uid) ? beingDeleted(request) : request));
        const { coolOffSeconds } = deps.settings();
        // One that was stored in an earlier round is to be seen as joined.
        const mayBeRecorded = loggedAtMs !== undefined && !stored.has(index);
        const decision = decideEpisode(signal, { requests: known, isTaken, coolOffSeconds, nowMs, mayBeRecorded });
        if (decision.do === "create") {
          try {
            const created = await createRequest(decision.n, targeted);
            if (created === "taken") break;
            view.set(created.metadata.name, draftOf(created));
            results.set(index, {
              fingerprint: signal.fingerprint,
              result: "created",
              request: created.metadata.name,
              ...unresolvedReason(targeted),
            });
          } catch (error) {
            if (!isRefused(error)) throw error;
            results.set(index, rejected(signal, error));
          }
          continue;
        }
        const draft = decision.request === undefined ? undefined : view.get(decision.request.metadata.name);
        if (decision.do === "nothing" || draft === undefined) results.set(index, ignored(signal, decision));
        else if (decision.do === "count") draft.counted.push({ index, key: decision.key });
        else draft.write(index, decision, signal, nowMs);
      }
      for (const draft of view.values()) await writeDraft(draft);
    };

    const writeDraft = async (draft: Draft): Promise<void> => {
      const { request, written } = draft;
      const { name } = request.metadata;
      for (const { index, key } of draft.counted) {
        const signal = batch[index]?.signal;
        if (signal === undefined) continue;
        const isNew = stored.has(index);
        if (!isNew) deps.occurrences.count(request, key);
        results.set(index, { fingerprint: signal.fingerprint, result: isNew ? "joined" : "repeated", request: name });
      }
      if (written.length === 0) return;
      let answer: RemediationRequest;
      try {
        answer = await kube.mergePatch(RemediationRequest, { namespace, name }, alertsPatch(draft.original, draft.entries), {
          subresource: "status",
          timeoutMs,
        });
      } catch (error) {
        if (isNotFound(error)) return void gone.add(request.metadata.uid);
        if (!isRefused(error)) throw error;
        for (const { index, signal } of written) results.set(index, rejected(signal, error));
        return;
      }
      requests.noteWrite(answer);
      const endedMeanwhile = isFinished(answer) && !isFinished(draft.original);
      for (const { index, signal, result } of written) {
        if (result === "joined" && endedMeanwhile) stored.add(index);
        else results.set(index, { fingerprint: signal.fingerprint, result, request: name });
      }
    };

    for (let rounds = 0; results.size < batch.length; rounds += 1) {
      if (rounds >= maxRounds) throw new ContentionError(target);
      await round();
    }
    return batch.flatMap((_, index) => results.get(index) ?? []);
  };
};

type Written = { readonly index: number; readonly signal: Signal; readonly result: "joined" | "resolved" };

/** A request as it will look once what was decided in this round is written: the next decision of the round is taken on that. */
interface Draft {
  readonly original: RemediationRequest;
  request: RemediationRequest;
  readonly entries: Record<string, AlertEntries[string]>;
  readonly written: Written[];
  readonly counted: { readonly index: number; readonly key: string }[];
  write(index: number, decision: Extract<EpisodeDecision, { do: "join" | "resolve" }>, signal: Signal, nowMs: number): void;
}

const draftOf = (original: RemediationRequest): Draft => {
  const draft: Draft = {
    original,
    request: original,
    entries: {},
    written: [],
    counted: [],
    write: (index, decision, signal, nowMs) => {
      const entry = decision.do === "join" ? firingEntry(draft.request, signal, nowMs) : resolvedEntry(draft.request, signal, nowMs);
      draft.entries[decision.key] = entry;
      draft.written.push({ index, signal, result: decision.do === "join" ? "joined" : "resolved" });
      draft.request = withEntry(draft.request, decision.key, entry);
    },
  };
  return draft;
};

/** `null` in a merge patch takes a field away. */
const withEntry = (request: RemediationRequest, key: string, entry: AlertEntries[string]): RemediationRequest => {
  const shown = Object.fromEntries(Object.entries(entry).filter(([, value]) => value !== null)) as NonNullable<
    NonNullable<RemediationRequest["status"]>["alerts"]
  >[string];
  return { ...request, status: { ...request.status, alerts: { ...request.status?.alerts, [key]: shown } } };
};

/** The cache still has it. */
const beingDeleted = (request: RemediationRequest): RemediationRequest => ({
  ...request,
  metadata: { ...request.metadata, deletionTimestamp: request.metadata.creationTimestamp },
});

/** The API server has judged this very object: trying again would not help. */
const isRefused = (error: unknown): error is KubeError => error instanceof KubeError && (error.status === 400 || error.status === 422);

const rejected = (signal: Signal, error: KubeError): SignalResult => ({
  fingerprint: signal.fingerprint,
  result: "rejected",
  reason: error.message.slice(0, 1024),
});

const unresolvedReason = ({ unresolved }: TargetedSignal): { reason?: string } => (unresolved === undefined ? {} : { reason: unresolved });

const ignored = (signal: Signal, decision: EpisodeDecision): SignalResult => ({
  fingerprint: signal.fingerprint,
  result: "ignored",
  ...("request" in decision && decision.request !== undefined ? { request: decision.request.metadata.name } : {}),
  ...("why" in decision ? { reason: decision.why } : {}),
});
