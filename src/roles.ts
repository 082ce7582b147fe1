// The composition of a process that serves: connections, caches, controllers and servers, put together once. Decides nothing.
import { RemediationPolicy } from "#api/kinds/remediation-policy.ts";
import type { RunOptions } from "#cli/deps.ts";
import { watchGuardrails } from "#cluster/guardrails.ts";
import { admissionPolicies, approvalsPolicyName } from "#manifests/admission.ts";
import { createConfigMapStore } from "#cluster/journal/config-map-store.ts";
import { keptJournal, savedJournal } from "#cluster/journal/journal-reader.ts";
import { createJournalKeeper } from "#cluster/journal/keep-journal.ts";
import { type AnalysisDeps, createAIAnalysisController } from "#controllers/ai-analysis/controller.ts";
import { createAIApprovalRequestController } from "#controllers/ai-approval-request/controller.ts";
import { createKubernetesExecutionController } from "#controllers/kubernetes-execution/controller.ts";
import { createRemediationPolicyController } from "#controllers/remediation-policy/controller.ts";
import { createRemediationProcessingController } from "#controllers/remediation-processing/controller.ts";
import { createRemediationRequestController } from "#controllers/remediation-request/controller.ts";
import { createRetentionController } from "#controllers/retention/controller.ts";
import { createWorkflowExecutionController } from "#controllers/workflow-execution/controller.ts";
import { type Caches, createCaches } from "#kube/caches.ts";
import { connect } from "#kube/connect.ts";
import type { ClusterConfig } from "#kube/cluster-config.ts";
import { type Controller, runController } from "#kube/controller.ts";
import { createEventRecorder } from "#kube/events.ts";
import { lead } from "#kube/leader.ts";
import { type CertificateSource, openCertificateFiles } from "#lib/certificate-files.ts";
import { createReachability, type Reachability } from "#kube/reachability.ts";
import { type Clock, type Random, toTimestamp } from "#lib/clock.ts";
import type { Diagnoser } from "#investigation/diagnoser.ts";
import type { HttpClient } from "#lib/http-client.ts";
import { createApp, type HttpServer, startHttpServer } from "#lib/http-server.ts";
import type { Log } from "#lib/log.ts";
import { createMetrics, type Metrics } from "#lib/metrics.ts";
import { settingsFrom } from "#policy/settings.ts";
import { createGateway } from "#services/gateway/gateway.ts";
import { issuerOf } from "#services/gateway/token-claims.ts";
import { type ControllerName, controllerNames, roleNames } from "#cli/role-names.ts";

type ControllerFactory = (deps: AnalysisDeps & { readonly image: string }) => Controller;

const controllerFactories: Readonly<Record<ControllerName, ControllerFactory>> = {
  "remediation-request": createRemediationRequestController,
  "remediation-processing": createRemediationProcessingController,
  "ai-analysis": createAIAnalysisController,
  "ai-approval-request": createAIApprovalRequestController,
  "workflow-execution": createWorkflowExecutionController,
  "kubernetes-execution": createKubernetesExecutionController,
  retention: createRetentionController,
  "remediation-policy": createRemediationPolicyController,
};

export interface ProcessDeps {
  readonly config: ClusterConfig;
  readonly clock: Clock;
  readonly random: Random;
  /** For the keys of the installation. */
  readonly randomBytes: (size: number) => Uint8Array;
  readonly log: Log;
  /** Unique to this process: the pod's name, or the machine's with a random tail. */
  readonly identity: string;
  /** How the API server is reached; sockets where absent. */
  readonly http?: HttpClient;
  /** How services are offered; sockets where absent. */
  readonly startServer?: typeof startHttpServer;
  /** For the Gateway's certificate. */
  readonly readFile: (path: string) => Promise<string>;
  /** Where evidence is diagnosed. Default: in this thread. */
  readonly diagnoser?: Diagnoser;
  /** Its own and the process's where absent. */
  readonly metrics?: Metrics;
  /** Aborted by SIGTERM: what has begun is ended in order. */
  readonly signal: AbortSignal;
}

/** Longer than a controller's longest step, shorter than a pod's grace period. */
const drainMs = 20_000;

/**
 * Flow: caches, then servers, then (as the leader) the controllers, until the signal is aborted.
 * Guarantees: nothing is answered or decided before the caches are complete; on the way out the servers drain and the lease is released.
 */
export const runRoles = async (role: string, options: RunOptions & { readonly image: string }, deps: ProcessDeps): Promise<void> => {
  const { clock, random, log, identity, signal } = deps;
  const { namespace, image } = options;
  const metrics = deps.metrics ?? createMetrics({ process: true });
  const reachability = createReachability(clock);
  const kube = connect(deps.config, { clock, random, metrics, reachability, ...(deps.http === undefined ? {} : { http: deps.http }) });
  const caches = createCaches(kube, { log, metrics });
  const events = createEventRecorder({ kube, clock, log, component: "kintsugi", instance: identity });
  const policies = caches.of(RemediationPolicy, { namespace });
  const wanted = role === "all" ? roleNames : [role];
  const keeper = wanted.includes("change-journal")
    ? createJournalKeeper({
        kube,
        clock,
        log,
        metrics,
        store: createConfigMapStore({ kube, clock, namespace, randomBytes: deps.randomBytes }),
      })
    : undefined;
  const shared: AnalysisDeps & { image: string } = {
    ...{ kube, caches, clock, random, randomBytes: deps.randomBytes, log, metrics, events, namespace, image },
    journal: keptJournal(keeper, savedJournal(kube, namespace)),
    settings: () => settingsFrom(policies.list(namespace)),
    diagnoser: deps.diagnoser,
    guardrails: watchGuardrails(caches, admissionPolicies({ namespace, image }), approvalsPolicyName(namespace)),
  };
  const controllers = controllerNames.filter((name) => wanted.includes(name)).map((name) => controllerFactories[name](shared));
  const tokenIssuer = async (): Promise<string | undefined> => issuerOf((await deps.config.credentials.current()).token);
  const gateway = wanted.includes("gateway") ? createGateway({ ...shared, tokenAudience: options.tokenAudience, tokenIssuer }) : undefined;

  const health = createHealth(caches, reachability, signal);
  // Probes have the port that no sender uses: a sender that takes all connections of the Gateway does not make us look dead.
  const metricsApp = createApp({ name: "metrics" }, { clock, log });
  metricsApp.get("/metrics", async (context) => context.body(await metrics.text(), 200, { "content-type": metrics.contentType }));
  metricsApp.get("/healthz", (context) => context.text("ok\n"));
  metricsApp.get("/readyz", (context) => {
    const problems = health();
    return context.text(
      problems.length === 0 ? "ok\n" : problems.map((problem) => `not ready: ${problem}\n`).join(""),
      problems.length === 0 ? 200 : 503,
    );
  });

  const servers: HttpServer[] = [];
  const serve = async (name: string, handler: typeof metricsApp, port: number, certificate?: CertificateSource): Promise<void> => {
    const server = await (deps.startServer ?? startHttpServer)(handler, { host: options.address, port, certificate }, { clock });
    servers.push(server);
    log.info("listening", { service: name, address: options.address, port: server.port });
  };
  try {
    await serve("metrics", metricsApp, options.metricsPort);
    if (gateway !== undefined) {
      const app = createApp({ name: "gateway" }, { clock, log, metrics });
      gateway.addRoutes(app);
      // Served at once: senders get 503 with a reason until the caches are complete.
      const { tls } = options;
      const certificate = tls && (await openCertificateFiles(tls, { readFile: deps.readFile, clock, log }));
      await serve("gateway", app, options.port, certificate);
    }
    caches.start(signal);
    await caches.synced(signal);
    log.info("caches complete");
    gateway?.start(signal);
    const work = async (until: AbortSignal): Promise<void> => {
      await Promise.all([
        ...controllers.map((controller) => runController(controller, { clock, random, log, metrics }, until)),
        // The leader alone: two would write over each other.
        keeper?.run(until),
      ]);
    };
    if (controllers.length === 0 && keeper === undefined) await aborted(signal);
    else if (options.leaderElection === "off") await work(signal);
    else {
      const lease = { namespace, name: role === "all" ? "kintsugi" : `kintsugi-${role}` };
      await lead({ lease, identity }, { kube, clock, random, log }, signal, work);
    }
  } catch (error) {
    // Being told to stop while the caches fill is not a failure.
    if (!signal.aborted) throw error;
  } finally {
    log.info("stopping");
    await Promise.all(servers.map((server) => server.drain(drainMs)));
    await gateway?.stop();
    await events.flush();
    kube.close();
    log.info("stopped");
  }
};

const createHealth = (caches: Caches, reachability: Reachability, signal: AbortSignal) => (): string[] => {
  if (signal.aborted) return ["stopping"];
  const silentSince = reachability.silentSince();
  if (silentSince !== undefined) return [`no answer from the API server since ${toTimestamp(silentSince)}`];
  return caches
    .health()
    .filter((cache) => !cache.synced || cache.forbidden === true)
    .map((cache) => `${cache.name}: ${cache.trouble ?? "the first list has not been read yet"}`);
};

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
