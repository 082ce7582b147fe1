// The Gateway put together: caches in, routes out. Decides nothing itself; the server around it is the composition root's.
import type { Hono } from "hono";
import { GROUP } from "#api/define-kind.ts";
import { RemediationRequest } from "#api/kinds/remediation-request.ts";
import type { Need } from "#api/object.ts";
import type { SignalResult } from "#api/rest/gateway.ts";
import { CachedNamespaces } from "#cluster/cached-kinds.ts";
import { createOwnerResolver, needs as ownerNeeds } from "#cluster/owners.ts";
import type { RoleDeps } from "#controllers/deps.ts";
import { createAuthenticate, needs as authenticationNeeds } from "#services/gateway/authenticate.ts";
import { addSignalRoutes } from "#services/gateway/handler.ts";
import { createLanes } from "#services/gateway/lanes.ts";
import { createOccurrences } from "#services/gateway/occurrences.ts";
import { createRecorder, requestIndexes, targetText, type TargetedSignal } from "#services/gateway/recorder.ts";

export interface GatewayDeps extends Pick<RoleDeps, "kube" | "caches" | "clock" | "log" | "metrics" | "namespace" | "settings"> {
  /** Of the tokens that senders bring. */
  readonly tokenAudience: string;
  /** Of those tokens, where it is known. */
  readonly tokenIssuer: () => Promise<string | undefined>;
}

export interface Gateway {
  addRoutes(app: Hono): void;
  /** Takes alerts, once the caches are there, until the signal is aborted; before and after that the sender hears 503. */
  start(signal: AbortSignal): void;
  /** Writes the counts that are left. To be called when the server has drained. */
  stop(): Promise<void>;
}

export const needs: readonly Need[] = [
  { group: GROUP, resource: "remediationrequests", verbs: ["get", "list", "watch", "create"], scope: "own" },
  { group: GROUP, resource: "remediationrequests/status", verbs: ["patch"], scope: "own" },
  { group: "", resource: "namespaces", verbs: ["get", "list", "watch"], scope: "cluster" },
  ...authenticationNeeds,
  ...ownerNeeds,
];

/** A delivery is taken whole or not at all, so this is a little less than what may wait in fact. */
const maxWaiting = 20_000;
/** As many calls at once as there are connections to the API server to spare. */
const concurrency = 16;

export const createGateway = (deps: GatewayDeps): Gateway => {
  const { kube, caches, clock, namespace, metrics } = deps;
  const log = deps.log.child({ service: "gateway" });
  const requests = caches.of(RemediationRequest, { namespace }, requestIndexes);
  const namespaces = caches.of(CachedNamespaces);
  const owners = createOwnerResolver(caches, clock);
  const occurrences = createOccurrences({ kube, clock, log, requests });
  const recordBatch = createRecorder({ kube, clock, log, requests, occurrences, namespace, settings: deps.settings });
  let running: AbortSignal | undefined;

  /** What makes one cluster's requests differ from another's. */
  const clusterUid = (): string | undefined => namespaces.get({ name: "kube-system" })?.metadata.uid;

  // A cache that loses its watch later still answers: what it does not show yet, the API server says when we create.
  const troubles = (): string[] => {
    if (running === undefined) return ["it is starting"];
    if (running.aborted) return ["it is shutting down"];
    if (!requests.synced || !owners.synced || !namespaces.synced) return ["the cluster has not been read yet"];
    if (lanes.waiting >= maxWaiting) return ["too many alerts wait to be recorded"];
    return clusterUid() === undefined ? ["there is no namespace kube-system"] : [];
  };

  const work = async (_lane: string, batch: readonly TargetedSignal[]): Promise<SignalResult[]> => {
    const uid = clusterUid();
    if (uid === undefined) throw new Error("the cluster is not known yet");
    return recordBatch(uid, batch);
  };
  const lanes = createLanes(work, { concurrency });

  return {
    addRoutes: (app) =>
      addSignalRoutes(app, {
        clock,
        log,
        metrics,
        authenticate: createAuthenticate({ kube, clock, namespace, audience: deps.tokenAudience, issuer: deps.tokenIssuer }),
        resolve: owners.resolve,
        record: (signal, until) => lanes.add(targetText(signal.target), signal, until),
        troubles,
      }),
    start: (signal) => {
      running = signal;
    },
    stop: occurrences.flush,
  };
};
