// The Gateway over HTTP on an embedded API server that a test fills and fails: one replica or several, with or without a write-ahead log.
import { RemediationRequest } from "#api/kinds/remediation-request.ts";
import { Namespaces } from "#api/kubernetes.ts";
import { SIGNALS_AUDIENCE } from "#api/labels.ts";
import { prometheusSignalsPath, type SignalResult } from "#api/rest/gateway.ts";
import { createCaches } from "#kube/caches.ts";
import { createApp, startHttpServer } from "#lib/http-server.ts";
import { silentLog } from "#lib/log.ts";
import { createManualClock, type ManualClock } from "#lib/manual-clock.ts";
import { createMetrics } from "#lib/metrics.ts";
import type { WriteAheadLog } from "#lib/write-ahead-log.ts";
import { crds } from "#manifests/install.ts";
import { defaultSettings, type Settings } from "#policy/settings.ts";
import { createGateway, type GatewayDeps } from "#services/gateway/gateway.ts";
import { alertmanagerAlert, delivery } from "#test/alertmanager.ts";
import { createDirectKube, type DirectKube } from "#test/direct-kube.ts";
import { senderToken, subjectOf, testIssuer } from "#test/sender-tokens.ts";

export const namespace = "kintsugi-system";

const ends: (() => Promise<void>)[] = [];
/** For the end of each test. */
export const stopGateways = async (): Promise<void> => {
  for (const end of ends.splice(0)) await end();
};

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly results: readonly SignalResult[];
  readonly problem: { readonly code?: string; readonly detail?: string; readonly errors?: readonly { pointer: string; detail: string }[] };
}

/** Knows the senders by their tokens, and lets alertmanager send. */
export const reviews = (kube: DirectKube): void => {
  kube.answer = (_method, path, body) => {
    const { spec } = body as { spec: { token?: string; user?: string } };
    const username = subjectOf(spec.token ?? "");
    if (path.endsWith("/tokenreviews"))
      return { status: { authenticated: username !== "unknown", audiences: [SIGNALS_AUDIENCE], user: { username } } };
    return { status: { allowed: spec.user === "alertmanager" } };
  };
};

export interface ReplicaOptions extends Pick<GatewayDeps, "senderSecrets"> {
  readonly patience?: { readonly headersTimeoutMs?: number; readonly requestTimeoutMs?: number };
  readonly settings?: Partial<Settings>;
  readonly wal?: WriteAheadLog;
}

export const replica = async (kube: DirectKube, clock: ManualClock, options: ReplicaOptions = {}) => {
  const caches = createCaches(kube, { log: silentLog });
  const metrics = createMetrics();
  const deps = { clock, log: silentLog, metrics };
  const tokenAudience = SIGNALS_AUDIENCE;
  const tokenIssuer = () => Promise.resolve(testIssuer);
  const gateway = createGateway({
    ...deps,
    random: () => 0.5,
    kube: kube as never,
    caches,
    namespace,
    settings: () => ({ ...defaultSettings, ...options.settings }),
    senderSecrets: options.senderSecrets,
    wal: options.wal,
    tokenAudience,
    tokenIssuer,
  });
  const app = createApp({ name: "gateway" }, deps);
  gateway.addRoutes(app);
  const server = await startHttpServer(app, { host: "127.0.0.1", port: 0, ...options.patience }, { clock });
  const end = new AbortController();
  const start = async (): Promise<void> => {
    gateway.serve(end.signal);
    caches.start(end.signal);
    await caches.synced();
  };
  const stop = async (): Promise<void> => {
    end.abort();
    await server.drain(1_000);
    await gateway.stop();
  };
  ends.push(stop);
  const send = async (body: unknown, init: { headers?: Record<string, string>; method?: string } = {}): Promise<Answer> => {
    const response = await fetch(`${server.url}${prometheusSignalsPath}`, {
      method: init.method ?? "POST",
      headers: { authorization: `Bearer ${senderToken("alertmanager")}`, "content-type": "application/json", ...init.headers },
      ...(init.method === "GET" ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
    });
    const json = (await response.json()) as object;
    return {
      status: response.status,
      headers: response.headers,
      results: "results" in json ? (json.results as SignalResult[]) : [],
      problem: json,
    };
  };
  const post = async (...alerts: Parameters<typeof alertmanagerAlert>[0][]): Promise<string[]> =>
    (await send(delivery(alerts.map((alert) => alertmanagerAlert(alert))))).results.map(({ result }) => result);
  return { caches, metrics, gateway, app, server, end, start, stop, send, post };
};

export const setUp = async (options: ReplicaOptions = {}) => {
  const clock = createManualClock();
  const kube = createDirectKube(clock, crds());
  reviews(kube);
  kube.put(Namespaces, { apiVersion: "v1", kind: "Namespace", metadata: { name: "kube-system", uid: "cluster-1" } });
  const one = await replica(kube, clock, options);
  await one.start();
  // Authentication is cached from here on.
  await one.send(delivery([]));
  kube.calls.length = 0;
  const requests = (): RemediationRequest[] => kube.objects(RemediationRequest) as RemediationRequest[];
  const finish = (request: RemediationRequest, phase = "Completed"): void => {
    kube.put(RemediationRequest, {
      ...request,
      status: { ...request.status, phase, outcome: "Remediated", completedAt: new Date(clock.now()).toISOString() },
    });
  };
  return { clock, kube, requests, finish, ...one };
};
