// The Gateway put together: caches in, routes out. Decides nothing itself; the server around it is the composition root's.
import type { Hono } from "hono";
import { GROUP } from "#api/define-kind.ts";
import { RemediationRequest } from "#api/kinds/remediation-request.ts";
import { SIGNALS_ACCOUNT } from "#api/labels.ts";
import type { SignalResult } from "#api/rest/gateway.ts";
import { CachedNamespaces } from "#cluster/cached-kinds.ts";
import { createOwnerResolver } from "#cluster/owners.ts";
import { defaultLabelOrder } from "#cluster/reported-object.ts";
import type { RunningRole } from "#runtime/role.ts";
import type { StartDeps } from "#runtime/role-deps.ts";
import { createAccess, type Right } from "#services/access.ts";
import { withSharedSecret } from "#services/shared-secret.ts";
import { createAlertRecords } from "#services/gateway/alert-records.ts";
import { createAdmission } from "#services/gateway/admission.ts";
import { createEventWatch } from "#services/gateway/event-watch.ts";
import { addSignalRoutes } from "#services/gateway/handler.ts";
import { createIntake, NotReadyError, type RecordSignal } from "#services/gateway/intake.ts";
import { createLanes } from "#services/gateway/lanes.ts";
import { createOccurrences } from "#services/gateway/occurrences.ts";
import { createRecorder, requestIndexes, targetText } from "#services/gateway/recorder.ts";
import { createSettle } from "#services/gateway/settle.ts";
import type { TargetedSignal } from "#services/gateway/signal.ts";
import { startBacklog, walMetrics } from "#services/gateway/start-backlog.ts";

export type GatewayDeps = Pick<
  StartDeps,
  | "kube"
  | "caches"
  | "clock"
  | "random"
  | "log"
  | "metrics"
  | "namespace"
  | "settings"
  | "signals"
  | "tokenAudience"
  | "tokenIssuer"
  | "senderSecrets"
  | "wal"
>;

export interface Gateway extends Required<Pick<RunningRole, "serve" | "stop" | "notes">>, Pick<RunningRole, "lead"> {
  addRoutes(app: Hono): void;
}

/** As many calls at once as there are connections to the API server to spare. */
const concurrency = 16;

export const createGateway = (deps: GatewayDeps): Gateway => {
  const { kube, caches, clock, namespace, metrics, tokenAudience: audience } = deps;
  const log = deps.log.child({ service: "gateway" });
  const requests = caches.of(RemediationRequest, { namespace }, requestIndexes);
  const namespaces = caches.of(CachedNamespaces);
  const owners = createOwnerResolver(caches, clock);
  const occurrences = createOccurrences({ kube, clock, log, requests });
  const recordBatch = createRecorder({ kube, clock, log, requests, occurrences, namespace, settings: deps.settings });
  const order = deps.signals?.order ?? defaultLabelOrder;
  let running: AbortSignal | undefined;

  /** What makes one cluster's requests differ from another's. */
  const clusterUid = (): string | undefined => namespaces.get({ name: "kube-system" })?.metadata.uid;

  // A cache that loses its watch later still answers: what it does not show yet, the API server says when we create.
  const isRead = (): boolean => requests.synced && owners.synced && namespaces.synced;

  const work = async (_lane: string, batch: readonly TargetedSignal[]): Promise<SignalResult[]> => {
    const uid = clusterUid();
    if (uid === undefined) throw new NotReadyError();
    return recordBatch(uid, batch);
  };
  const lanes = createLanes(work, { concurrency });
  const record: RecordSignal = (signal, rank, until) =>
    lanes.add(targetText(signal.target), signal, { rank, ...(until === undefined ? {} : { signal: until }) });
  const { resolve } = owners;
  const measured = walMetrics(metrics);
  const logged = deps.wal && startBacklog({ ...deps, log, wal: deps.wal, resolve, record, measured });

  const troubles = (): string[] => {
    if (running?.aborted) return ["it is shutting down"];
    if (logged !== undefined) return [];
    if (running === undefined) return ["it is starting"];
    if (!isRead()) return ["the cluster has not been read yet"];
    return clusterUid() === undefined ? ["namespace kube-system not found"] : [];
  };
  const isKnown = (): boolean => running !== undefined && isRead() && logged?.backlog.isSorted !== false;
  const intake = createIntake({
    clock,
    admission: createAdmission(),
    resolve: (reported) => (isKnown() ? resolve(reported) : undefined),
    record,
    logging: logged,
  });
  const records = createAlertRecords({ kube, clock, log, namespace });
  const settle = createSettle({ metrics, intake, records });
  const access = createAccess({ kube, clock, audience, issuer: deps.tokenIssuer, advice: howToGetToken(namespace, audience) });

  return {
    addRoutes: (app) =>
      addSignalRoutes(app, {
        clock,
        log,
        metrics,
        review: withSharedSecret(deps.senderSecrets, access),
        right: signalRight(namespace),
        order,
        intake,
        settle,
        troubles,
      }),
    ...(deps.signals?.events === "watched" ? { lead: createEventWatch({ kube, clock, log, namespaces, settle }) } : {}),
    serve: (signal) => {
      running = signal;
      logged?.run();
    },
    stop: async () => {
      await logged?.stop();
      await occurrences.flush();
      await records.flush();
    },
    notes: () => logged?.notes() ?? [],
  };
};

/** Senders need it in Kintsugi's namespace. */
export const signalRight = (namespace: string): Right => ({
  namespace,
  verb: "create",
  group: GROUP,
  resource: "remediationrequests",
  subresource: "signals",
});

const howToGetToken = (namespace: string, audience: string): string =>
  `Create one with: kubectl create token ${SIGNALS_ACCOUNT} -n ${namespace} --audience ${audience} --duration 8760h`;
