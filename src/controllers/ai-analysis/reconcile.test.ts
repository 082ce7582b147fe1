import { randomBytes } from "node:crypto";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { API_VERSION } from "#api/define-kind.ts";
import type { Reference } from "#api/fields.ts";
import { AIAnalysis } from "#api/kinds/ai-analysis.ts";
import { AIApprovalRequest } from "#api/kinds/ai-approval-request.ts";
import { kinds } from "#api/kinds/registry.ts";
import { RemediationRequest } from "#api/kinds/remediation-request.ts";
import { ConfigMaps, Deployments, Events, Namespaces, Pods, type Pod, ReplicaSets, Secrets, type PodTemplate } from "#api/kubernetes.ts";
import { CONTROLLER_ACCOUNT, ENVIRONMENT_LABEL, MANAGED_LABEL } from "#api/labels.ts";
import { keyOf, type KubeObject, type Need, type ResourceType } from "#api/object.ts";
import { decodeChanges } from "#actions/change.ts";
import { createAIAnalysisController } from "#controllers/ai-analysis/controller.ts";
import type { AnalysisDeps } from "#controllers/ai-analysis/observe.ts";
import { needs as analysisNeeds } from "#controllers/ai-analysis/role.ts";
import { createAIApprovalRequestController } from "#controllers/ai-approval-request/controller.ts";
import { needs as approvalNeeds } from "#controllers/ai-approval-request/role.ts";
import { kubectlLine } from "#controllers/ai-approval-request/commands.ts";
import { createView } from "#diagnosis/view.ts";
import { configStates } from "#diagnosis/workload-states.ts";
import { collectEvidence } from "#evidence/collect-cluster.ts";
import { optionalSource } from "#evidence/evidence.ts";
import type { ModelPort } from "#investigation/model-port.ts";
import { ensureKey } from "#cluster/installation-key.ts";
import { savedJournal } from "#cluster/journal/journal-reader.ts";
import { CHANGES_KEY } from "#cluster/sealed-changes.ts";
import { createCaches } from "#kube/caches.ts";
import type { Kube } from "#kube/client.ts";
import { runController } from "#kube/controller.ts";
import { KubeError } from "#kube/errors.ts";
import { createEventRecorder, eventNeeds } from "#kube/events.ts";
import { silentLog } from "#lib/log.ts";
import type { JsonPatch } from "#lib/json-patch.ts";
import { createMetrics } from "#lib/metrics.ts";
import { systemClock } from "#lib/system-clock.ts";
import { admissionPolicies } from "#manifests/admission.ts";
import { crdOf } from "#manifests/crd.ts";
import { rbacOf } from "#manifests/rbac.ts";
import { defaultSettings, type Settings } from "#policy/settings.ts";
import type { Connected } from "#test/cluster.ts";
import { type EmbeddedTestCluster, startEmbeddedCluster } from "#test/embedded-test-cluster.ts";
import { runKintsugi } from "#test/cli-harness.ts";
import { openedChanges } from "#test/recorded-changes.ts";
import { alert } from "#test/scene.ts";

// Both controllers under exactly the rights that they declare, with the admission policies in force.
const namespace = "kintsugi-analysis";
// The Gateway creates the requests, and their controller the analyses, under the same account.
const created = [AIAnalysis.plural, RemediationRequest.plural];
const creates: readonly Need[] = created.map((resource) => ({ group: AIAnalysis.group, resource, verbs: ["create"], scope: "own" }));
// So does the request's controller with the request's end.
const ends: Need = { group: AIAnalysis.group, resource: "remediationrequests/status", verbs: ["patch"], scope: "own" };
const needs = [...eventNeeds, ...analysisNeeds, ...approvalNeeds, ...creates, ends];
let cluster: EmbeddedTestCluster;
let account: Connected;
let ann: Connected;

beforeAll(async () => {
  cluster = await startEmbeddedCluster();
  const own = { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } };
  const manifests = [own, ...kinds.map(crdOf), ...rbacOf({ account: CONTROLLER_ACCOUNT, namespace, needs })];
  const rbac = { apiVersion: "rbac.authorization.k8s.io/v1", metadata: { name: "approver", namespace } };
  const approver = { apiGroups: [AIApprovalRequest.group], resources: [AIApprovalRequest.plural], verbs: ["get", "patch"] };
  const onCall = { apiGroup: "rbac.authorization.k8s.io", kind: "Group", name: "on-call" };
  const roleRef = { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: "approver" };
  const people = [
    { ...rbac, kind: "Role", rules: [approver] },
    { ...rbac, kind: "RoleBinding", roleRef, subjects: [onCall] },
  ];
  await cluster.apply([...manifests, ...admissionPolicies({ namespace, image: "x" }), ...people]);
  account = await cluster.asAccount(namespace, CONTROLLER_ACCOUNT);
  ann = cluster.asPerson("ann@example.com", ["on-call"]);
  await ensureKey(account, { namespace, name: CHANGES_KEY, randomBytes });
});
afterAll(() => cluster.stop());

let stop: () => Promise<void> = async () => {};
let writes: string[] = [];
let failNext: ((call: string) => boolean) | undefined;
let onLook: () => void = () => {};
let shop = "";
let count = 0;

beforeEach(async () => {
  writes = [];
  failNext = undefined;
  onLook = () => {};
  count += 1;
  shop = `analysis-shop-${count}`;
  await cluster.admin.create(Namespaces, { apiVersion: "v1", kind: "Namespace", metadata: { name: shop } });
});
afterEach(() => stop());

/** Counts what is written; where asked for, loses the answer of a write that was made. */
const watched = (kube: Kube): Kube => {
  const note = async <T>(call: string, write: () => Promise<T>): Promise<T> => {
    const written = await write();
    writes.push(call);
    if (failNext?.(call)) {
      failNext = undefined;
      throw new KubeError({ doing: call, status: 0, reason: "Connection", message: "connection reset" });
    }
    return written;
  };
  return {
    ...kube,
    pages: async function* (type, scope, options) {
      try {
        yield* kube.pages(type, scope, options);
      } finally {
        if (type.plural === Pods.plural) onLook();
      }
    },
    create: (type, object, options) => note(`create ${type.kind}`, () => kube.create(type, object, options)),
    replaceStatus: (type, object, options) => note(`status ${type.kind}`, () => kube.replaceStatus(type, object, options)),
  };
};

const start = (settings: Partial<Settings> = {}, model?: ModelPort): void => {
  const controller = new AbortController();
  const kube = watched(account);
  const caches = createCaches(account, { log: silentLog });
  const events = createEventRecorder({
    kube: account,
    clock: systemClock,
    log: silentLog,
    component: "kintsugi",
    instance: "test",
  });
  const deps: AnalysisDeps = {
    kube,
    caches,
    clock: systemClock,
    random: () => 0.5,
    randomBytes,
    log: silentLog,
    metrics: createMetrics(),
    events,
    journal: savedJournal(kube, namespace),
    namespace,
    ...(model === undefined ? {} : { model }),
    guardrails: { missing: () => [], approvals: () => "" },
    settings: () => ({ ...defaultSettings, approvers: ["group:on-call"], ...settings }),
  };
  const running = [createAIAnalysisController(deps), createAIApprovalRequestController(deps)].map((each) =>
    runController(each, deps, controller.signal),
  );
  caches.start(controller.signal);
  stop = async () => {
    controller.abort();
    await Promise.all(running);
    stop = async () => {};
  };
};

const template = (image: string, env: readonly { readonly name: string; readonly value: string }[] = []): PodTemplate => ({
  metadata: { labels: { app: "web" } },
  spec: {
    containers: [
      {
        name: "web",
        image,
        ...(env.length === 0 ? {} : { env: [...env] }),
        envFrom: [{ configMapRef: { name: "web-settings", optional: true } }],
      },
    ],
  },
});
const selector = { matchLabels: { app: "web" } };

/** Revision 1 runs, revision 2 crashes: what the Deployment controller and the kubelets would have written. */
const breakRelease = async (env: readonly { readonly name: string; readonly value: string }[] = []): Promise<Reference> => {
  const { admin } = cluster;
  const deployment = await admin.create(Deployments, {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "web", namespace: shop },
    spec: { replicas: 1, selector, template: template("web:2", env) },
  });
  await setStatus(Deployments, deployment, {
    observedGeneration: 1,
    replicas: 2,
    updatedReplicas: 1,
    readyReplicas: 1,
    availableReplicas: 1,
  });
  const ownerOf = (kind: string, { name, uid }: { name: string; uid: string }) => [
    { apiVersion: "apps/v1", kind, name, uid, controller: true },
  ];
  for (const revision of [1, 2]) {
    const labels = { app: "web", "pod-template-hash": `hash${revision}` };
    const full = template(`web:${revision}`, revision === 1 ? [] : env);
    const set = await admin.create(ReplicaSets, {
      apiVersion: "apps/v1",
      kind: "ReplicaSet",
      metadata: {
        name: `web-hash${revision}`,
        namespace: shop,
        labels,
        annotations: { "deployment.kubernetes.io/revision": String(revision) },
        ownerReferences: ownerOf("Deployment", deployment.metadata),
      },
      spec: { replicas: 1, selector: { matchLabels: labels }, template: { ...full, metadata: { labels } } },
    });
    const pod = await admin.create(Pods, {
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name: `web-hash${revision}-aaaaa`, namespace: shop, labels, ownerReferences: ownerOf("ReplicaSet", set.metadata) },
      spec: { ...full.spec },
    });
    await setStatus(Pods, pod, revision === 1 ? runningStatus() : crashedStatus());
    await setStatus(ReplicaSets, set, {
      replicas: 1,
      fullyLabeledReplicas: 1,
      readyReplicas: revision === 1 ? 1 : 0,
      availableReplicas: revision === 1 ? 1 : 0,
    });
  }
  return { apiVersion: "apps/v1", kind: "Deployment", namespace: shop, name: "web" };
};

/** One more revision that nothing runs. */
const keepRevision = async (revision: number, image: string): Promise<void> => {
  const deployment = await cluster.admin.get(Deployments, { namespace: shop, name: "web" });
  const labels = { app: "web", "pod-template-hash": `hash${revision}` };
  const { uid = "" } = deployment?.metadata ?? {};
  await cluster.admin.create(ReplicaSets, {
    apiVersion: "apps/v1",
    kind: "ReplicaSet",
    metadata: {
      name: `web-hash${revision}`,
      namespace: shop,
      labels,
      annotations: { "deployment.kubernetes.io/revision": String(revision) },
      ownerReferences: [{ apiVersion: "apps/v1", kind: "Deployment", name: "web", uid, controller: true }],
    },
    spec: { replicas: 0, selector: { matchLabels: labels }, template: { ...template(image), metadata: { labels } } },
  });
};

/** A patch: for the kinds that are built in, a whole status takes labels and owners along. */
const setStatus = (type: ResourceType, object: KubeObject, status: unknown): Promise<unknown> =>
  cluster.admin.mergePatch(type, keyOf(object), { status }, { subresource: "status" });

const seconds = (offset: number): string => new Date(Date.now() + offset * 1000).toISOString().replace(/\.\d+Z/, "Z");
const runningStatus = (): Pod["status"] => ({
  phase: "Running",
  conditions: [{ type: "Ready", status: "True", lastTransitionTime: seconds(-1) }],
  containerStatuses: [
    { name: "web", image: "web:1", imageID: "", ready: true, restartCount: 0, state: { running: { startedAt: seconds(-1) } } },
  ],
});
const crashedStatus = (): Pod["status"] => ({
  phase: "Running",
  conditions: [{ type: "Ready", status: "False", lastTransitionTime: seconds(0) }],
  containerStatuses: [
    {
      name: "web",
      image: "web:2",
      imageID: "",
      ready: false,
      restartCount: 3,
      state: { waiting: { reason: "CrashLoopBackOff", message: "back-off 20s restarting failed container" } },
      lastState: { terminated: { exitCode: 1, reason: "Error", startedAt: seconds(1), finishedAt: seconds(2) } },
    },
  ],
});

/** The namespace is opted in and carries the environment that the analysis was given. */
const analyse = async (name: string, target: Reference, spec: Partial<AIAnalysis["spec"]> = {}): Promise<void> => {
  const labels = { [MANAGED_LABEL]: "true", [ENVIRONMENT_LABEL]: spec.environment ?? "staging" };
  await cluster.admin.mergePatch(Namespaces, { name: shop }, { metadata: { labels } });
  const reported = { kind: target.kind, namespace: shop, name: target.name };
  await account.create(RemediationRequest, {
    apiVersion: API_VERSION,
    kind: "RemediationRequest",
    metadata: { namespace, name },
    spec: { alert, reported, target },
  });
  await account.request("POST", `/apis/${API_VERSION}/namespaces/${namespace}/aianalyses`, {
    apiVersion: API_VERSION,
    kind: "AIAnalysis",
    metadata: { name: `${name}-a1-aia`, namespace },
    spec: {
      request: name,
      attempt: 1,
      alert,
      reported,
      target,
      context: { exists: true, ownerChain: [], containers: [], neighbours: [], revisions: [] },
      environment: "staging",
      priority: "P1",
      autonomy: "auto",
      managed: true,
      protections: [],
      pastActions: [],
      ...spec,
    },
  });
};
const production = { environment: "production", autonomy: "approve" } as const;

const waitOptions = { timeout: 20_000, interval: 50 };
const analysisIs = (name: string, expected: object): Promise<AIAnalysis> =>
  vi.waitFor(async () => {
    const analysis = await cluster.admin.get(AIAnalysis, { namespace, name: `${name}-a1-aia` });
    expect(analysis?.status).toMatchObject(expected);
    return analysis as AIAnalysis;
  }, waitOptions);
const approvalIs = (name: string, expected: object, question = ""): Promise<AIApprovalRequest> =>
  vi.waitFor(async () => {
    const approval = await cluster.admin.get(AIApprovalRequest, { namespace, name: `${name}-a1-aiar${question}` });
    expect(approval?.status).toMatchObject(expected);
    return approval as AIApprovalRequest;
  }, waitOptions);
/** Exactly these, in any order; the server shows a write before its answer is here. */
const wrote = (...calls: readonly string[]): Promise<void> => vi.waitFor(() => expect(writes.toSorted()).toEqual(calls), waitOptions);
const vote = (name: string, decision: "Approved" | "Rejected"): Promise<unknown> =>
  ann.jsonPatch(AIApprovalRequest, { namespace, name: `${name}-a1-aiar` }, [
    { op: "add", path: "/spec/decisions/-", value: { by: "ann@example.com", decision, via: "kubectl" } },
  ]);

test("a release that crashes in staging: found, planned, granted, in one status write", async () => {
  const target = await breakRelease();
  start();
  await analyse("rr-auto", target);
  const { status } = await analysisIs("rr-auto", { phase: "Completed", verdict: "Actionable", result: "Proceed", chosen: 0 });
  expect(status).toMatchObject({
    rootCause: { code: "ReleaseCrashes", object: target },
    plans: [{ steps: [{ id: "s1", action: "rollback_deployment", parameters: { revision: "1" } }], reversible: true, autonomy: "auto" }],
    symptom: { object: target, stabilisationSeconds: 60 },
    conditions: [{ type: "Analyzed", status: "True", reason: "Actionable" }],
  });
  expect(status?.plans?.[0]?.diffs[0]?.diff).toContain("web:1");
  await wrote("status AIAnalysis");
});

describe("in production a person is asked", () => {
  test("with the exact change, and the patch of the kubectl line that is printed allows it", async () => {
    const target = await breakRelease();
    start();
    await analyse("rr-yes", target, production);
    const asked = await analysisIs("rr-yes", { phase: "AwaitingApproval", chosen: 0, approval: "rr-yes-a1-aiar" });
    expect(asked.status).not.toHaveProperty("result");
    const approval = await approvalIs("rr-yes", { phase: "Pending" });
    expect(approval.spec).toMatchObject({ request: "rr-yes", approvers: ["group:on-call"], decisions: [], reversible: true });
    expect(approval.spec.changesHash).toBe(asked.status?.plans?.[0]?.changesHash);
    expect(decodeChanges(await openedChanges(cluster.admin, approval))).toMatchObject([{ type: "patch", object: target }]);
    await vi.waitFor(async () => {
      const events = await cluster.admin.list(Events, { namespace });
      expect(events.map(({ message }) => message).join("\n")).toContain("kintsugi approve rr-yes");
    }, waitOptions);

    const [, patch = ""] = /-p '(.*)'$/.exec(kubectlLine(approval, "Approved")) ?? [];
    const operations = JSON.parse(patch.replace("<you>", "ann@example.com")) as JsonPatch;
    await ann.jsonPatch(AIApprovalRequest, { namespace, name: "rr-yes-a1-aiar" }, operations);
    await approvalIs("rr-yes", { phase: "Approved", message: "Approved by ann@example.com." });
    await analysisIs("rr-yes", { phase: "Completed", result: "Proceed", verdict: "Actionable", chosen: 0 });
    // The two controllers do not wait for each other.
    await wrote(
      "create AIApprovalRequest",
      "status AIAnalysis",
      "status AIAnalysis",
      "status AIApprovalRequest",
      "status AIApprovalRequest",
    );
  });

  test("a no is final", async () => {
    start();
    await analyse("rr-no", await breakRelease(), production);
    await approvalIs("rr-no", { phase: "Pending" });
    await vote("rr-no", "Rejected");
    await analysisIs("rr-no", { phase: "Completed", result: "Rejected", message: "Rejected by ann@example.com." });
  });

  const override = (name: string, parameters: Record<string, string>): Promise<unknown> =>
    ann.jsonPatch(AIApprovalRequest, { namespace, name: `${name}-a1-aiar` }, [
      {
        op: "add",
        path: "/spec/decisions/-",
        value: { by: "ann@example.com", decision: "Overridden", override: { step: "s1", parameters } },
      },
    ]);

  test("and wants other parameters: a new plan, hash and question, which needs a new approval", async () => {
    start();
    const target = await breakRelease();
    await analyse("rr-other", target, production);
    const first = await approvalIs("rr-other", { phase: "Pending" });
    await keepRevision(3, "web:0");
    await override("rr-other", { revision: "3" });
    await approvalIs("rr-other", { phase: "Overridden", override: { by: "ann@example.com", parameters: { revision: "3" } } });
    const second = await approvalIs("rr-other", { phase: "Pending" }, "-2");
    expect(second.spec).toMatchObject({
      decisions: [],
      steps: [{ parameters: { revision: "3" } }],
      reason: expect.stringContaining("ann@example.com"),
    });
    expect(second.spec.changesHash).not.toBe(first.spec.changesHash);
    expect(second.spec.diffs[0]?.diff).toContain("web:0");
    const waiting = await analysisIs("rr-other", { phase: "AwaitingApproval", approval: "rr-other-a1-aiar-2" });
    expect(waiting.status?.plans?.[0]?.changesHash).toBe(second.spec.changesHash);
    await ann.jsonPatch(AIApprovalRequest, { namespace, name: "rr-other-a1-aiar-2" }, [
      { op: "add", path: "/spec/decisions/-", value: { by: "ann@example.com", decision: "Approved" } },
    ]);
    await analysisIs("rr-other", { phase: "Completed", result: "Proceed", plans: [{ steps: [{ parameters: { revision: "3" } }] }] });
    await wrote(
      "create AIApprovalRequest",
      "create AIApprovalRequest",
      "status AIAnalysis",
      "status AIAnalysis",
      "status AIAnalysis",
      "status AIApprovalRequest",
      "status AIApprovalRequest",
      "status AIApprovalRequest",
      "status AIApprovalRequest",
    );
  });

  test("and wants what is not possible: the same plan is asked again, with the reason", async () => {
    start();
    await analyse("rr-cannot", await breakRelease(), production);
    const first = await approvalIs("rr-cannot", { phase: "Pending" });
    await override("rr-cannot", { revision: "77" });
    const second = await approvalIs("rr-cannot", { phase: "Pending" }, "-2");
    expect(second.spec.changesHash).toBe(first.spec.changesHash);
    expect(second.spec.reason).toContain("revision 77 no longer exists");
    await analysisIs("rr-cannot", { phase: "AwaitingApproval", overrides: [{ refused: expect.stringContaining("revision 77") }] });
  });

  test.each(["create AIApprovalRequest", "status AIAnalysis"])(
    "the answer to “%s” of the next question is lost: one next question",
    async (lost) => {
      const name = `rr-next-${lost.split(" ").join("-").toLowerCase()}`;
      start();
      const target = await breakRelease();
      await analyse(name, target, production);
      await approvalIs(name, { phase: "Pending" });
      await analysisIs(name, { phase: "AwaitingApproval" });
      await keepRevision(3, "web:0");
      failNext = (call) => call === lost;
      await override(name, { revision: "3" });
      await approvalIs(name, { phase: "Pending" }, "-2");
      await analysisIs(name, { phase: "AwaitingApproval", approval: `${name}-a1-aiar-2`, overrides: [{ parameters: { revision: "3" } }] });
      expect(writes.filter((call) => call === "create AIApprovalRequest")).toHaveLength(2);
    },
  );

  test("without an answer the question lapses", async () => {
    start({ approvalExpirySeconds: 2 });
    await analyse("rr-late", await breakRelease(), production);
    await approvalIs("rr-late", { phase: "Expired" });
    await analysisIs("rr-late", { phase: "Completed", result: "ApprovalExpired" });
  });

  test("a change of the target's status or scale leaves the question as it is", async () => {
    start();
    const target = await breakRelease();
    await analyse("rr-scaled", target, production);
    await approvalIs("rr-scaled", { phase: "Pending" });
    await cluster.admin.mergePatch(Deployments, { namespace: shop, name: "web" }, { spec: { replicas: 3 } });
    await setStatus(Deployments, { metadata: target } as unknown as KubeObject, { replicas: 3 });
    await vote("rr-scaled", "Approved");
    await approvalIs("rr-scaled", { phase: "Approved" });
  });

  test("a change of what would be changed voids it", async () => {
    start();
    await analyse("rr-drift", await breakRelease(), production);
    await approvalIs("rr-drift", { phase: "Pending" });
    await cluster.admin.jsonPatch(Deployments, { namespace: shop, name: "web" }, [
      { op: "replace", path: "/spec/template/spec/containers/0/image", value: "web:3" },
    ]);
    await approvalIs("rr-drift", { phase: "Void", message: expect.stringContaining("changed since") });
    await analysisIs("rr-drift", { phase: "Completed", result: "Drifted" });
  });

  test("nothing that its viewers may read, and nothing that the command line prints, shows a value that the diff hides", async () => {
    const secret = "canary77c1";
    const target = await breakRelease([{ name: "MODE", value: secret }]);
    start();
    await analyse("rr-leaky", target, production);
    const approval = await approvalIs("rr-leaky", { phase: "Pending" });
    expect(await openedChanges(cluster.admin, approval)).toContain(secret);
    const objects = await Promise.all([...kinds, Events].map((type) => cluster.admin.list(type as ResourceType, { namespace })));
    const print = (...args: readonly string[]) =>
      runKintsugi([...args, "--kintsugi-namespace", namespace], undefined, {
        connect: () => ({ ...cluster.admin, close: () => {} }),
        clock: systemClock,
      });
    const printed = await Promise.all([
      print("describe", "rr-leaky"),
      ...["json", "yaml"].flatMap((form) => [print("get", "rr-leaky", "-o", form), print("get", "-o", form)]),
    ]);
    for (const { code } of printed) expect(code).toBe(0);
    const shown = JSON.stringify([objects, printed]);
    expect(shown).toContain("rr-leaky");
    expect(shown).not.toContain(secret);
  });

  test("a question whose changes cannot be opened any more is void, whatever people say", async () => {
    start();
    await analyse("rr-locked", await breakRelease(), production);
    await approvalIs("rr-locked", { phase: "Pending" });
    const place = { namespace, name: CHANGES_KEY };
    await cluster.admin.delete(Secrets, place);
    await ensureKey(account, { ...place, randomBytes });
    await vote("rr-locked", "Approved");
    const message = expect.stringContaining("cannot open the recorded changes: the key in Secret kintsugi-changes-key was replaced");
    await approvalIs("rr-locked", { phase: "Void", message });
    await analysisIs("rr-locked", { phase: "Completed", result: "Drifted" });
  });

  test("the end of its request voids it", async () => {
    start();
    await analyse("rr-over", await breakRelease(), production);
    await approvalIs("rr-over", { phase: "Pending" });
    const status = { phase: "Completed", outcome: "SelfResolved" };
    await account.mergePatch(RemediationRequest, { namespace, name: "rr-over" }, { status }, { subresource: "status" });
    await approvalIs("rr-over", { phase: "Void", message: expect.stringContaining("rr-over, which requested it, has ended") });
  });

  test("a deleted question counts as a rejection", async () => {
    start();
    await analyse("rr-deleted", await breakRelease(), production);
    await approvalIs("rr-deleted", { phase: "Pending" });
    const collector = cluster.asPerson("system:serviceaccount:kube-system:generic-garbage-collector", ["system:masters"]);
    await collector.delete(AIApprovalRequest, { namespace, name: "rr-deleted-a1-aiar" });
    await analysisIs("rr-deleted", { phase: "Completed", result: "Rejected" });
  });

  test.each(["create AIApprovalRequest", "status AIAnalysis", "status AIApprovalRequest"])(
    "the answer to “%s” is lost: one question, the same end",
    async (lost) => {
      const name = `rr-lost-${lost.split(" ").join("-").toLowerCase()}`;
      failNext = (call) => call === lost;
      start();
      await analyse(name, await breakRelease(), production);
      await approvalIs(name, { phase: "Pending" });
      await analysisIs(name, { phase: "AwaitingApproval" });
      await vi.waitFor(() => expect(writes).toContain("status AIAnalysis"), waitOptions);
      await stop();
      start();
      await vote(name, "Approved");
      await analysisIs(name, { phase: "Completed", result: "Proceed" });
      expect(writes.filter((call) => call === "create AIApprovalRequest")).toHaveLength(1);
      // The server shows a write before its answer is here.
      await vi.waitFor(() => expect(writes.filter((call) => call === "status AIAnalysis")).toHaveLength(2), waitOptions);
    },
  );
});

test("what is still starting is looked at again before anything is said", async () => {
  const target = await breakRelease();
  const crashed = await cluster.admin.get(Pods, { namespace: shop, name: "web-hash2-aaaaa" });
  const creating = {
    name: "web",
    image: "web:2",
    imageID: "",
    ready: false,
    restartCount: 0,
    state: { waiting: { reason: "ContainerCreating" } },
  };
  await setStatus(Pods, crashed as Pod, { containerStatuses: [creating] });
  start();
  let looks = 0;
  onLook = () => {
    looks += 1;
    if (looks === 1) void setStatus(Pods, crashed as Pod, crashed?.status);
  };
  await analyse("rr-starting", target);
  await analysisIs("rr-starting", { phase: "Completed", result: "Proceed" });
  expect(looks).toBeGreaterThan(1);
  await wrote("status AIAnalysis");
});

test("where the rules prove nothing a language model may choose from a list, and a person is asked also in staging", async () => {
  const target = await breakRelease();
  // The pod of the old revision has crashed as well: the release is not to blame.
  const older = await cluster.admin.get(Pods, { namespace: shop, name: "web-hash1-aaaaa" });
  const [status] = crashedStatus()?.containerStatuses ?? [];
  await setStatus(Pods, older as Pod, {
    conditions: [{ type: "Ready", status: "False", lastTransitionTime: seconds(0) }],
    containerStatuses: [
      { ...status, image: "web:1", lastState: { terminated: { exitCode: 137, reason: "Error", startedAt: seconds(1) } } },
    ],
  });
  const asked: string[] = [];
  const ask: ModelPort["ask"] = async ({ options }) => {
    asked.push(...options.map(({ what }) => what));
    return { option: 0, summary: "Revision 1 used to run.", because: [0] };
  };
  start({}, { engine: "agent", model: "scripted-1", ask });
  await analyse("rr-model", target);
  const { status: analysis } = await analysisIs("rr-model", { phase: "AwaitingApproval" });
  expect(analysis).toMatchObject({
    rootCause: { code: "SuspectedByModel" },
    confidence: 0.4,
    investigator: { engine: "agent", model: "scripted-1" },
    plans: [{ autonomy: "approve", steps: [{ action: "rollback_deployment", parameters: { revision: "1" } }] }],
  });
  expect(asked[0]).toContain("rollback_deployment");
  expect((await approvalIs("rr-model", { phase: "Pending" })).spec.reason).toBe("a language model chose it, so it needs approval");
});

test("a target that is gone needs nothing", async () => {
  start();
  await analyse("rr-gone", { apiVersion: "apps/v1", kind: "Deployment", namespace: shop, name: "web" });
  await analysisIs("rr-gone", {
    phase: "Completed",
    verdict: "Healthy",
    result: "NothingToDo",
    message: expect.stringContaining("not exist"),
  });
});

test("a plan tried in this episode is refused, and the status names the cause for a person", async () => {
  const target = await breakRelease();
  start();
  await analyse("rr-again", target, { pastActions: ["rollback_deployment"] });
  await analysisIs("rr-again", {
    phase: "Completed",
    verdict: "NeedsHuman",
    result: "ManualReviewRequired",
    rootCause: { code: "ReleaseCrashes" },
    plans: [],
    refused: [{ action: "rollback_deployment", reason: expect.stringContaining("tried in this episode") }],
  });
});

test("what Helm owns is not patched behind its back", async () => {
  const target = await breakRelease();
  start();
  const managedBy = { tool: "Helm" as const, object: "shop/web", proof: "annotation" };
  const context = { exists: true, ownerChain: [], containers: [], neighbours: [], revisions: [], managedBy };
  await analyse("rr-helm", target, { context });
  await analysisIs("rr-helm", {
    result: "ManualReviewRequired",
    refused: [{ reason: expect.stringContaining("belongs to Helm shop/web") }],
  });
});

test("the last editor of a ConfigMap is read from the server's own record, not from a later change of labels", async () => {
  const target = await breakRelease();
  const settings = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "web-settings", namespace: shop }, data: { level: "info" } };
  await cluster.admin.create(ConfigMaps, settings);
  const patch = (manager: string, change: object): Promise<unknown> =>
    cluster.admin.request("PATCH", `/api/v1/namespaces/${shop}/configmaps/web-settings?fieldManager=${manager}`, change, {
      contentType: "application/merge-patch+json",
    });
  await patch("kubectl-patch", { data: { level: "debug" } });
  await patch("kubectl-label", { metadata: { labels: { team: "shop" } } });
  const collected = await collectEvidence(account, systemClock, { around: { target }, alerts: [alert], secrets: "where allowed" });
  const view = createView(collected);
  expect(configStates(view, view.workload(target)!)).toMatchObject([
    { name: "web-settings", state: "found", keys: ["level"], editedBy: "kubectl-patch" },
  ]);
  expect(collected.gaps.filter((gap) => !gap.startsWith(optionalSource) && !gap.includes("log"))).toEqual([]);
});
