// The execution controller on an embedded API server, under its own generated rights, with the Job's pod and the workload's controller played by the test.
import { randomBytes } from "node:crypto";
import { API_VERSION } from "#api/define-kind.ts";
import type { ApprovalReference } from "#api/fields.ts";
import { AIApprovalRequest, type ApprovalPhase } from "#api/kinds/ai-approval-request.ts";
import { KubernetesExecution } from "#api/kinds/kubernetes-execution.ts";
import {
  type Deployment,
  Deployments,
  type Job,
  Jobs,
  Namespaces,
  type Pod,
  Pods,
  type PodTemplate,
  ReplicaSets,
} from "#api/kubernetes.ts";
import {
  accountOfAction,
  approvedAccountOfAction,
  CONTROLLER_ACCOUNT,
  ENVIRONMENT_LABEL,
  JOB_FINALIZER,
  MANAGED_LABEL,
} from "#api/labels.ts";
import type { Need, ObjectReference } from "#api/object.ts";
import { type ActExitCode, runAct } from "#act/act.ts";
import { adminName } from "#embedded/identity.ts";
import { planStep } from "#actions/plan.ts";
import { findAction } from "#actions/registry.ts";
import { savedJournal } from "#cluster/journal/journal-reader.ts";
import { readForAction } from "#cluster/read-for-action.ts";
import { CHANGES_KEY } from "#cluster/sealed-changes.ts";
import { ensureKey } from "#cluster/installation-key.ts";
import { createKubernetesExecutionController } from "#controllers/kubernetes-execution/controller.ts";
import { needs } from "#controllers/kubernetes-execution/role.ts";
import { createCaches } from "#kube/caches.ts";
import type { Kube } from "#kube/client.ts";
import { connect } from "#kube/connect.ts";
import { runController } from "#kube/controller.ts";
import { ownedBy } from "#kube/ensure.ts";
import { silentLog } from "#lib/log.ts";
import { createMetrics } from "#lib/metrics.ts";
import { systemClock } from "#lib/system-clock.ts";
import { admissionPolicies } from "#manifests/admission.ts";
import { crdOf } from "#manifests/crd.ts";
import { rbacOf } from "#manifests/rbac.ts";
import { actionRights } from "#manifests/rights.ts";
import { RemediationPolicy } from "#api/kinds/remediation-policy.ts";
import { defaultSettings, type Settings } from "#policy/settings.ts";
import { tokenOf } from "#test/cluster.ts";
import { evenRandom, type ProxiedEmbeddedCluster, startProxiedCluster } from "#test/proxied-cluster.ts";
import { endedJob, endedPod } from "#test/ended-job.ts";

const image = "example.test/kintsugi:1";
/** What the workflow's controller does under the same account. */
const parentNeeds: readonly Need[] = [
  { group: KubernetesExecution.group, resource: KubernetesExecution.plural, verbs: ["create", "patch"], scope: "own" },
];
/** What the controllers of analyses and approvals do under the same account. */
const approvalNeeds: readonly Need[] = [
  { group: AIApprovalRequest.group, resource: AIApprovalRequest.plural, verbs: ["create"], scope: "own" },
  { group: AIApprovalRequest.group, resource: `${AIApprovalRequest.plural}/status`, verbs: ["update"], scope: "own" },
];

export interface Harness {
  readonly cluster: ProxiedEmbeddedCluster;
  /** Kintsugi's own namespace. */
  readonly own: string;
  /** An opted-in namespace of a user. */
  readonly shop: string;
  /** As the controllers' account, straight to the API server. */
  readonly controllers: Kube;
  readonly policy: { settings: Settings; missing: readonly string[]; checkedBy: string | undefined };
  token(account: string): Promise<string>;
  /** Runs the controller through the proxy until it is stopped; caches of its own, so that a second one is a restart. */
  start(options?: {
    /** How far the controller's clock is ahead of the others'. */
    readonly aheadMs?: number;
  }): { readonly stop: () => Promise<void> };
  /** Resolves with the first version of the object that satisfies; through a watch. */
  until(name: string, holds: (execution: KubernetesExecution) => boolean): Promise<KubernetesExecution>;
  untilJob(name: string): Promise<Job>;
  /** A ready pod of a ReplicaSet that has nothing else to say. */
  createPod(name: string, labels: Readonly<Record<string, string>>): Promise<Pod>;
  createWorkload(name: string): Promise<Deployment>;
  /** As the workflow's controller would: planned now, frozen. */
  createExecution(
    name: string,
    step: Partial<Omit<KubernetesExecution["spec"], "permission">> & {
      readonly target: ObjectReference;
      /** Default: allowed without an approval. Undefined: the execution does not say. */
      readonly permission?: KubernetesExecution["spec"]["permission"] | undefined;
    },
  ): Promise<KubernetesExecution>;
  /** The approval of one step, as the controllers would have written it; Default phase: Approved. */
  createApproval(
    name: string,
    step: { readonly target: ObjectReference; readonly changesHash: string; readonly action?: string; readonly phase?: ApprovalPhase },
  ): Promise<ApprovalReference>;
  runAct(name: string, action: string, kube?: Kube): Promise<{ code: ActExitCode; report: string }>;
  /** What the kubelet and the Job controller write when the pod has ended. */
  endJob(job: Job, exitCode: number, report: string): Promise<void>;
  /** What the Deployment controller writes when all replicas are updated. */
  rollOut(name: string): Promise<void>;
  close(): Promise<void>;
}

export const goodTemplate: PodTemplate = { metadata: { labels: { app: "web" } }, spec: { containers: [{ name: "app", image: "web:1" }] } };
export const badTemplate: PodTemplate = {
  metadata: { labels: { app: "web" }, annotations: { team: "shop" } },
  spec: { containers: [{ name: "app", image: "web:2", env: [{ name: "MODE", value: "fast" }] }] },
};

export const openHarness = async (): Promise<Harness> => {
  const cluster = await startProxiedCluster();
  const { direct, namespace: own } = cluster;
  const shop = `${own}-shop`;
  const installed = [
    crdOf(KubernetesExecution),
    crdOf(AIApprovalRequest),
    ...rbacOf({ account: CONTROLLER_ACCOUNT, namespace: own, needs: [...needs, ...parentNeeds, ...approvalNeeds] }),
    crdOf(RemediationPolicy),
    ...actionRights().flatMap((each) => rbacOf({ ...each, namespace: own })),
    ...admissionPolicies({ namespace: own, image }),
  ];
  await cluster.server.apply(installed);
  await ensureKey(direct, { namespace: own, name: CHANGES_KEY, randomBytes });
  await direct.create(Namespaces, {
    apiVersion: "v1",
    kind: "Namespace",
    metadata: { name: shop, labels: { [MANAGED_LABEL]: "true", [ENVIRONMENT_LABEL]: "staging" } },
  });

  const podOwner = await direct.create(ReplicaSets, {
    apiVersion: "apps/v1",
    kind: "ReplicaSet",
    metadata: { namespace: shop, name: "web-1" },
    spec: { replicas: 0, selector: { matchLabels: { app: "none" } }, template: { ...goodTemplate, metadata: { labels: { app: "none" } } } },
  });

  const token = (account: string): Promise<string> => tokenOf(cluster.server, own, account);
  const controllersToken = await token(CONTROLLER_ACCOUNT);
  const open: { close(): void }[] = [];
  const through = (accountToken: string): Kube => {
    const kube = connect(cluster.proxy.config(accountToken), { clock: systemClock, random: evenRandom });
    open.push(kube);
    return kube;
  };
  const controllers = through(controllersToken);
  const policy = { settings: defaultSettings, missing: [] as readonly string[], checkedBy: "" };

  const first = async <T extends KubernetesExecution | Job>(
    type: typeof KubernetesExecution | typeof Jobs,
    name: string,
    holds: (object: T) => boolean,
  ): Promise<T> => {
    const found = new AbortController();
    try {
      for await (const seen of direct.listWatch<T>(
        type as never,
        { namespace: own, fieldSelector: `metadata.name=${name}` },
        found.signal,
      )) {
        const object = (seen.kind === "synced" ? seen.items : seen.kind === "applied" ? [seen.object] : []).find(holds);
        if (object !== undefined) return object;
      }
      throw new Error("the watch ended");
    } finally {
      found.abort();
    }
  };

  return {
    cluster,
    own,
    shop,
    controllers,
    policy,
    token,
    start: ({ aheadMs = 0 } = {}) => {
      const clock = { ...systemClock, now: () => systemClock.now() + aheadMs };
      const stopping = new AbortController();
      const kube = connect(cluster.proxy.config(controllersToken), { clock: systemClock, random: evenRandom });
      const caches = createCaches(kube, { log: silentLog });
      const controller = createKubernetesExecutionController({
        kube,
        caches,
        clock,
        random: evenRandom,
        randomBytes,
        log: silentLog,
        metrics: createMetrics(),
        events: { record: () => {}, flush: () => Promise.resolve() },
        journal: savedJournal(kube, own),
        namespace: own,
        settings: () => policy.settings,
        guardrails: { missing: () => policy.missing, approvals: () => policy.checkedBy },
        image,
      });
      caches.start(stopping.signal);
      const running = runController(controller, { clock, random: evenRandom, log: silentLog }, stopping.signal);
      return {
        stop: async () => {
          stopping.abort();
          await running;
          kube.close();
        },
      };
    },
    until: (name, holds) => first<KubernetesExecution>(KubernetesExecution, name, holds),
    untilJob: (name) => first<Job>(Jobs, name, () => true),
    createPod: async (name, labels) => {
      const pod = await direct.create(Pods, {
        apiVersion: "v1",
        kind: "Pod",
        metadata: { namespace: shop, name, labels, ownerReferences: [ownedBy(podOwner)] },
        spec: { containers: [{ name: "app", image: "web:1" }], automountServiceAccountToken: false },
      });
      const status = { phase: "Running", conditions: [{ type: "Ready", status: "True" }] };
      return direct.mergePatch(Pods, { namespace: shop, name: pod.metadata.name }, { status }, { subresource: "status" });
    },
    createWorkload: async (name) => {
      const meta = { namespace: shop, name, annotations: { "deployment.kubernetes.io/revision": "2" } };
      const made = await direct.create(Deployments, {
        apiVersion: "apps/v1",
        kind: "Deployment",
        metadata: meta,
        spec: { replicas: 1, selector: { matchLabels: { app: "web" } }, template: badTemplate },
      });
      for (const [index, template] of [goodTemplate, badTemplate].entries())
        await direct.create(ReplicaSets, {
          apiVersion: "apps/v1",
          kind: "ReplicaSet",
          metadata: {
            namespace: shop,
            name: `${name}-${index + 1}`,
            annotations: { "deployment.kubernetes.io/revision": String(index + 1) },
            ownerReferences: [ownedBy(made)],
          },
          spec: {
            replicas: 0,
            selector: { matchLabels: { app: "web", "pod-template-hash": `h${index}` } },
            template: { ...template, metadata: { ...template.metadata, labels: { app: "web", "pod-template-hash": `h${index}` } } },
          },
        });
      return made;
    },
    createExecution: async (name, step) => {
      const action = step.action ?? "rollback_deployment";
      const parameters = step.parameters ?? { revision: "1" };
      const { permission, ...rest } = {
        permission: { environment: "staging", autonomy: "auto", reason: "staging is opted in" } as const,
        ...step,
      };
      const seen = await readForAction(
        { kube: direct, journal: savedJournal(direct, own) },
        findAction(action)?.readsFor(parameters) ?? [],
        step.target,
      );
      const plan = planStep({ action, target: step.target, parameters }, seen);
      return controllers.create(KubernetesExecution, {
        apiVersion: API_VERSION,
        kind: "KubernetesExecution",
        metadata: { namespace: own, name, finalizers: [JOB_FINALIZER] },
        spec: {
          request: "rr-1",
          workflow: "wfe-1",
          step: "s1",
          timeoutSeconds: 300,
          changesHash: plan.ok ? plan.changesHash : "0".repeat(64),
          ...rest,
          ...(permission === undefined ? {} : { permission }),
          action,
          parameters,
        },
      });
    },
    createApproval: async (name, { target, changesHash, action = "rollback_deployment", phase = "Approved" }) => {
      const made = await controllers.create(AIApprovalRequest, {
        apiVersion: API_VERSION,
        kind: "AIApprovalRequest",
        metadata: { namespace: own, name },
        spec: {
          request: "rr-1",
          analysis: "rr-1-a1-aia",
          summary: "Something is wrong.",
          steps: [{ id: "s1", action, target, parameters: {}, changesHash, dependsOn: [], critical: true, timeoutSeconds: 300 }],
          diffs: [],
          changes: "[]",
          changesHash,
          risk: "low",
          reversible: true,
          reason: "a person decides",
          expiresAt: new Date(systemClock.now() + 3_600_000).toISOString(),
          approvers: ["group:system:masters"],
          minApprovers: 1,
          decisions: [],
        },
      });
      const decisions = [{ op: "add", path: "/spec/decisions/-", value: { by: adminName, decision: "Approved", via: "kubectl" } } as const];
      const decided = phase === "Approved" ? await direct.jsonPatch(AIApprovalRequest, { namespace: own, name }, decisions) : made;
      await controllers.replaceStatus(AIApprovalRequest, { ...decided, status: { phase } });
      return { name, uid: made.metadata.uid };
    },
    runAct: async (name, action, kube) => {
      const execution = await direct.get(KubernetesExecution, { namespace: own, name });
      const accountOf = execution?.spec.approval === undefined ? accountOfAction : approvedAccountOfAction;
      let report = "";
      const deps = {
        kube: kube ?? through(await token(accountOf(action))),
        clock: systemClock,
        random: evenRandom,
        log: silentLog,
        writeReport: (text: string) => {
          report = text;
        },
      };
      const code = await runAct(deps, { name, namespace: own, hash: execution?.spec.changesHash ?? "" });
      return { code, report };
    },
    endJob: async (job, exitCode, report) => {
      const at = new Date(systemClock.now()).toISOString().replace(/\.\d+Z/, "Z");
      const labels = { "batch.kubernetes.io/job-name": job.metadata.name };
      const pod = await direct.create(Pods, {
        apiVersion: "v1",
        kind: "Pod",
        metadata: { namespace: own, name: `${job.metadata.name}-pod`, labels, ownerReferences: [ownedBy(job)] },
        spec: { containers: [{ name: "act", image }], automountServiceAccountToken: false },
      });
      await direct.mergePatch(
        Pods,
        { namespace: own, name: pod.metadata.name },
        { status: endedPod(job, exitCode, report, at) },
        { subresource: "status" },
      );
      await direct.mergePatch(
        Jobs,
        { namespace: own, name: job.metadata.name },
        { status: endedJob(exitCode, at) },
        { subresource: "status" },
      );
    },
    rollOut: async (name) => {
      const live = await direct.get(Deployments, { namespace: shop, name });
      const replicas = live?.spec.replicas ?? 1;
      const status = { observedGeneration: live?.metadata.generation, replicas, updatedReplicas: replicas };
      await direct.mergePatch(Deployments, { namespace: shop, name }, { status }, { subresource: "status" });
    },
    close: async () => {
      for (const kube of open) kube.close();
      await cluster.stop();
    },
  };
};
