// A cluster that the user has, with Kintsugi's rights and policies in a namespace of its own, and its controllers in this process: nothing has
// to reach us from there. Must take away whatever it made, and never touch what was there before.
import { randomBytes } from "node:crypto";
import { API_VERSION } from "#api/define-kind.ts";
import { kinds } from "#api/kinds/registry.ts";
import { CONTROLLER_ACCOUNT, SIGNALS_AUDIENCE } from "#api/labels.ts";
import { createMonitoring } from "#embedded/monitoring/monitoring.ts";
import type { Kube } from "#kube/client.ts";
import type { ClusterConfig } from "#kube/cluster-config.ts";
import { connect } from "#kube/connect.ts";
import { isNotFound } from "#kube/errors.ts";
import { type Clock, type Random, delay } from "#lib/clock.ts";
import type { HttpClient } from "#lib/http-client.ts";
import { type startHttpServer as StartHttpServer } from "#lib/http-server.ts";
import { createLog, type LogLevel } from "#lib/log.ts";
import { crds, namespaceManifest, rights } from "#manifests/install.ts";
import { admissionPolicies } from "#manifests/admission.ts";
import type { Manifest } from "#manifests/manifest.ts";
import { createUserActions } from "#scenarios/user-actions.ts";
import { approversBinding, scenarioPolicy, signalsToken } from "#scenarios/install-kintsugi.ts";
import { type Addresses, ports, postAlerts, type Services, untilReady } from "#scenarios/services.ts";
import { createSharedAlertRules } from "#scenarios/shared-alert-rules.ts";
import { runScenario } from "#scenarios/run-scenario.ts";
import { type Stage, userActionsOf } from "#scenarios/stage.ts";
import { watchObjects } from "#scenarios/watched-objects.ts";
import { loadRoles, runRoles } from "#server/run-roles.ts";

export interface ContextStageOptions {
  readonly config: ClusterConfig;
  readonly namespace: string;
  /** Of the Jobs: the cluster has to be able to pull it. */
  readonly image: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly services: Services & { readonly start: typeof StartHttpServer };
  readonly progress: (line: string) => void;
  readonly logLevel: LogLevel;
  /** How the API server is reached; sockets by default. */
  readonly http?: HttpClient;
  readonly signal?: AbortSignal;
}

/** Everything it puts into the cluster, in order. */
export const contextManifests = (namespace: string, image: string): Manifest[] => [
  namespaceManifest(namespace),
  ...crds(),
  ...rights(namespace),
  ...admissionPolicies({ namespace, image }),
];

/** Whether the cluster has Kintsugi's kinds: then another one lives there, whose definitions are not ours to change. */
export const hasKintsugi = async (kube: Kube): Promise<boolean> => {
  try {
    await kube.request("GET", `/apis/${API_VERSION}`);
    return true;
  } catch (error) {
    if (isNotFound(error)) return false;
    throw error;
  }
};

const goneTimeoutMs = 60_000;

/** Flow: manifests → kinds served → controllers here → ready. Guarantees: closing it, or failing, removes what was made. */
export const openContextStage = async (options: ContextStageOptions): Promise<Stage> => {
  const { config, namespace, image, clock, random, services, progress, signal } = options;
  const wire = { clock, random, ...(options.http === undefined ? {} : { http: options.http }) };
  const kube = connect(config, wire);
  const as = ({ by: user, groups }: { by: string; groups: readonly string[] }): ReturnType<typeof connect> =>
    connect({ ...config, impersonate: { user, groups } }, wire);
  const userActions = createUserActions({ kube, as });
  const made: Manifest[] = [];
  const stop = new AbortController();
  let running: Promise<void> = Promise.resolve();
  let addresses: Addresses = {};
  const watched = watchObjects(kube, stop.signal);
  const monitoring = createMonitoring({
    clock,
    list: watched.list,
    post: postAlerts(services),
    reportProblem: (message) => progress(`  alerts: ${message}`),
  });

  const close = async (): Promise<void> => {
    monitoring.stop();
    // While the controllers run: they hold finalizers.
    await untilNoRequests(kube, namespace, clock).catch(() => {});
    stop.abort(new Error("the demonstration ends"));
    await running.catch(() => {});
    progress(`Removing ${made.length} objects …`);
    for (const manifest of made.toReversed()) await userActions.remove(manifest).catch((error: unknown) => progress(`  ${String(error)}`));
    kube.close();
  };

  try {
    progress(`Installing Kintsugi's kinds, rights and policies; its namespace is ${namespace} …`);
    for (const manifest of contextManifests(namespace, image)) {
      made.push(manifest);
      await userActions.apply([manifest]);
    }
    await untilServed(kube, namespace, clock);
    await userActions.apply([scenarioPolicy(namespace), approversBinding(namespace)]);
    const start: typeof StartHttpServer = async (app, serverOptions, deps) => {
      const server = await services.start(app, { ...serverOptions, host: "127.0.0.1", port: 0 }, deps);
      if (serverOptions.port === ports.gateway) addresses = { ...addresses, gateway: server.url };
      if (serverOptions.port === ports.metrics) addresses = { ...addresses, metrics: server.url };
      return server;
    };
    const log = createLog({ clock, level: options.logLevel, destination: { write: (line) => progress(line.trimEnd()) } });
    running = runRoles(
      await loadRoles("all"),
      {
        namespace,
        image,
        address: "127.0.0.1",
        ports: { http: ports.gateway, metrics: ports.metrics },
        tokenAudience: SIGNALS_AUDIENCE,
        leaderElection: "off",
        logLevel: options.logLevel,
      },
      {
        ...wire,
        randomBytes,
        config: asController(config, namespace),
        log,
        identity: "demo",
        readFile: (path) => Promise.reject(new Error(`${path}: there are no files here`)),
        signal: stop.signal,
        startServer: start,
      },
    );
    const url = await Promise.race([untilReady(clock, services, () => addresses), running.then(() => undefined)]);
    if (url === undefined) throw new Error("Kintsugi ended before it was ready");
    monitoring.setWebhook({ url: `${url}/api/v1/signals/prometheus`, bearerToken: await signalsToken(kube, namespace) });
    progress(`  Kintsugi is ready; alerts reach its Gateway at ${url}, from rules that are evaluated here`);
    const rules = createSharedAlertRules((all) => {
      watched.follow(all);
      return Promise.resolve(monitoring.setRules(all));
    });
    const stoppable = signal === undefined ? {} : { signal };
    return {
      installation: { namespace, image, url },
      kube,
      run: (scenario, report, choices) => {
        const deps = { kube, userActions: userActionsOf(userActions, choices), rules, installation: namespace, clock, random, report };
        return runScenario({ ...deps, ...stoppable, untilFault: choices?.untilFault }, scenario);
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
};

/** With the rights of the controllers' account and nothing of the user's: a token of it only the kubelet gets. */
const asController = (config: ClusterConfig, namespace: string): ClusterConfig => ({
  ...config,
  impersonate: {
    user: `system:serviceaccount:${namespace}:${CONTROLLER_ACCOUNT}`,
    groups: ["system:serviceaccounts", `system:serviceaccounts:${namespace}`, "system:authenticated"],
  },
});

/** No event says when an API server serves a new kind: it is polled. */
const untilServed = async (kube: Kube, namespace: string, clock: Clock): Promise<void> => {
  const until = clock.now() + 30_000;
  for (const { plural } of kinds)
    for (;;) {
      try {
        await kube.request("GET", `/apis/${API_VERSION}/namespaces/${namespace}/${plural}?limit=1`);
        break;
      } catch (error) {
        if (!isNotFound(error) || clock.now() > until) throw error;
      }
      await delay(clock, 200);
    }
};

const untilNoRequests = async (kube: Kube, namespace: string, clock: Clock): Promise<void> => {
  const until = clock.now() + goneTimeoutMs;
  const path = `/apis/${API_VERSION}/namespaces/${namespace}/kubernetesexecutions?limit=1`;
  const left = async (): Promise<number> => ((await kube.request("GET", path)) as { items: readonly unknown[] }).items.length;
  while ((await left()) > 0 && clock.now() < until) await delay(clock, 500);
};
