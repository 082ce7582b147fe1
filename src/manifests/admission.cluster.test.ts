import { afterAll, beforeAll, describe, expect, inject, test, vi } from "vitest";
import { API_VERSION } from "#api/define-kind.ts";
import { AIApprovalRequest } from "#api/kinds/ai-approval-request.ts";
import { KubernetesExecution } from "#api/kinds/kubernetes-execution.ts";
import { RemediationRequest } from "#api/kinds/remediation-request.ts";
import { type Deployment, Deployments, Nodes } from "#api/kubernetes.ts";
import { CONTROLLER_ACCOUNT } from "#api/labels.ts";
import type { NewObject } from "#api/object.ts";
import { kubectlLine } from "#controllers/ai-approval-request/commands.ts";
import type { Kube } from "#kube/client.ts";
import { install } from "#manifests/install.ts";
import { toYaml } from "#manifests/manifest.ts";
import { type Connected, openCluster, type TestCluster } from "#test/cluster.ts";
import { kubectlOf, mustKubectl } from "#test/kubectl.ts";
import { sampleApproval } from "#test/sample-approval.ts";

// Every account is made a cluster administrator here: what refuses is the admission policies alone, as if RBAC had been given away.
const namespace = "kintsugi-admission";
const image = "example.test/kintsugi:1";
const kubectl = kubectlOf(inject("controlPlane"));
let cluster: TestCluster;
let controllers: Connected;
let action: Connected;

const deployment = (inNamespace: string, name: string): NewObject<Deployment> => ({
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name, namespace: inNamespace },
  spec: {
    replicas: 1,
    selector: { matchLabels: { app: name } },
    template: { metadata: { labels: { app: name } }, spec: { containers: [{ name: "web", image: "example.test/web:1" }] } },
  },
});

const approval = (name: string) => sampleApproval(namespace, name);

const decide = (kube: Kube, name: string, by: string, decision = "Approved"): Promise<unknown> =>
  kube.jsonPatch(AIApprovalRequest, { namespace, name }, [{ op: "add", path: "/spec/decisions/-", value: { by, decision } }]);

beforeAll(async () => {
  cluster = await openCluster(inject("controlPlane"));
  await mustKubectl(kubectl, ["apply", "--server-side", "-f", "-"], toYaml(install({ namespace, image })));
  await mustKubectl(kubectl, ["wait", "--for=condition=Established", "crd", "--all", "--timeout=60s"]);
  await kubectl(["create", "serviceaccount", "kintsugi-act-scale-deployment", "-n", namespace]);
  await mustKubectl(kubectl, [
    "create",
    "clusterrolebinding",
    namespace,
    "--clusterrole=cluster-admin",
    `--group=system:serviceaccounts:${namespace}`,
  ]);
  for (const person of ["ann", "bob", "cleo"])
    await mustKubectl(kubectl, [
      "create",
      "clusterrolebinding",
      `${namespace}-${person}`,
      "--clusterrole=cluster-admin",
      `--user=${person}`,
    ]);
  for (const name of ["admission-managed", "admission-other"]) {
    await mustKubectl(kubectl, ["create", "namespace", name]);
    await cluster.admin.create(Deployments, deployment(name, "web"));
  }
  await mustKubectl(kubectl, ["label", "namespace", "admission-managed", "kintsugi.dev/managed=true", "kintsugi.dev/environment=test"]);
  await cluster.admin.create(Nodes, { apiVersion: "v1", kind: "Node", metadata: { name: "admission-node" } });
  controllers = await cluster.asAccount(namespace, CONTROLLER_ACCOUNT);
  action = await cluster.asAccount(namespace, "kintsugi-act-scale-deployment");
  // A policy takes a moment to be in force: only from here on is a refusal, or its absence, worth anything.
  const inForce = async (call: () => Promise<unknown>, message: RegExp): Promise<void> =>
    vi.waitFor(async () => expect(await refusal(call())).toMatch(message), { timeout: 30_000, interval: 100 });
  await inForce(() => controllers.mergePatch(Deployments, other, { spec: { replicas: 9 } }), /not opted in/);
  await inForce(() => controllers.create(AIApprovalRequest, decided), /without decisions/);
  await inForce(() => cluster.admin.create(KubernetesExecution, execution), /only Kintsugi's controllers/);
});
afterAll(() => cluster.close());

const execution: NewObject<NonNullable<(typeof KubernetesExecution)["objectType"]>> = {
  apiVersion: API_VERSION,
  kind: "KubernetesExecution",
  metadata: { name: "k1", namespace },
  spec: {
    request: "rr-1",
    workflow: "wfe-1",
    step: "s1",
    action: "scale_deployment",
    target: { apiVersion: "apps/v1", kind: "Deployment", namespace: "admission-managed", name: "web" },
    parameters: { replicas: "3" },
    changesHash: "0".repeat(64),
    timeoutSeconds: 300,
  },
};
const decided = {
  ...approval("decided"),
  spec: { ...approval("decided").spec, decisions: [{ by: "ann", decision: "Approved" as const }] },
};
const managed = { namespace: "admission-managed", name: "web" };
const other = { namespace: "admission-other", name: "web" };

/** What the API server said no with; empty where it said yes. */
const refusal = (call: Promise<unknown>): Promise<string> =>
  call.then(
    () => "",
    (error: unknown) => (error instanceof Error ? error.message : String(error)),
  );

describe("outside Kintsugi's namespace", () => {
  test.each<[string, () => Promise<unknown>, RegExp]>([
    [
      "an action changes a workload where it is not opted in",
      () => action.mergePatch(Deployments, other, { spec: { replicas: 2 } }),
      /not opted in|may not make this change/,
    ],
    [
      "an action scales there through the subresource",
      () => action.mergePatch(Deployments, other, { spec: { replicas: 2 } }, { subresource: "scale" }),
      /not opted in|may not make this change/,
    ],
    ["an action deletes there", () => action.delete(Deployments, other), /not opted in|may not make this change/],
    [
      "an action creates there",
      () => action.create(Deployments, deployment("admission-other", "new")),
      /not opted in|may not make this change/,
    ],
    [
      "the controllers change a workload for real",
      () => controllers.mergePatch(Deployments, managed, { spec: { replicas: 2 } }),
      /may only dry-run/,
    ],
    ["the controllers delete for real", () => controllers.delete(Deployments, managed), /may only dry-run/],
    [
      "the controllers dry-run where it is not opted in",
      () => controllers.mergePatch(Deployments, other, { spec: { replicas: 2 } }, { dryRun: true }),
      /not opted in|may not make this change/,
    ],
    [
      "an action changes a node that is not opted in",
      () => action.mergePatch(Nodes, { name: "admission-node" }, { spec: { unschedulable: true } }),
      /not opted in|may not make this change/,
    ],
    [
      "an action opts a namespace in",
      () => action.request("PATCH", "/api/v1/namespaces/admission-other", { metadata: { labels: { "kintsugi.dev/managed": "true" } } }),
      /./,
    ],
  ])("%s: refused", async (_, call, message) => {
    expect(await refusal(call())).toMatch(message);
  });

  test("an action scales and undoes in a namespace that is opted in", async () => {
    for (const replicas of [2, 1]) {
      const scaled = await action.mergePatch(Deployments, managed, { spec: { replicas } }, { subresource: "scale" });
      expect(scaled).toMatchObject({ spec: { replicas } });
    }
  });

  test("the controllers dry-run where it is opted in, and nothing changes", async () => {
    const before = await cluster.admin.get(Deployments, managed);
    const tried = await controllers.mergePatch(Deployments, managed, { spec: { replicas: 7 } }, { dryRun: true });
    expect(tried.spec.replicas).toBe(7);
    expect((await cluster.admin.get(Deployments, managed))?.metadata.resourceVersion).toBe(before?.metadata.resourceVersion);
  });
});

describe("approvals", () => {
  test("are opened by the controllers only, and without a decision", async () => {
    expect(await refusal(cluster.asPerson("ann").create(AIApprovalRequest, approval("by-ann")))).toMatch(/only Kintsugi's controllers/);
    expect(await refusal(controllers.create(AIApprovalRequest, decided))).toMatch(/without decisions/);
    expect((await controllers.create(AIApprovalRequest, approval("a1"))).spec.decisions).toEqual([]);
  });
  test.each<[string, () => Promise<unknown>, RegExp]>([
    ["bob decides in ann's name", () => decide(cluster.asPerson("bob"), "a1", "ann"), /in your own name/],
    ["bob is no approver", () => decide(cluster.asPerson("bob"), "a1", "bob"), /not among this approval's approvers/],
    ["the controllers decide", () => decide(controllers, "a1", "ann"), /never decide|may not write|may not make this change/],
    [
      "an action's account decides in its own name",
      () => decide(action, "a1", `system:serviceaccount:${namespace}:kintsugi-act-scale-deployment`),
      /never decide|may not write|may not make this change/,
    ],
    [
      "ann approves something else",
      () =>
        cluster.asPerson("ann").jsonPatch(AIApprovalRequest, { namespace, name: "a1" }, [
          { op: "replace", path: "/spec/changesHash", value: "1".repeat(64) },
          { op: "add", path: "/spec/decisions/-", value: { by: "ann", decision: "Approved" } },
        ]),
      /immutable/,
    ],
    [
      "ann adds herself to the approvers",
      () =>
        cluster
          .asPerson("ann")
          .jsonPatch(AIApprovalRequest, { namespace, name: "a1" }, [{ op: "add", path: "/spec/approvers/-", value: "ann" }]),
      /./,
    ],
    [
      "ann relabels it while deciding",
      () =>
        cluster.asPerson("ann").jsonPatch(AIApprovalRequest, { namespace, name: "a1" }, [
          { op: "add", path: "/metadata/labels", value: { "kintsugi.dev/request": "another" } },
          { op: "add", path: "/spec/decisions/-", value: { by: "ann", decision: "Approved" } },
        ]),
      /change nothing else/,
    ],
    ...(
      [
        ["an override without parameters", { decision: "Overridden" }, /says which parameters are wanted/],
        ["a yes with parameters", { decision: "Approved", override: { step: "s1", parameters: { replicas: "3" } } }, /and no other/],
        ["an override that sets nothing", { decision: "Overridden", override: { step: "s1", parameters: {} } }, /of a step of this plan/],
        [
          "an override of a step that the plan does not have",
          { decision: "Overridden", override: { step: "s9", parameters: { replicas: "3" } } },
          /of a step of this plan/,
        ],
      ] as const
    ).map(([what, value, message]): [string, () => Promise<unknown>, RegExp] => [
      `ann adds ${what}`,
      () =>
        cluster
          .asPerson("ann")
          .jsonPatch(AIApprovalRequest, { namespace, name: "a1" }, [
            { op: "add", path: "/spec/decisions/-", value: { by: "ann", ...value } },
          ]),
      message,
    ]),
    [
      "ann writes the outcome herself",
      () =>
        cluster
          .asPerson("ann")
          .mergePatch(AIApprovalRequest, { namespace, name: "a1" }, { status: { phase: "Approved" } }, { subresource: "status" }),
      /only Kintsugi's controllers/,
    ],
  ])("%s: refused", async (_, call, message) => {
    expect(await refusal(call())).toMatch(message);
  });
  test("ann asks for other parameters of a step", async () => {
    await controllers.create(AIApprovalRequest, approval("a2"));
    const override = { step: "s1", parameters: { replicas: "3" } };
    const wanted = await cluster
      .asPerson("ann")
      .jsonPatch(AIApprovalRequest, { namespace, name: "a2" }, [
        { op: "add", path: "/spec/decisions/-", value: { by: "ann", decision: "Overridden", override } },
      ]);
    expect(wanted.spec.decisions).toMatchObject([{ by: "ann", override }]);
  });
  test("ann approves once, cannot take it back, and a member of an approving group may join her", async () => {
    await decide(cluster.asPerson("ann"), "a1", "ann");
    expect(await refusal(decide(cluster.asPerson("ann"), "a1", "ann", "Rejected"))).toMatch(/once|Duplicate/);
    const rewrite = [{ op: "replace" as const, path: "/spec/decisions/0/decision", value: "Rejected" }];
    expect(await refusal(cluster.asPerson("ann").jsonPatch(AIApprovalRequest, { namespace, name: "a1" }, rewrite))).toMatch(
      /exactly one decision|append-only/,
    );
    await decide(cluster.asPerson("cleo", ["sre"]), "a1", "cleo", "Rejected");
    expect((await cluster.admin.get(AIApprovalRequest, { namespace, name: "a1" }))?.spec.decisions.map((decision) => decision.by)).toEqual([
      "ann",
      "cleo",
    ]);
  });
});

test("the printed kubectl line decides without edits", async () => {
  const asked = await controllers.create(AIApprovalRequest, approval("printed"));
  const line = kubectlLine(asked, "Approved").replace("<you>", "ann");
  const [, words = "", patch = ""] = /^kubectl (.*) -p '(.*)'$/.exec(line) ?? [];
  await mustKubectl(kubectl, [...words.split(" "), "-p", patch, "--as=ann", "--as-group=system:authenticated"]);
  expect((await cluster.admin.get(AIApprovalRequest, { namespace, name: "printed" }))?.spec.decisions).toMatchObject([
    { by: "ann", decision: "Approved", via: "kubectl" },
  ]);
});

describe("the record", () => {
  const request: NewObject<NonNullable<(typeof RemediationRequest)["objectType"]>> = {
    apiVersion: API_VERSION,
    kind: "RemediationRequest",
    metadata: { name: "r1", namespace },
    spec: {
      alert: {
        name: "A",
        fingerprint: "f1",
        severity: "warning",
        startsAt: "2026-01-01T00:00:00Z",
        source: "manual",
        labels: {},
        annotations: {},
      },
      reported: { kind: "Deployment", namespace: "admission-managed", name: "web" },
      target: { apiVersion: "apps/v1", kind: "Deployment", namespace: "admission-managed", name: "web" },
    },
  };
  test("a person who may do everything still cannot order an execution past the approval", async () => {
    expect(await refusal(cluster.asPerson("bob").create(KubernetesExecution, execution))).toMatch(/only Kintsugi's controllers/);
    expect(await refusal(action.create(KubernetesExecution, execution))).toMatch(
      /only Kintsugi's controllers|may not make this change|own namespace/,
    );
    await controllers.create(KubernetesExecution, execution);
    expect(
      await refusal(
        cluster
          .asPerson("bob")
          .mergePatch(KubernetesExecution, { namespace, name: "k1" }, { status: { changes: "[]" } }, { subresource: "status" }),
      ),
    ).toMatch(/only Kintsugi's controllers/);
  });
  test("a person opens a request, closes and cancels it in their own name, and changes nothing else of it", async () => {
    const bob = cluster.asPerson("bob");
    expect(await refusal(bob.create(RemediationRequest, request))).toMatch(/in your own name/);
    const by = (name: string): typeof request => ({ ...request, spec: { ...request.spec, requestedBy: { by: name } } });
    expect(await refusal(bob.create(RemediationRequest, by("alice")))).toMatch(/in your own name/);
    await bob.create(RemediationRequest, by("bob"));
    const closing = (name: string) => ({ spec: { close: { by: name, message: "done" } } });
    expect(await refusal(bob.mergePatch(RemediationRequest, { namespace, name: "r1" }, closing("alice")))).toMatch(/own name|yourself/);
    await bob.mergePatch(RemediationRequest, { namespace, name: "r1" }, closing("bob"));
    expect(await refusal(bob.mergePatch(RemediationRequest, { namespace, name: "r1" }, { spec: { close: null } }))).toMatch(/clos/);
    await bob.mergePatch(RemediationRequest, { namespace, name: "r1" }, { spec: { cancel: { by: "bob", message: "by hand" } } });
    expect(await refusal(bob.mergePatch(RemediationRequest, { namespace, name: "r1" }, { spec: { target: { name: "other" } } }))).toMatch(
      /immutable/,
    );
    expect(
      await refusal(
        bob.mergePatch(RemediationRequest, { namespace, name: "r1" }, { status: { phase: "Completed" } }, { subresource: "status" }),
      ),
    ).toMatch(/only Kintsugi's controllers/);
  });
});
