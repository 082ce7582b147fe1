// The Gateway put together: caches in, one HTTP server out. Decides nothing itself.
import { GROUP } from "#api/define-kind.ts";
import { RemediationRequest } from "#api/kinds/remediation-request.ts";
import { Namespaces } from "#api/kubernetes.ts";
import { type Need, referenceText } from "#api/object.ts";
import type { SignalResult } from "#api/rest/gateway.ts";
import { createOwnerResolver, needs as ownerNeeds } from "#cluster/owners.ts";
import type { RoleDeps } from "#controllers/deps.ts";
import { createApp, type HttpServer, startHttpServer } from "#lib/http-server.ts";
import { createAuthenticate, needs as authenticationNeeds } from "#services/gateway/authenticate.ts";
import { addSignalRoutes } from "#services/gateway/handler.ts";
import { createLanes } from "#services/gateway/lanes.ts";
import { createOccurrences } from "#services/gateway/occurrences.ts";
import { createRecorder, requestIndexes, type TargetedSignal } from "#services/gateway/recorder.ts";

export type GatewayDeps = Pick<RoleDeps, "kube" | "caches" | "clock" | "log" | "metrics" | "namespace" | "settings"> & {
  readonly host: string;
  /** 0 for any that is free. */
  readonly port: number;
};

export interface Gateway {
  readonly needs: readonly Need[];
  /** Listens at once; takes alerts as soon as the caches are there. */
  start(): Promise<{ readonly port: number; readonly url: string }>;
  /** Flow: say not ready, let running deliveries end, write the counts that are left. */
  stop(): Promise<void>;
  /** Why it does not take alerts; empty where it does. */
  troubles(): readonly string[];
}

export const needs: readonly Need[] = [
  { group: GROUP, resource: "remediationrequests", verbs: ["get", "list", "watch", "create"], scope: "own" },
  { group: GROUP, resource: "remediationrequests/status", verbs: ["patch"], scope: "own" },
  { group: "", resource: "namespaces", verbs: ["get", "list", "watch"], scope: "cluster" },
  ...authenticationNeeds,
  ...ownerNeeds,
];

const maxBodyBytes = 10 * 1024 * 1024;
const maxWaiting = 50_000;
/** As many calls at once as there are connections to the API server to spare. */
const concurrency = 16;
const drainMs = 10_000;

export const createGateway = (deps: GatewayDeps): Gateway => {
  const { kube, caches, clock, namespace, metrics } = deps;
  const log = deps.log.child({ service: "gateway" });
  const requests = caches.of(RemediationRequest, { namespace }, requestIndexes);
  const namespaces = caches.of(Namespaces);
  const owners = createOwnerResolver(caches, clock);
  const occurrences = createOccurrences({ kube, clock, log, requests });
  const coolOffSeconds = (): number => deps.settings().coolOffSeconds;
  const recordBatch = createRecorder({ kube, clock, log, requests, occurrences, namespace, coolOffSeconds });
  let isDraining = false;
  let server: HttpServer | undefined;

  /** What makes one cluster's requests differ from another's. */
  const clusterUid = (): string | undefined => namespaces.get({ name: "kube-system" })?.metadata.uid;

  const troubles = (): string[] => [
    ...(isDraining ? ["it is shutting down"] : []),
    ...caches.health().flatMap(({ name, synced, forbidden, trouble }) => {
      if (forbidden === true) return [`may not read ${name}`];
      return synced ? [] : [`${name} not read yet${trouble === undefined ? "" : `: ${trouble}`}`];
    }),
    ...(namespaces.synced && clusterUid() === undefined ? ["there is no namespace kube-system"] : []),
  ];

  const canTake = (): boolean => !isDraining && requests.synced && owners.synced && clusterUid() !== undefined;

  const work = async (_lane: string, batch: readonly TargetedSignal[]): Promise<SignalResult[]> => {
    const uid = clusterUid();
    if (uid === undefined) throw new Error("the cluster is not known yet");
    return recordBatch(uid, batch);
  };
  const lanes = createLanes(work, { maxWaiting, concurrency });

  const app = createApp({ name: "gateway", maxBodyBytes }, { clock, log, metrics });
  app.get("/healthz", (context) => context.text("ok\n"));
  app.get("/readyz", (context) => {
    const found = troubles();
    return found.length === 0 ? context.text("ok\n") : context.text(`${found.join("\n")}\n`, 503);
  });
  addSignalRoutes(app, {
    log,
    metrics,
    authenticate: createAuthenticate({ kube, clock, namespace }),
    resolve: owners.resolve,
    record: (signal) => lanes.add(`${signal.target.apiVersion} ${referenceText(signal.target)}`, signal),
    // A cache that loses its watch later still answers: what it does not show yet, the API server says when we create.
    troubles: () => (canTake() ? [] : troubles()),
  });
  return {
    needs,
    troubles,
    start: async () => {
      server = await startHttpServer(app, { host: deps.host, port: deps.port }, { clock });
      log.info("the gateway listens", { url: server.url });
      return { port: server.port, url: server.url };
    },
    stop: async () => {
      isDraining = true;
      await server?.drain(drainMs);
      await occurrences.flush();
    },
  };
};
