// The orchestrating controllers on an embedded API server, under their generated rights; analysis, executions and the workload's controller are played by the test.
import { randomBytes } from "node:crypto";
import { API_VERSION } from "#api/define-kind.ts";
import { AIAnalysis } from "#api/kinds/ai-analysis.ts";
import { KubernetesExecution } from "#api/kinds/kubernetes-execution.ts";
import { RemediationRequest } from "#api/kinds/remediation-request.ts";
import { kinds } from "#api/kinds/registry.ts";
import { Deployments, Namespaces } from "#api/kubernetes.ts";
import { CONTROLLER_ACCOUNT, ENVIRONMENT_LABEL, JOB_FINALIZER, MANAGED_LABEL } from "#api/labels.ts";
import type { KubeObject, Need, ObjectReference, ResourceType } from "#api/object.ts";
import type { RoleDeps } from "#runtime/role-deps.ts";
import { createRemediationProcessingController } from "#controllers/remediation-processing/controller.ts";
import { needs as processingNeeds } from "#controllers/remediation-processing/role.ts";
import { createRemediationRequestController } from "#controllers/remediation-request/controller.ts";
import { needs as requestNeeds } from "#controllers/remediation-request/role.ts";
import { createWorkflowExecutionController } from "#controllers/workflow-execution/controller.ts";
import { needs as workflowNeeds } from "#controllers/workflow-execution/role.ts";
import { createJournal, defaultBounds } from "#cluster/journal/journal.ts";
import { savedJournal } from "#cluster/journal/journal-reader.ts";
import { createCaches } from "#kube/caches.ts";
import { connect } from "#kube/connect.ts";
import { runController } from "#kube/controller.ts";
import { removeFinalizer } from "#kube/finalize.ts";
import { silentLog } from "#lib/log.ts";
import { createMetrics, type Metrics } from "#lib/metrics.ts";
import type { Clock } from "#lib/clock.ts";
import { systemClock } from "#lib/system-clock.ts";
import { admissionPolicies } from "#manifests/admission.ts";
import { crdOf } from "#manifests/crd.ts";
import { rbacOf } from "#manifests/rbac.ts";
import { defaultSettings, type Settings } from "#policy/settings.ts";
import { tokenOf } from "#test/cluster.ts";
import { aPlan, aStep, alert } from "#test/orchestration-samples.ts";
import { evenRandom, type ProxiedEmbeddedCluster, startProxiedCluster } from "#test/proxied-cluster.ts";

/** What the test does in the place of the Gateway, the analysis and the executions, all of which run under the same account. */
const played: readonly Need[] = [
  { group: "kintsugi.dev", resource: "remediationrequests", verbs: ["create", "update", "patch"], scope: "own" },
  { group: "kintsugi.dev", resource: "remediationrequests/status", verbs: ["patch"], scope: "own" },
  { group: "kintsugi.dev", resource: "aianalyses/status", verbs: ["patch"], scope: "own" },
  { group: "kintsugi.dev", resource: "kubernetesexecutions", verbs: ["patch"], scope: "own" },
  { group: "kintsugi.dev", resource: "kubernetesexecutions/status", verbs: ["patch"], scope: "own" },
];

type AnalysisStatus = NonNullable<AIAnalysis["status"]>;
type ExecutionStatus = NonNullable<KubernetesExecution["status"]>;

export interface OrchestrationHarness {
  readonly cluster: ProxiedEmbeddedCluster;
  readonly own: string;
  /** Opted in, in staging. */
  readonly shop: string;
  readonly policy: { settings: Settings; missing: readonly string[]; checkedBy: string | undefined };
  readonly metrics: Metrics;
  readonly events: string[];
  /** Runs the three controllers through the proxy; caches of their own, so that a second one is a restart. */
  start(): { readonly stop: () => Promise<void> };
  /** The first version that satisfies, seen through a watch. */
  until<T extends KubeObject>(type: ResourceType<T>, name: string, holds: (object: T) => boolean): Promise<T>;
  createWorkload(name: string): Promise<ObjectReference>;
  /** What the Deployment controller writes. */
  setHealth(name: string, state: "healthy" | "broken"): Promise<void>;
  createRequest(name: string, target: ObjectReference): Promise<RemediationRequest>;
  /** As the Gateway would. */
  resolveAlert(name: string): Promise<void>;
  analyse(name: string, target: ObjectReference, status?: Partial<AnalysisStatus>): Promise<void>;
  execute(name: string, status: ExecutionStatus): Promise<void>;
  /** Lets go of an execution that is being deleted. */
  release(execution: KubernetesExecution): Promise<void>;
  cancel(name: string): Promise<void>;
  /** As the change journal would: this version of an object is seen now. */
  see(object: KubeObject): void;
  /** Lets that much of the controllers' time pass at once. */
  pass(seconds: number): void;
  /** `METHOD resource/name`, without what is played. */
  writes(text: string): string[];
  close(): Promise<void>;
}

export const openOrchestration = async (): Promise<OrchestrationHarness> => {
  const cluster = await startProxiedCluster();
  const { direct, namespace: own } = cluster;
  const shop = `${own}-shop`;
  const needs = [...requestNeeds, ...processingNeeds, ...workflowNeeds, ...played];
  const manifests = [
    ...kinds.map(crdOf),
    ...rbacOf({ account: CONTROLLER_ACCOUNT, namespace: own, needs }),
    ...admissionPolicies({ namespace: own, image: "example.test/kintsugi:1" }),
  ];
  await cluster.server.apply(manifests);
  const labels = { [MANAGED_LABEL]: "true", [ENVIRONMENT_LABEL]: "staging" };
  await direct.create(Namespaces, { apiVersion: "v1", kind: "Namespace", metadata: { name: shop, labels } });
  const token = await tokenOf(cluster.server, own, CONTROLLER_ACCOUNT);
  // Straight to the API server, under the account's rights: what is played does not count among the product's requests.
  const player = await cluster.server.asAccount(own, CONTROLLER_ACCOUNT);
  const policy: OrchestrationHarness["policy"] = {
    settings: { ...defaultSettings, stabilisationSeconds: 0, perNamespacePerHour: 1000, perHour: 1000 },
    missing: [],
    checkedBy: "",
  };
  const metrics = createMetrics();
  const events: string[] = [];
  const clock = unhurried(systemClock);
  const listeners = new Set<(object: ObjectReference) => void>();
  const journal = createJournal(defaultBounds, (object) => {
    for (const listener of listeners) listener(object);
  });
  const journalKeeper = {
    tracks: () => journal.tracks(),
    onChange: (listener: (object: ObjectReference) => void) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };

  return {
    cluster,
    own,
    shop,
    policy,
    metrics,
    events,
    start: () => {
      const stopping = new AbortController();
      const kube = connect(cluster.proxy.config(token), { clock: systemClock, random: evenRandom });
      const caches = createCaches(kube, { log: silentLog });
      const deps: RoleDeps = {
        kube,
        caches,
        clock,
        random: evenRandom,
        randomBytes,
        log: silentLog,
        metrics,
        events: { record: ({ about, reason }) => void events.push(`${about.name} ${reason}`), flush: () => Promise.resolve() },
        journal: savedJournal(kube, own),
        namespace: own,
        settings: () => policy.settings,
        guardrails: { missing: () => policy.missing, approvals: () => policy.checkedBy },
      };
      const controllers = [
        createRemediationRequestController({ ...deps, journalKeeper }),
        createRemediationProcessingController(deps),
        createWorkflowExecutionController(deps),
      ];
      caches.start(stopping.signal);
      const running = Promise.all(
        controllers.map((controller) =>
          runController(controller, { clock: systemClock, random: evenRandom, log: silentLog }, stopping.signal),
        ),
      );
      return {
        stop: async () => {
          stopping.abort();
          await running;
          kube.close();
        },
      };
    },
    until: async (type, name, holds) => {
      const found = new AbortController();
      try {
        for await (const seen of direct.listWatch(type, { namespace: own, fieldSelector: `metadata.name=${name}` }, found.signal)) {
          const object = (seen.kind === "synced" ? seen.items : seen.kind === "applied" ? [seen.object] : []).find(holds);
          if (object !== undefined) return object;
        }
        throw new Error("the watch ended");
      } finally {
        found.abort();
      }
    },
    createWorkload: async (name) => {
      await direct.create(Deployments, {
        apiVersion: "apps/v1",
        kind: "Deployment",
        metadata: { namespace: shop, name, annotations: { "deployment.kubernetes.io/revision": "2" } },
        spec: {
          replicas: 1,
          selector: { matchLabels: { app: name } },
          template: { metadata: { labels: { app: name } }, spec: { containers: [{ name: "app", image: "web:2" }] } },
        },
      });
      return { apiVersion: "apps/v1", kind: "Deployment", namespace: shop, name };
    },
    setHealth: async (name, state) => {
      const live = await direct.get(Deployments, { namespace: shop, name });
      const ready = state === "healthy" ? 1 : 0;
      const status = {
        observedGeneration: live?.metadata.generation,
        replicas: 1,
        updatedReplicas: 1,
        readyReplicas: ready,
        availableReplicas: ready,
      };
      await direct.mergePatch(Deployments, { namespace: shop, name }, { status }, { subresource: "status" });
    },
    createRequest: (name, target) =>
      player.create(RemediationRequest, {
        apiVersion: API_VERSION,
        kind: "RemediationRequest",
        metadata: { namespace: own, name },
        spec: {
          alert,
          reported: { kind: target.kind, ...(target.namespace === undefined ? {} : { namespace: target.namespace }), name: target.name },
          target,
        },
      }),
    resolveAlert: async (name) => {
      const at = new Date(systemClock.now()).toISOString();
      const alerts = { [alert.fingerprint]: { name: alert.name, startsAt: alert.startsAt, lastSeen: at, count: 1, resolvedAt: at } };
      await player.mergePatch(RemediationRequest, { namespace: own, name }, { status: { alerts } }, { subresource: "status" });
    },
    analyse: async (name, target, status) => {
      const whole: AnalysisStatus = {
        phase: "Completed",
        result: "Proceed",
        rootCause: { code: "ReleaseCrashes", object: target, summary: "Revision 2 crashes.", chain: [] },
        plans: [aPlan({ steps: [aStep("s1", { target })] })],
        chosen: 0,
        symptom: { object: target, stabilisationSeconds: policy.settings.stabilisationSeconds },
        ...status,
      };
      await player.mergePatch(AIAnalysis, { namespace: own, name }, { status: whole }, { subresource: "status" });
    },
    execute: async (name, status) => {
      const key = { namespace: own, name };
      const written = await player.mergePatch(KubernetesExecution, key, { status }, { subresource: "status" });
      await removeFinalizer(player, KubernetesExecution, written, JOB_FINALIZER);
    },
    release: async (execution) => void (await removeFinalizer(player, KubernetesExecution, execution, JOB_FINALIZER)),
    cancel: async (name) =>
      void (await direct.mergePatch(RemediationRequest, { namespace: own, name }, { spec: { cancel: { by: "kubernetes-admin" } } })),
    writes: (text) =>
      cluster.proxy.requests
        .filter(({ isWrite, body, path: url }) => isWrite && (url.includes(text) || body.includes(text)))
        .map(({ method, path: url }) => `${method} ${url.split("?")[0]?.split("/").slice(6).join("/")}`),
    see: (object) => journal.see(object, clock.now()),
    pass: clock.pass,
    close: cluster.stop,
  };
};

/**
 * A fifth as fast as the real one: what a controller says only of a slow child, it must not say on a machine that is merely busy,
 * or the number of its writes would depend on the load.
 */
const unhurried = (clock: Clock): Clock & { pass(seconds: number): void } => {
  const startedAt = clock.now();
  let passedMs = 0;
  return {
    now: () => startedAt + (clock.now() - startedAt) / 5 + passedMs,
    uptime: () => clock.uptime() / 5 + passedMs,
    after: (delayMs, callback) => clock.after(delayMs, callback),
    pass: (seconds) => void (passedMs += seconds * 1000),
  };
};
