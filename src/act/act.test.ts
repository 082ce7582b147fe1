// What runs inside a Job against an API server: the guards hold there as they do on paper, and nothing is written twice.
import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { API_VERSION } from "#api/define-kind.ts";
import { KubernetesExecution } from "#api/kinds/kubernetes-execution.ts";
import { RemediationPolicy } from "#api/kinds/remediation-policy.ts";
import type { Change } from "#api/change.ts";
import { ConfigMaps, Deployments, PodDisruptionBudgets, Pods, Secrets, Services } from "#api/kubernetes.ts";
import { apiVersionOf, keyOf, type KubeObject, type ResourceType } from "#api/object.ts";
import { runAct } from "#act/act.ts";
import { encodeChanges, hashChanges, isInPlace, preview, referenceOf } from "#actions/change.ts";
import { difference } from "#actions/difference.ts";
import { invertChange } from "#actions/invert.ts";
import { planStep } from "#actions/plan.ts";
import { decodeReport, type Report } from "#actions/report.ts";
import { ensureKey } from "#cluster/installation-key.ts";
import { CHANGES_KEY, sealer } from "#cluster/sealed-changes.ts";
import { silentLog } from "#lib/log.ts";
import { createManualClock } from "#lib/manual-clock.ts";
import { systemClock } from "#lib/system-clock.ts";
import { crdOf } from "#manifests/crd.ts";
import type { FaultAction, ProxiedRequest } from "#test/fault-proxy.ts";
import { evenRandom, type ProxiedEmbeddedCluster, startProxiedCluster } from "#test/proxied-cluster.ts";

let cluster: ProxiedEmbeddedCluster;
beforeAll(async () => {
  cluster = await startProxiedCluster();
  const labels = { "kintsugi.dev/managed": "true", "kintsugi.dev/environment": "staging" };
  const shop = { apiVersion: "v1", kind: "Namespace", metadata: { name: shopOf(cluster), labels } };
  await cluster.server.apply([crdOf(KubernetesExecution), crdOf(RemediationPolicy), shop]);
});
afterAll(() => cluster.stop());

/** Where the repaired workload is, as policy sees it. */
const shopOf = ({ namespace }: { readonly namespace: string }): string => `${namespace}-shop`;

let count = 0;
const nextName = (): string => `act-${(count += 1)}`;

const createDeployment = (spec: object = {}) =>
  cluster.direct.create(Deployments, {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { namespace: cluster.namespace, name: nextName() },
    spec: {
      replicas: 1,
      selector: { matchLabels: { app: "web" } },
      template: { metadata: { labels: { app: "web" } }, spec: { containers: [{ name: "app", image: "web:2" }] } },
      ...spec,
    },
  });

const createPod = async (labels: Record<string, string> = {}) => {
  const pod = await cluster.direct.create(Pods, {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { namespace: cluster.namespace, name: nextName(), labels },
    spec: { containers: [{ name: "app", image: "web:1" }], automountServiceAccountToken: false, terminationGracePeriodSeconds: 0 },
  });
  await cluster.direct.mergePatch(
    Pods,
    keyOf(pod),
    { status: { phase: "Running", conditions: [{ type: "Ready", status: "True" }] } },
    { subresource: "status" },
  );
  return pod;
};

const image = "/spec/template/spec/containers/0/image";
const setImage = (live: KubeObject, to = "web:1"): Change => ({
  type: "patch",
  object: referenceOf(live),
  uid: live.metadata.uid,
  operations: [
    { op: "test", path: image, value: "web:2" },
    { op: "replace", path: image, value: to },
  ],
});

/** An execution that is at the point where its Job is made. */
const createExecution = async (
  changes: readonly Change[],
  status: object = {},
  hash = hashChanges(changes),
  spec: object = {},
): Promise<string> => {
  const created = await cluster.direct.create(KubernetesExecution, {
    apiVersion: API_VERSION,
    kind: "KubernetesExecution",
    metadata: { namespace: cluster.namespace, name: nextName() },
    spec: {
      request: "rr-1",
      workflow: "wfe-1",
      step: "s1",
      action: "rollback_deployment",
      target: { apiVersion: "apps/v1", kind: "Deployment", namespace: shopOf(cluster), name: "web" },
      parameters: {},
      permission: { environment: "staging", autonomy: "auto", reason: "staging is opted in" },
      ...spec,
      timeoutSeconds: 300,
      changesHash: hash,
    },
  });
  const seal = await sealer({ kube: cluster.direct, namespace: cluster.namespace, randomBytes });
  const sealed = seal({ kind: created.kind, name: created.metadata.name, field: "changes" }, encodeChanges(changes) ?? "");
  await cluster.direct.replaceStatus(KubernetesExecution, {
    metadata: created.metadata,
    status: { phase: "Executing", changes: sealed, ...status },
  });
  return created.metadata.name;
};

interface Ran {
  readonly code: number;
  readonly report: Report | undefined;
  /** Writes that arrived at the server and were taken. */
  readonly writes: number;
}
const run = async (name: string, hash: string, fault?: (request: ProxiedRequest) => FaultAction | undefined): Promise<Ran> => {
  const before = cluster.proxy.requests.length;
  let report = "";
  cluster.proxy.onRequest(fault ?? (() => undefined));
  const clock = { ...createManualClock(systemClock.now()), after: (_ms: number, callback: () => void) => systemClock.after(0, callback) };
  const deps = {
    kube: cluster.kube,
    clock,
    random: evenRandom,
    log: silentLog,
    writeReport: (text: string) => {
      report = text;
    },
  };
  const code = await runAct(deps, { name, namespace: cluster.namespace, hash });
  cluster.proxy.onRequest(() => undefined);
  const writes = cluster.proxy.requests.slice(before).filter((request) => request.isWrite && (request.upstreamStatus ?? 500) < 300).length;
  return { code, report: decodeReport(report), writes };
};
const runChanges = async (changes: readonly Change[], fault?: (request: ProxiedRequest) => FaultAction | undefined): Promise<Ran> =>
  run(await createExecution(changes), hashChanges(changes), fault);

const live = (object: KubeObject, type: Parameters<typeof cluster.direct.get>[0] = Deployments): Promise<KubeObject | undefined> =>
  cluster.direct.get(type, keyOf(object));

describe("policy is obeyed in the last moment", () => {
  type Spec = RemediationPolicy["spec"];
  const policies: Readonly<Record<string, readonly ["own" | "team", Spec, RegExp]>> = {
    "a pause": ["own", { paused: true }, /^Repairs are paused by policy\.$/],
    "a pause by the namespace's own policy": [
      "team",
      { paused: true },
      /^Repairs in namespace \S+-shop are paused by a policy of that namespace\.$/,
    ],
    "a freeze": ["own", { freezes: [{ name: "sale", from: "2020-01-01T00:00:00Z", to: "2090-01-01T00:00:00Z" }] }, /^Freeze "sale" until/],
    "a rule that turns it off": [
      "own",
      { autonomy: [{ when: "true", value: "off" }] },
      /^Policy does not allow it now: RemediationPolicy newer,/,
    ],
    "a rule that asks for an approval": [
      "own",
      { autonomy: [{ when: "true", value: "approve" }] },
      /^Approval required: RemediationPolicy newer,/,
    ],
    "a policy that is not valid": [
      "team",
      { autonomy: [{ when: "1 +", value: "auto" }] },
      /^Policy does not allow it now: RemediationPolicy \S+-shop\/newer is not valid/,
    ],
    "protection of its kind": ["own", { protected: { kinds: ["Deployment"] } }, /objects of kind Deployment are protected/],
  };
  test.each(Object.entries(policies))("%s stops the change, also of an execution whose Job runs", async (_name, [where, spec, reason]) => {
    const namespace = where === "own" ? cluster.namespace : shopOf(cluster);
    const deployment = await createDeployment();
    const change = setImage(deployment);
    const name = await createExecution([change]);
    const metadata = { name: "newer", namespace };
    await cluster.direct.create(RemediationPolicy, { apiVersion: API_VERSION, kind: "RemediationPolicy", metadata, spec });
    try {
      const ran = await run(name, hashChanges([change]));
      expect(ran).toMatchObject({ code: 1, writes: 0, report: { result: "Failed", changed: false, forbidden: true } });
      expect(ran.report?.message).toMatch(reason);
    } finally {
      await cluster.direct.delete(RemediationPolicy, metadata);
    }
    expect(await run(name, hashChanges([change]))).toMatchObject({ code: 0, report: { result: "Applied" } });
  });

  test("a pause does not hold an undo: it reverts a change that was allowed", async () => {
    const change = setImage(await createDeployment());
    const name = await createExecution([change], {}, hashChanges([change]), { undoes: "kex-before" });
    const metadata = { name: "pause", namespace: cluster.namespace };
    await cluster.direct.create(RemediationPolicy, {
      apiVersion: API_VERSION,
      kind: "RemediationPolicy",
      metadata,
      spec: { paused: true },
    });
    try {
      expect(await run(name, hashChanges([change]))).toMatchObject({ code: 0, report: { result: "Applied" } });
    } finally {
      await cluster.direct.delete(RemediationPolicy, metadata);
    }
  });

  test("an approved execution runs where a rule asks for an approval", async () => {
    const change = setImage(await createDeployment());
    const name = await createExecution([change], {}, hashChanges([change]), { approval: { name: "rr-1-a1-aiar", uid: "u" } });
    const metadata = { name: "asks", namespace: cluster.namespace };
    const spec: Spec = { autonomy: [{ when: "true", value: "approve" }] };
    await cluster.direct.create(RemediationPolicy, { apiVersion: API_VERSION, kind: "RemediationPolicy", metadata, spec });
    try {
      expect(await run(name, hashChanges([change]))).toMatchObject({ code: 0, report: { result: "Applied" } });
    } finally {
      await cluster.direct.delete(RemediationPolicy, metadata);
    }
  });
});

describe("a patch", () => {
  test("is made once; a second run finds it in place and writes nothing", async () => {
    const change = setImage(await createDeployment());
    const name = await createExecution([change]);
    expect(await run(name, hashChanges([change]))).toMatchObject({ code: 0, report: { result: "Applied", changed: true }, writes: 1 });
    expect(await run(name, hashChanges([change]))).toMatchObject({
      code: 0,
      report: { result: "AlreadyApplied", changed: true },
      writes: 0,
    });
  });

  test("of what another client changed is not made", async () => {
    const deployment = await createDeployment();
    const change = setImage(deployment);
    await cluster.direct.jsonPatch(Deployments, keyOf(deployment), [{ op: "replace", path: image, value: "web:3" }]);
    const { code, report, writes } = await runChanges([change]);
    expect({ code, writes }).toEqual({ code: 1, writes: 0 });
    expect(report).toMatchObject({
      result: "Failed",
      changed: false,
      message: expect.stringContaining("changed since planning") as string,
    });
  });

  test("of another object of the same name is not made", async () => {
    const deployment = await createDeployment();
    const change = { ...setImage(deployment), uid: "00000000-0000-0000-0000-000000000000" } as Change;
    expect(await runChanges([change])).toMatchObject({ code: 1, report: { changed: false }, writes: 0 });
  });

  test("of an object that is gone is not made", async () => {
    const deployment = await createDeployment();
    await cluster.direct.delete(Deployments, keyOf(deployment));
    expect(await runChanges([setImage(deployment)])).toMatchObject({ code: 1, report: { changed: false }, writes: 0 });
  });

  test("that adds and removes is undone by its inverse, on the server as on paper", async () => {
    const before = await createDeployment();
    const spec = {
      ...before.spec.template.spec,
      hostname: "web",
      containers: [{ ...before.spec.template.spec.containers[0], command: ["/bin/web"] }],
    };
    const metadata = { labels: { app: "web", tier: "front" }, annotations: { note: "a/b~c" } };
    const operations = difference(["spec", "template"], before.spec.template as never, { metadata, spec } as never);
    const change: Change = { type: "patch", object: referenceOf(before), uid: before.metadata.uid, operations };
    expect(await runChanges([change])).toMatchObject({ code: 0, writes: 1 });
    const after = await live(before);
    expect(after).toMatchObject({ spec: (preview(change, before) as typeof before).spec });

    const inverse = invertChange(change, before)!;
    expect(await runChanges([inverse])).toMatchObject({ code: 0, report: { result: "Applied" }, writes: 1 });
    expect(await live(before)).toMatchObject({ spec: before.spec });
    expect((await live(before)) as typeof before).not.toHaveProperty("spec.template.spec.hostname");
  });

  const corrected: Record<string, [ResourceType, object, string, Record<string, string>]> = {
    "a Service": [
      Services,
      { selector: { app: "old" }, ports: [{ port: 80, targetPort: 8080 }] },
      "fix_service",
      { selector: "app=web,tier=front", port: "80", targetPort: "http" },
    ],
    "a PodDisruptionBudget": [
      PodDisruptionBudgets,
      { minAvailable: 2, selector: { matchLabels: { app: "web" } } },
      "relax_pdb",
      { minAvailable: "1" },
    ],
    "a Deployment that is paused": [
      Deployments,
      {
        paused: true,
        selector: { matchLabels: { app: "web" } },
        template: { metadata: { labels: { app: "web" } }, spec: { containers: [{ name: "app", image: "web:2" }] } },
      },
      "resume_rollout",
      {},
    ],
  };
  test.each(Object.entries(corrected))(
    "of %s as its action plans it takes effect and is undone",
    async (_name, [type, spec, action, parameters]) => {
      const before = await cluster.direct.create(type, {
        apiVersion: apiVersionOf(type),
        kind: type.kind,
        metadata: { namespace: cluster.namespace, name: nextName() },
        spec,
      } as never);
      const seen = (target: KubeObject | undefined) => ({ target, replicaSets: [], siblings: [], autoscalers: [] });
      const planned = planStep({ action, target: referenceOf(before), parameters }, seen(before));
      if (!planned.ok || planned.inverse === "irreversible") throw new Error("not planned");
      expect(await runChanges(planned.changes)).toMatchObject({ code: 0, report: { result: "Applied" }, writes: 1 });
      const after = await live(before, type);
      expect(planned.changes.every((change) => isInPlace(change, after))).toBe(true);
      expect(planned.action.verify(seen(after), planned.changes).state).not.toBe("failed");
      expect(await runChanges(planned.inverse)).toMatchObject({ code: 0, report: { result: "Applied" }, writes: 1 });
      expect(await live(before, type)).toMatchObject({ spec: (before as KubeObject & { spec: object }).spec });
    },
  );

  test("that adds is not made where another client added", async () => {
    const before = await createDeployment();
    const operations = difference(["spec", "template", "spec", "hostname"], undefined, "web");
    await cluster.direct.jsonPatch(Deployments, keyOf(before), [{ op: "add", path: "/spec/template/spec/hostname", value: "other" }]);
    const change: Change = { type: "patch", object: referenceOf(before), uid: before.metadata.uid, operations };
    expect(await runChanges([change])).toMatchObject({ code: 1, report: { changed: false }, writes: 0 });
  });

  test("of the scale goes to 0 and back, though a Scale does not show 0", async () => {
    const deployment = await createDeployment();
    const scale = (from: number, to: number): Change => ({
      type: "patch",
      object: referenceOf(deployment),
      uid: deployment.metadata.uid,
      subresource: "scale",
      operations: [
        { op: "test", path: "/spec/replicas", value: from },
        { op: "replace", path: "/spec/replicas", value: to },
      ],
    });
    expect(await runChanges([scale(1, 0)])).toMatchObject({ code: 0, writes: 1 });
    expect(await live(deployment)).toMatchObject({ spec: { replicas: 0 } });
    expect(await runChanges([scale(3, 2)])).toMatchObject({ code: 1, writes: 0 });
    expect(await runChanges([scale(0, 2)])).toMatchObject({ code: 0, writes: 1 });
    expect(await live(deployment)).toMatchObject({ spec: { replicas: 2 } });
    expect(await runChanges([scale(0, 5)])).toMatchObject({ code: 1, writes: 0 });
  });
});

describe("when the API server falters", () => {
  const isPatch = ({ method }: ProxiedRequest): boolean => method === "PATCH";
  const once = (matches: (request: ProxiedRequest) => boolean, action: FaultAction) => {
    let left = 1;
    return (request: ProxiedRequest): FaultAction | undefined => (matches(request) && left-- > 0 ? action : undefined);
  };

  test("a write that arrived but whose answer was lost is not repeated", async () => {
    const deployment = await createDeployment();
    const fault = once(isPatch, { kind: "reset", when: "after" });
    expect(await runChanges([setImage(deployment)], fault)).toMatchObject({
      code: 0,
      report: { result: "Applied", changed: true },
      writes: 1,
    });
  });

  test("a write that did not arrive is sent again", async () => {
    const deployment = await createDeployment();
    const fault = once(isPatch, { kind: "answer", when: "before", status: 503 });
    expect(await runChanges([setImage(deployment)], fault)).toMatchObject({ code: 0, report: { result: "Applied" }, writes: 1 });
  });

  test("an execution that cannot be read at first is read again", async () => {
    const deployment = await createDeployment();
    const fault = once(({ path }) => path.includes("kubernetesexecutions"), { kind: "answer", when: "before", status: 500 });
    expect(await runChanges([setImage(deployment)], fault)).toMatchObject({ code: 0, writes: 1 });
  });

  test("where it never answers, nothing is claimed", async () => {
    const deployment = await createDeployment();
    const ran = await runChanges([setImage(deployment)], (request) => (isPatch(request) ? { kind: "reset", when: "before" } : undefined));
    expect(ran).toMatchObject({ code: 1, report: { result: "Failed", changed: true }, writes: 0 });
    const unread = await runChanges([setImage(deployment)], () => ({ kind: "answer", when: "before", status: 500 }));
    expect(unread).toMatchObject({ code: 1, report: { result: "Failed", changed: false } });
  });

  test("a refusal is reported at once", async () => {
    const deployment = await createDeployment();
    let tries = 0;
    const ran = await runChanges([setImage(deployment)], (request) => {
      if (!isPatch(request)) return undefined;
      tries += 1;
      return { kind: "answer", when: "before", status: 403 };
    });
    expect(ran).toMatchObject({ code: 1, report: { result: "Failed", changed: false } });
    expect(tries).toBe(1);
  });
});

describe("an eviction", () => {
  const evict = (pod: KubeObject): Change => ({ type: "evict", object: referenceOf(pod), uid: pod.metadata.uid });

  test("takes the pod away; a second run finds it gone", async () => {
    const pod = await createPod();
    expect(await runChanges([evict(pod)])).toMatchObject({ code: 0, report: { result: "Applied" }, writes: 1 });
    expect(isInPlace(evict(pod), await live(pod, Pods))).toBe(true);
    expect(await runChanges([evict(pod)])).toMatchObject({ code: 0, report: { result: "AlreadyApplied" }, writes: 0 });
  });

  test("does not touch another pod of the same name", async () => {
    const pod = await createPod();
    const stale = { ...evict(pod), uid: "00000000-0000-0000-0000-000000000000" } as Change;
    expect(await runChanges([stale])).toMatchObject({ code: 0, report: { result: "AlreadyApplied" }, writes: 0 });
    expect((await live(pod, Pods))?.metadata.deletionTimestamp).toBeUndefined();
  });

  test("that a PodDisruptionBudget forbids is not tried for long", async () => {
    const pod = await createPod({ app: "guarded" });
    const budget = await cluster.direct.create(PodDisruptionBudgets, {
      apiVersion: "policy/v1",
      kind: "PodDisruptionBudget",
      metadata: { namespace: cluster.namespace, name: "guarded" },
      spec: { selector: { matchLabels: { app: "guarded" } }, minAvailable: 1 },
    });
    const status = {
      observedGeneration: budget.metadata.generation,
      disruptionsAllowed: 0,
      currentHealthy: 1,
      desiredHealthy: 1,
      expectedPods: 1,
    };
    await cluster.direct.mergePatch(PodDisruptionBudgets, keyOf(budget), { status }, { subresource: "status" });
    expect(await runChanges([evict(pod)])).toMatchObject({
      code: 1,
      report: { result: "Failed", changed: false, message: expect.stringContaining("disruption budget") as string },
      writes: 0,
    });
  });
});

describe("objects that are made and deleted", () => {
  test("are made once, and deleted once, by uid", async () => {
    const object = { apiVersion: "v1", kind: "ConfigMap", namespace: cluster.namespace, name: nextName() };
    const { apiVersion, kind, ...key } = object;
    const create: Change = { type: "create", object, content: { apiVersion, kind, metadata: { ...key }, data: { a: "1" } } };
    expect(await runChanges([create])).toMatchObject({ code: 0, report: { result: "Applied" }, writes: 1 });
    expect(await runChanges([create])).toMatchObject({ code: 0, report: { result: "AlreadyApplied" }, writes: 0 });
    const made = await cluster.direct.get(ConfigMaps, key);
    const remove: Change = { type: "delete", object, uid: made!.metadata.uid };
    expect(await runChanges([remove])).toMatchObject({ code: 0, report: { result: "Applied" }, writes: 1 });
    expect(await runChanges([remove])).toMatchObject({ code: 0, report: { result: "AlreadyApplied" }, writes: 0 });
  });
});

test("of two changes the first is made and the second fails: something was changed", async () => {
  const [a, b] = [await createDeployment(), await createDeployment()];
  await cluster.direct.delete(Deployments, keyOf(b));
  expect(await runChanges([setImage(a), setImage(b)])).toMatchObject({ code: 1, report: { result: "Failed", changed: true }, writes: 1 });
});

describe("nothing is done", () => {
  const cases: Record<string, [object, Partial<{ hash: string; specHash: string }>, RegExp]> = {
    "for an execution that has ended": [{ phase: "Failed" }, {}, /is Failed, not Executing/],
    "for an execution that has not begun": [{ phase: "Pending" }, {}, /is Pending, not Executing/],
    "without changes": [{ changes: undefined }, {}, /holds no changes/],
    "where the order names another hash": [{}, { hash: "1".repeat(64) }, /hash mismatch: these are not the approved changes/],
    "where another hash was approved": [{}, { specHash: "1".repeat(64) }, /hash mismatch: these are not the approved changes/],
    "where the changes are not sealed": [
      { changes: "[]" },
      {},
      /cannot open the recorded changes: an older version of Kintsugi wrote them/,
    ],
    "where the sealed changes were altered": [{ changes: "sealed:v1:AAAA" }, {}, /the record was altered/],
  };
  test.each(Object.entries(cases))("%s", async (_name, [status, { hash, specHash }, reason]) => {
    const change = setImage(await createDeployment());
    const name = await createExecution([change], status, specHash);
    const ran = await run(name, hash ?? hashChanges([change]));
    expect(ran).toMatchObject({ code: 1, report: { result: "Failed", changed: false }, writes: 0 });
    expect(ran.report?.message).toMatch(reason);
  });

  test.each(["missing", "replaced"])("where the key of the recorded changes is %s", async (what) => {
    const change = setImage(await createDeployment());
    const name = await createExecution([change]);
    const place = { namespace: cluster.namespace, name: CHANGES_KEY };
    await cluster.direct.delete(Secrets, place);
    if (what === "replaced") await ensureKey(cluster.direct, { ...place, randomBytes });
    const ran = await run(name, hashChanges([change]));
    expect(ran).toMatchObject({ code: 1, report: { result: "Failed", changed: false }, writes: 0 });
    const why = what === "missing" ? "no longer exists" : "was replaced, or the record was altered";
    expect(ran.report?.message).toMatch(new RegExp(`^cannot open the recorded changes: .*${why}$`));
  });

  test("where the changes are those of another execution", async () => {
    const change = setImage(await createDeployment());
    const other = await cluster.direct.get(KubernetesExecution, { namespace: cluster.namespace, name: await createExecution([change]) });
    const name = await createExecution([change], { changes: other?.status?.changes });
    expect((await run(name, hashChanges([change]))).report?.message).toMatch(/the record was altered/);
  });

  test("for an execution that does not exist", async () => {
    expect((await run("missing", "0".repeat(64))).report?.message).toMatch(/does not exist/);
  });

  test("to a kind that no action knows, and without a namespace where one is needed", async () => {
    const secret: Change = { type: "evict", object: { apiVersion: "v1", kind: "Secret", namespace: "x", name: "y" }, uid: "u" };
    const homeless: Change = { type: "evict", object: { apiVersion: "v1", kind: "Pod", name: "y" }, uid: "u" };
    expect((await runChanges([secret])).report?.message).toMatch(/not a kind/);
    expect((await runChanges([homeless])).report?.message).toMatch(/not a kind/);
  });
});
