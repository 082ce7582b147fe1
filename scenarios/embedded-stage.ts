// An embedded cluster with Kintsugi on it, ready to run scenarios: no root, no kubectl, no network. Installed as an administrator would, and
// nothing shortened that a real cluster has.
import { DEFAULT_NAMESPACE } from "#api/labels.ts";
import { type EmbeddedCluster, openEmbeddedCluster } from "#embedded/embedded-cluster.ts";
import { createMonitoring, type Monitoring } from "#embedded/monitoring/monitoring.ts";
import type { Behave, Pull } from "#embedded/nodes/behaviour.ts";
import type { Clock, Random } from "#lib/clock.ts";
import { type startHttpServer } from "#lib/http-server.ts";
import type { LogLevel } from "#lib/log.ts";
import { install } from "#manifests/install.ts";
import { type AuditTrail, memoryAuditTrail } from "#scenarios/audit-trail.ts";
import { type UserActions, createUserActions } from "#scenarios/user-actions.ts";
import { approversBinding, scenarioPolicy, signalsToken } from "#scenarios/install-kintsugi.ts";
import { kintsugiInPods } from "#scenarios/kintsugi-in-pods.ts";
import { type Addresses, type Services, ports, postAlerts, untilReady } from "#scenarios/services.ts";
import { createSharedAlertRules } from "#scenarios/shared-alert-rules.ts";
import { runScenario } from "#scenarios/run-scenario.ts";
import { type Stage, userActionsOf } from "#scenarios/stage.ts";
import { stoppableClock } from "#scenarios/stoppable-clock.ts";

export interface EmbeddedStageOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly progress: (line: string) => void;
  /** How Kintsugi's services are offered, and how they are called. */
  readonly services: EmbeddedServices;
  readonly behave: Behave;
  readonly pull: Pull;
  readonly logLevel?: LogLevel;
  readonly signal?: AbortSignal;
}

export interface EmbeddedServices extends Services {
  readonly start: typeof startHttpServer;
}

export interface EmbeddedStage extends Stage {
  readonly audit: AuditTrail;
  readonly cluster: EmbeddedCluster;
  readonly monitoring: Monitoring;
  readonly userActions: UserActions;
}

const image = "registry.embedded/kintsugi:this";

/** Flow: cluster → manifests → policy → ready → the webhook. Guarantees: closing it leaves no timer and no socket. */
export const openEmbeddedStage = async (options: EmbeddedStageOptions): Promise<EmbeddedStage> => {
  const { random, progress, services, signal } = options;
  const clock = stoppableClock(options.clock);
  const startedAt = clock.now();
  const audit = memoryAuditTrail();
  let addresses: Addresses = {};
  const inPods = kintsugiInPods({
    clock,
    random,
    image,
    http: () => cluster.http,
    startServer: services.start,
    logLevel: options.logLevel ?? "info",
    renewedToken: ({ namespace, pod }) => tokenOfPod(cluster, namespace, pod),
    onListening: ({ port, url }) => {
      if (port === ports.gateway) addresses = { ...addresses, gateway: url };
      if (port === ports.metrics) addresses = { ...addresses, metrics: url };
    },
  });
  const cluster: EmbeddedCluster = openEmbeddedCluster({
    clock,
    random,
    audit: audit.record,
    workloads: {
      behave: (context) => inPods.behave(context) ?? options.behave(context),
      pull: (context) => (context.image === image ? { takesMs: 0 } : options.pull(context)),
    },
  });
  const kube = cluster.connect();
  const userActions = createUserActions({ kube, as: ({ by: user, groups }) => cluster.connect({ user, groups }) });
  const monitoring = createMonitoring({
    clock,
    list: cluster.objects.list,
    post: postAlerts(services),
    reportProblem: (message) => progress(`  monitoring: ${message}`),
  });
  const close = async (): Promise<void> => {
    monitoring.stop();
    await inPods.stop();
    kube.close();
    clock.stop();
  };
  try {
    const namespace = DEFAULT_NAMESPACE;
    progress("Installing Kintsugi on an embedded cluster …");
    await userActions.apply(install({ namespace, image }));
    await userActions.apply([scenarioPolicy(namespace), approversBinding(namespace)]);
    // Not until its pod is Ready too: the kubelet's probe only asks the same a little later.
    const url = await untilReady(clock, services, () => addresses);
    monitoring.setWebhook({ url: `${url}/api/v1/signals/prometheus`, bearerToken: await signalsToken(kube, namespace) });
    progress(`  Kintsugi is ready (${((clock.now() - startedAt) / 1000).toFixed(1)} s)`);
    const rules = createSharedAlertRules((all) => Promise.resolve(monitoring.setRules(all)));
    const stoppable = signal === undefined ? {} : { signal };
    return {
      cluster,
      monitoring,
      userActions,
      installation: { namespace, image, url },
      kube,
      audit,
      run: (scenario, report, choices) => {
        const deps = {
          kube,
          userActions: userActionsOf(userActions, choices),
          rules,
          audit,
          installation: namespace,
          clock,
          random,
          report,
        };
        return runScenario({ ...deps, ...stoppable, untilFault: choices?.untilFault }, scenario);
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
};

const tokenOfPod = (
  cluster: Pick<EmbeddedStage["cluster"], "handle" | "adminToken" | "objects">,
  namespace: string,
  name: string,
): string => {
  const pod = cluster.objects.list("/pods").find(({ metadata }) => metadata.namespace === namespace && metadata.name === name);
  const { serviceAccountName: account = "default", nodeName = "" } = (pod?.["spec"] ?? {}) as {
    serviceAccountName?: string;
    nodeName?: string;
  };
  const boundObjectRef = { apiVersion: "v1", kind: "Pod", name, uid: pod?.metadata.uid };
  const { body } = cluster.handle({
    method: "POST",
    path: `/api/v1/namespaces/${namespace}/serviceaccounts/${account}/token`,
    headers: {
      authorization: `Bearer ${cluster.adminToken}`,
      "content-type": "application/json",
      // As the kubelet: only the kubelet gets tokens of these accounts.
      "impersonate-user": `system:node:${nodeName}`,
      "impersonate-group": "system:nodes,system:masters",
    },
    body: JSON.stringify({
      apiVersion: "authentication.k8s.io/v1",
      kind: "TokenRequest",
      spec: { expirationSeconds: 3607, boundObjectRef },
    }),
  });
  return (body as { status?: { token?: string } }).status?.token ?? "";
};
