// `kintsugi doctor`, `config` and `version`: what is said of a cluster in order, of one that lacks everything, and of one that may not be looked at.
import { describe, expect, test } from "vitest";

import { kinds } from "#api/kinds/registry.ts";
import { MANAGED_LABEL } from "#api/labels.ts";
import type { KubeObject } from "#api/object.ts";
import { checkup, type CheckResult } from "#cli/checkup.ts";
import { admissionPolicies } from "#manifests/admission.ts";
import { actionRights } from "#manifests/rights.ts";
import { type FakeServer, runKintsugi, serverError } from "#test/cli-harness.ts";

const named = (apiVersion: string, kind: string, name: string, more: object = {}, namespace?: string): KubeObject => ({
  apiVersion,
  kind,
  metadata: {
    name,
    uid: name,
    resourceVersion: "1",
    creationTimestamp: "2027-03-01T00:00:00Z",
    ...(namespace === undefined ? {} : { namespace }),
  },
  ...more,
});

const admission = "admissionregistration.k8s.io/v1";
const system = "kintsugi-system";
const policies = admissionPolicies({ namespace: system, image: "kintsugi:1" }).map(({ kind, metadata, spec }) =>
  named(admission, kind, metadata.name, { spec }),
);
const specOf = (object: KubeObject): object => (object as KubeObject & { spec: object }).spec;
const shop = named("v1", "Namespace", "shop");
shop.metadata.labels = { [MANAGED_LABEL]: "true" };
const deployment = (readyReplicas: number): KubeObject =>
  named(
    "apps/v1",
    "Deployment",
    "kintsugi",
    { spec: { template: { spec: { containers: [{ name: "kintsugi", image: "kintsugi:1" }] } } }, status: { readyReplicas } },
    system,
  );

const answers = (allowed: (resource: string) => boolean = () => true): Record<string, unknown> => ({
  "GET /version": { major: "1", minor: "34+", gitVersion: "v1.34.2" },
  "GET /apis/kintsugi.dev/v1alpha1": { resources: kinds.map((kind) => ({ name: kind.plural })) },
  "POST /apis/authorization.k8s.io/v1/selfsubjectaccessreviews": (body: { spec: { resourceAttributes: { resource: string } } }) => ({
    status: { allowed: allowed(body.spec.resourceAttributes.resource) },
  }),
});
const whole: FakeServer = {
  objects: [
    named("v1", "Namespace", system),
    shop,
    ...policies,
    ...actionRights().map(({ account }) => named("v1", "ServiceAccount", account, {}, system)),
    deployment(1),
  ],
  answers: answers(),
};
const stateOf = (findings: readonly CheckResult[], check: string) => findings.find((each) => each.check === check);
const doctor = async (server: FakeServer): Promise<{ code: number; findings: readonly CheckResult[] }> => {
  const ran = await runKintsugi(["doctor", "-o", "json"], server);
  return { code: ran.code, findings: JSON.parse(ran.stdout) as CheckResult[] };
};

describe("doctor", () => {
  test("a cluster in order lacks nothing: exit code 0", async () => {
    const { code, findings } = await doctor(whole);
    expect(findings.filter((each) => each.state !== "ok")).toEqual([]);
    expect(code).toBe(0);
    const text = (await runKintsugi(["doctor"], whole)).stdout;
    expect(text).toContain("ok      API server: Kubernetes v1.34.2");
    expect(text).toContain("opted-in namespaces: shop");
    expect(text).toMatch(/All checks passed\.\n$/);
  });

  test("a part of the change journal that Kintsugi did not write is a note, with the command that replaces it", async () => {
    const forged = named("v1", "ConfigMap", "kintsugi-journal-63", { binaryData: { journal: "AAAA" } }, system);
    forged.metadata.labels = { "kintsugi.dev/journal": "true" };
    const { code, findings } = await doctor({ ...whole, objects: [...whole.objects, forged] });
    expect(code).toBe(0);
    expect(stateOf(findings, "change journal")).toMatchObject({
      state: "note",
      detail: "ConfigMap kintsugi-system/kintsugi-journal-63 of the change journal is ignored: without a valid seal",
      fix: "kubectl rollout restart deployment/kintsugi -n kintsugi-system",
    });
  });

  test("a key that is none is said, with what to do", async () => {
    const forged = named("v1", "ConfigMap", "kintsugi-journal-0", { binaryData: { journal: "AAAA" } }, system);
    forged.metadata.labels = { "kintsugi.dev/journal": "true" };
    const secret = named("v1", "Secret", "kintsugi-journal-key", { data: { key: "c2hvcnQ=" } }, system);
    const { findings } = await doctor({ ...whole, objects: [...whole.objects, forged, secret] });
    expect(stateOf(findings, "change journal")?.detail).toMatch(/Secret kintsugi-system\/kintsugi-journal-key holds no key/);
  });

  test("a policy with a condition that is not valid is named with its place: exit code 1", async () => {
    const policy = (name: string, spec: object) => ({ ...named("kintsugi.dev/v1alpha1", "RemediationPolicy", name, {}, system), spec });
    const written = [policy("plain", { paused: false }), policy("team", { autonomy: [{ when: "environmnt == 1", value: "off" }] })];
    const { code, findings } = await doctor({ ...whole, objects: [...whole.objects, ...written] });
    expect(code).toBe(1);
    expect(stateOf(findings, "remediation policies")).toMatchObject({
      state: "failed",
      detail:
        "Kintsugi repairs nothing: RemediationPolicy team is not valid: spec.autonomy[0].when, line 1, column 1: Unknown variable: environmnt.",
      fix: "correct the policies: kubectl get remediationpolicies -A",
    });
  });

  test("an empty cluster lacks what an installation brings, each line with the command that fixes it: exit code 1", async () => {
    const { "GET /apis/kintsugi.dev/v1alpha1": _, ...bare } = answers();
    const server = { objects: [], answers: bare };
    const { code, findings } = await doctor(server);
    expect(code).toBe(1);
    for (const check of ["kinds", "namespace", "admission policies"])
      expect(stateOf(findings, check)).toMatchObject({ state: "failed", fix: expect.stringContaining("kubectl apply") as string });
    expect(stateOf(findings, "installation")?.state).toBe("note");
    expect(stateOf(findings, "opted-in namespaces")).toMatchObject({
      state: "note",
      fix: `kubectl label namespace <name> ${MANAGED_LABEL}=true`,
    });
    const text = (await runKintsugi(["doctor"], server)).stdout;
    expect(text).toMatch(/→ kintsugi install \| kubectl apply --server-side -f -/);
    expect(text).toMatch(/\d of 10 checks failed\./);
  });

  test.each([
    [
      "a policy that fails open",
      (each: KubeObject) => (each.kind === "ValidatingAdmissionPolicy" ? { ...each, spec: { failurePolicy: "Ignore" } } : each),
    ],
    [
      "a policy whose rules are always true",
      (each: KubeObject) =>
        each.kind === "ValidatingAdmissionPolicy" ? { ...each, spec: { ...specOf(each), validations: [{ expression: "true" }] } } : each,
    ],
    [
      "a binding that selects no namespace",
      (each: KubeObject) =>
        each.kind === "ValidatingAdmissionPolicyBinding"
          ? { ...each, spec: { ...specOf(each), matchResources: { namespaceSelector: { matchLabels: { none: "such" } } } } }
          : each,
    ],
    [
      "a binding that only warns",
      (each: KubeObject) =>
        each.kind === "ValidatingAdmissionPolicyBinding"
          ? { ...each, spec: { policyName: each.metadata.name, validationActions: ["Warn"] } }
          : each,
    ],
  ])("%s is not in force", async (_, change) => {
    const { findings } = await doctor({ ...whole, objects: whole.objects.map(change) });
    expect(stateOf(findings, "admission policies")?.detail).toContain("refuses to act");
  });

  test("a kind that is not served, an installation that is not ready, a namespace that goes, an account that is missing", async () => {
    const wanted = { namespace: system, rights: [], accounts: ["kintsugi-act-restart-pod"] };
    const going = {
      ...named("v1", "Namespace", system),
      metadata: { ...named("v1", "Namespace", system).metadata, deletionTimestamp: "2027-03-01T00:00:00Z" },
    };
    const server = {
      objects: [going, ...policies, deployment(0)],
      answers: { ...answers(), "GET /apis/kintsugi.dev/v1alpha1": { resources: [{ name: "remediationrequests" }] } },
    };
    const { findings } = await doctor(server);
    expect(stateOf(findings, "kinds")?.detail).toMatch(/not served: RemediationProcessing, .* and RemediationPolicy/);
    expect(stateOf(findings, "installation")?.detail).toContain("no replica is ready");
    expect(stateOf(findings, "namespace")?.detail).toContain("is being deleted");
    const fakeKube = {
      request: async (_method: string, path: string) => server.answers[`GET ${path}` as keyof typeof server.answers],
      get: async () => undefined,
      list: async () => [],
    };
    const direct = await checkup(fakeKube as never, wanted);
    expect(stateOf(direct, "action service accounts")).toMatchObject({
      state: "failed",
      detail: expect.stringContaining("kintsugi-act-restart-pod") as string,
    });
  });

  test("a server that is too old, and something that is no API server", async () => {
    const old = { ...answers(), "GET /version": { major: "1", minor: "29", gitVersion: "v1.29.0" } };
    expect(stateOf((await doctor({ ...whole, answers: old })).findings, "API server")).toMatchObject({
      state: "failed",
      detail: expect.stringContaining("too old") as string,
    });
    const other = { ...answers(), "GET /version": "hello" };
    expect(stateOf((await doctor({ ...whole, answers: other })).findings, "API server")?.state).toBe("failed");
  });

  test("rights that checks failed are named, and not all of them where there are many", async () => {
    const process = { ...whole, objects: whole.objects.filter(({ kind }) => kind !== "Deployment") };
    const { code, findings } = await doctor({ ...process, answers: answers((resource) => resource !== "leases") });
    expect(code).toBe(1);
    expect(stateOf(findings, "rights of this kubeconfig")?.detail).toMatch(/missing: .*leases\.coordination\.k8s\.io/);
    const none = await doctor({ ...process, answers: answers(() => false) });
    expect(stateOf(none.findings, "rights of this kubeconfig")?.detail).toMatch(/and \d+ more$/);
  });

  test("once Kintsugi is installed, a user without the rights of the controllers fails no check", async () => {
    const { code, findings } = await doctor({ ...whole, answers: answers(() => false) });
    expect(code).toBe(0);
    expect(stateOf(findings, "rights of this kubeconfig")).toMatchObject({
      state: "ok",
      detail: expect.stringContaining("the installed ones do not need them") as string,
    });
  });

  test("what may not be looked at is unknown, and neither ok nor failed", async () => {
    const forbidden = serverError(403, "Forbidden", "no");
    const kindsHidden = ["Namespace", "ValidatingAdmissionPolicy", "ServiceAccount", "Deployment"];
    const { code, findings } = await doctor({ ...whole, failures: Object.fromEntries(kindsHidden.map((kind) => [kind, forbidden])) });
    expect(findings.filter((each) => each.state === "unknown")).toHaveLength(5);
    expect(code).toBe(0);
    const text = await runKintsugi(["doctor"], { ...whole, failures: { Namespace: forbidden } });
    expect(text.stdout).toContain("No check failed; some could not run.");
  });

  test("an API server that cannot be reached is one sentence and exit code 2", async () => {
    const gone = serverError(
      0,
      "Connection",
      "the API server at https://10.0.0.1:6443 cannot be reached: connect ECONNREFUSED",
      "GET /version",
    );
    const ran = await runKintsugi(["doctor"], { ...whole, answers: { "GET /version": gone } });
    expect(ran).toMatchObject({ code: 2, stdout: "" });
    expect(ran.stderr).toContain("cannot be reached");
    const odd = { ...answers(), "GET /apis/kintsugi.dev/v1alpha1": serverError(500, "InternalError", "boom") };
    expect((await runKintsugi(["doctor"], { ...whole, answers: odd })).code).toBe(2);
  });
});

describe("config", () => {
  test("shows the cluster in use, and no credential", async () => {
    const ran = await runKintsugi(["config", "--context", "other"]);
    expect(ran.stdout).toBe(
      "kubeconfig   /home/ada/config\ncontext      other\nuser         u\nserver       https://10.0.0.1:6443\nnamespace    default\nkintsugi     kintsugi-system\n",
    );
    expect(
      JSON.parse((await runKintsugi(["config", "view", "-n", "shop", "--kintsugi-namespace", "kintsugi-two", "-o", "json"])).stdout),
    ).toMatchObject({
      namespace: "shop",
      kintsugi: "kintsugi-two",
      context: "shop",
    });
  });

  test("inside a pod it is the pod's own cluster", async () => {
    const env = { KUBERNETES_SERVICE_HOST: "10.96.0.1" };
    const readFile = async (path: string): Promise<string> => (path.endsWith("ca.crt") ? "pem" : "t");
    const ran = await runKintsugi(["config"], { objects: [] }, { env, readFile });
    expect(ran.stdout).toContain("kubeconfig   in-cluster");
    expect(ran.stdout).toContain("https://10.96.0.1:443");
  });

  test("an impersonated user is named", async () => {
    const readFile = async (): Promise<string> =>
      "current-context: a\nclusters: [{name: c, cluster: {server: 'https://h'}}]\ncontexts: [{name: a, context: {cluster: c, user: u}}]\nusers: [{name: u, user: {token: t, as: bob}}]";
    expect((await runKintsugi(["config", "--kubeconfig", "/k"], { objects: [] }, { readFile })).stdout).toMatch(/as +bob/);
  });

  test("the example names this installation's Service and how a namespace opts in", async () => {
    const { stdout } = await runKintsugi(["config", "example", "--kintsugi-namespace", "kintsugi-two"]);
    expect(stdout).toContain("http://kintsugi.kintsugi-two.svc/api/v1/signals/prometheus");
    expect(stdout).toContain(`${MANAGED_LABEL}=true`);
  });
});

describe("version", () => {
  test("is that of the program, the server and the installation", async () => {
    const ran = await runKintsugi(["version"], whole);
    expect(ran.stdout).toBe("kintsugi    0.1.0\nKubernetes  v1.34.2\ninstalled   kintsugi:1\n");
    expect(JSON.parse((await runKintsugi(["version", "-o", "json"], whole)).stdout)).toEqual({
      client: "0.1.0",
      kubernetes: "v1.34.2",
      installed: "kintsugi:1",
    });
  });

  test("of the program alone no cluster is asked", async () => {
    expect(await runKintsugi(["version", "--client", "--kubeconfig", "/nowhere"])).toMatchObject({
      code: 0,
      stdout: "kintsugi    0.1.0\n",
    });
    expect(JSON.parse((await runKintsugi(["version", "--client", "-o", "json"])).stdout)).toEqual({ client: "0.1.0" });
  });

  test("an installation that may not be looked at is no failure; a server that is none says unknown", async () => {
    const server = { objects: [], answers: { "GET /version": {} }, failures: { Deployment: serverError(403, "Forbidden", "no") } };
    expect(await runKintsugi(["version"], server)).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/unknown\ninstalled +not found in kintsugi-system/) as string,
    });
    expect(JSON.parse((await runKintsugi(["version", "-o", "json"], server)).stdout)).toEqual({ client: "0.1.0", kubernetes: "unknown" });
  });
});
