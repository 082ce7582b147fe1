// The command line against a real API server, as people with certificates of their own and the rights that an installation gives them.
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";

import { afterAll, beforeAll, describe, expect, inject, test, vi } from "vitest";

import { AIAnalysis } from "#api/kinds/ai-analysis.ts";
import { AIApprovalRequest } from "#api/kinds/ai-approval-request.ts";
import { RemediationProcessing } from "#api/kinds/remediation-processing.ts";
import { RemediationRequest } from "#api/kinds/remediation-request.ts";
import { CONTROLLER_ACCOUNT } from "#api/labels.ts";
import type { KubeObject, ResourceType } from "#api/object.ts";
import { runCli } from "#cli/cli.ts";
import type { CheckResult } from "#cli/checkup.ts";
import { localMachine } from "#kube/local-machine.ts";
import { systemClock } from "#lib/system-clock.ts";
import { install } from "#manifests/install.ts";
import { toYaml } from "#manifests/manifest.ts";
import { type Connected, openCluster, type TestCluster } from "#test/cluster.ts";
import { kubectlOf, mustKubectl } from "#test/kubectl.ts";
import { awaitingApprovalSample } from "#test/sample-requests.ts";

const namespace = "kintsugi-cli";
const controlPlane = inject("controlPlane");
const kubectl = kubectlOf(controlPlane);
const waiting = awaitingApprovalSample();
const request = waiting.request.metadata.name;
let cluster: TestCluster;
let folder: string;
let kubeconfigs: Record<"alice" | "mallory" | "norights", string>;

/** A kubeconfig of that person, with a certificate that the cluster's own authority signed. */
const kubeconfigFor = async (user: string): Promise<string> => {
  const pki = join(dirname(controlPlane.kubeconfigPath), "pki");
  const [certificate, key, path] = [join(folder, `${user}.crt`), join(folder, `${user}.key`), join(folder, `${user}.yaml`)];
  await promisify(execFile)(
    "openssl",
    "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 1 -extensions client"
      .split(" ")
      .concat(["-config", join(pki, "openssl.cnf"), "-CA", join(pki, "ca.crt"), "-CAkey", join(pki, "ca.key")])
      .concat(["-subj", `/CN=${user}`, "-keyout", key, "-out", certificate]),
  );
  const config = {
    "current-context": user,
    clusters: [{ name: "c", cluster: { server: controlPlane.url, "certificate-authority": join(pki, "ca.crt") } }],
    contexts: [{ name: user, context: { cluster: "c", user } }],
    users: [{ name: user, user: { "client-certificate": certificate, "client-key": key } }],
  };
  await writeFile(path, JSON.stringify(config));
  return path;
};

interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}
const kintsugi = async (kubeconfig: string, ...args: readonly string[]): Promise<Ran> => {
  let stdout = "";
  let stderr = "";
  const code = await runCli([...args, "--kubeconfig", kubeconfig, "--kintsugi-namespace", namespace], {
    ...localMachine({ clock: systemClock, env: {}, home: folder }),
    stdout: { write: (text) => (stdout += text) },
    stderr: { write: (text) => (stderr += text) },
    isTerminal: false,
    clock: systemClock,
    random: () => 0.5,
    version: "0.1.0",
    runRole: async () => 0,
  });
  return { code, stdout, stderr };
};

/** As the controllers write it: the object, then its status. */
const put = async <T extends KubeObject & { status?: unknown }>(
  kube: Connected,
  type: ResourceType<T>,
  sample: T,
  name = sample.metadata.name,
  change: (spec: object) => object = (spec) => spec,
): Promise<void> => {
  const { apiVersion, kind, metadata, spec, status } = sample as T & { spec: object };
  const object = { apiVersion, kind, metadata: { name, namespace, labels: metadata.labels ?? {} }, spec: change(spec) };
  const created = await kube.create(type, object as never);
  if (status !== undefined) await kube.replaceStatus(type, { metadata: created.metadata, status });
};

beforeAll(async () => {
  cluster = await openCluster(controlPlane);
  folder = await mkdtemp(join(tmpdir(), "kintsugi-cli-"));
  await mustKubectl(
    kubectl,
    ["apply", "--server-side", "--force-conflicts", "-f", "-"],
    toYaml(install({ namespace, image: "example.test/kintsugi:1" })),
  );
  await mustKubectl(kubectl, ["wait", "--for=condition=Established", "--timeout=30s", "crd", "--all"]);
  for (const [person, role] of [
    ["alice", "kintsugi-approver"],
    ["mallory", "kintsugi-approver"],
  ] as const)
    await mustKubectl(kubectl, ["create", "rolebinding", person, "-n", namespace, `--clusterrole=${role}`, `--user=${person}`]);
  await mustKubectl(kubectl, [
    "create",
    "clusterrolebinding",
    "kintsugi-cli-test",
    "--clusterrole=cluster-admin",
    `--serviceaccount=${namespace}:${CONTROLLER_ACCOUNT}`,
  ]);
  const [alice, mallory, norights] = await Promise.all([kubeconfigFor("alice"), kubeconfigFor("mallory"), kubeconfigFor("norights")]);
  kubeconfigs = { alice, mallory, norights };

  const controllers = await cluster.asAccount(namespace, CONTROLLER_ACCOUNT);
  const later = (spec: object): object => ({ ...spec, expiresAt: new Date(systemClock.now() + 3_600_000).toISOString() });
  await vi.waitFor(() => put(controllers, RemediationRequest, waiting.request), { timeout: 20_000, interval: 200 });
  for (const each of waiting.processings) await put(controllers, RemediationProcessing, each);
  for (const each of waiting.analyses) await put(controllers, AIAnalysis, each);
  for (const each of waiting.approvals) await put(controllers, AIApprovalRequest, each, each.metadata.name, later);
});
afterAll(async () => {
  cluster.close();
  await rm(folder, { recursive: true, force: true });
});

describe("reading", () => {
  test("get prints the columns that kubectl prints", async () => {
    const ours = await kintsugi(kubeconfigs.alice, "get");
    expect(ours).toMatchObject({ code: 0, stderr: "" });
    const theirs = await mustKubectl(kubectl, ["get", "rr", "-n", namespace]);
    const cells = (text: string): string[][] =>
      text
        .trimEnd()
        .split("\n")
        .map((line) => line.trim().split(/ {2,}/).slice(0, 5));
    expect(cells(ours.stdout)).toEqual(cells(theirs));
  });

  test("describe prints the story from the objects on the server", async () => {
    const ran = await kintsugi(kubeconfigs.alice, "describe", "deployment/checkout");
    expect(ran).toMatchObject({ code: 0, stderr: "" });
    for (const words of [
      "AwaitingApproval",
      "ReleaseCrashes",
      "PROPOSED CHANGE",
      `kintsugi approve ${request} --kintsugi-namespace ${namespace}`,
    ])
      expect(ran.stdout).toContain(words);
  });

  test("version asks the server", async () => {
    expect((await kintsugi(kubeconfigs.alice, "version")).stdout).toMatch(/Kubernetes {2}v1\.\d+/);
  });

  test("doctor: the administrator lacks nothing that an installation brings; alice lacks the controllers' rights", async () => {
    const admin = await kintsugi(controlPlane.kubeconfigPath, "doctor", "-o", "json");
    const states = new Map((JSON.parse(admin.stdout) as CheckResult[]).map((each) => [each.check, each.state]));
    for (const check of ["API server", "kinds", "namespace", "admission policies", "action service accounts", "rights of this kubeconfig"])
      expect([check, states.get(check)]).toEqual([check, "ok"]);
    const alice = await kintsugi(kubeconfigs.alice, "doctor");
    expect(alice.code).toBe(1);
    expect(alice.stdout).toContain("failed  rights of this kubeconfig: not enough to run the controllers; missing:");
  });

  test("plan looks at what there is", async () => {
    const ran = await kintsugi(controlPlane.kubeconfigPath, "plan", "deployment/kintsugi", "-n", namespace);
    expect(ran.stderr).toBe("");
    expect(ran.stdout).toContain(`Deployment ${namespace}/kintsugi`);
    expect((await kintsugi(controlPlane.kubeconfigPath, "plan", "deployment/nothing", "-n", namespace)).code).toBe(2);
  });
});

describe("deciding", () => {
  test("mallory has the rights but is no approver: the policy's words, exit code 1, and no decision", async () => {
    const ran = await kintsugi(kubeconfigs.mallory, "approve", request, "--yes");
    expect(ran.code).toBe(1);
    expect(ran.stderr).toBe(
      `kintsugi: mallory is not an approver of ${request}-a1-aiar\nApprovers: user alice or group shop-oncall. If you may impersonate: --as <user> --as-group shop-oncall\n`,
    );
  });

  test("alice is one: her decision is recorded once, under her name", async () => {
    const ran = await kintsugi(kubeconfigs.alice, "approve", request, "--yes", "-m", "go on");
    expect(ran).toMatchObject({ code: 0, stderr: "" });
    const approval = await cluster.admin.get(AIApprovalRequest, { namespace, name: `${request}-a1-aiar` });
    expect(approval?.spec.decisions).toEqual([{ by: "alice", decision: "Approved", via: "kintsugi", message: "go on" }]);
    const again = await kintsugi(kubeconfigs.alice, "reject", request, "--yes");
    expect(again).toMatchObject({ code: 1 });
    expect(again.stderr).toContain("you (alice) have already decided");
  });

  test("cancel sets the one field that may be set", async () => {
    expect(await kintsugi(kubeconfigs.alice, "cancel", request, "--yes")).toMatchObject({ code: 0 });
    expect((await cluster.admin.get(RemediationRequest, { namespace, name: request }))?.spec.cancel).toEqual({ by: "alice" });
  });
});

describe("a kubeconfig that does not do is one clear sentence and exit code 2", () => {
  const edited = async (name: string, edit: (text: string) => string): Promise<string> => {
    const path = join(folder, name);
    await writeFile(path, edit(await readFile(kubeconfigs.alice, "utf8")));
    return path;
  };

  test("it has no rights", async () => {
    const ran = await kintsugi(kubeconfigs.norights, "get");
    expect(ran).toMatchObject({ code: 2, stdout: "" });
    expect(ran.stderr).toMatch(/User "norights" cannot list resource "remediationrequests"/);
  });

  test("it is missing", async () => {
    const ran = await kintsugi(join(folder, "nothing.yaml"), "get");
    expect(ran).toMatchObject({ code: 2 });
    expect(ran.stderr).toMatch(/no such file/);
  });

  test("is not YAML", async () => {
    expect((await kintsugi(await edited("broken.yaml", () => "{ no: ["), "get")).stderr).toMatch(/is not YAML/);
  });

  test("names a server that does not answer", async () => {
    const ran = await kintsugi(await edited("closed.yaml", (text) => text.replace(controlPlane.url, "https://127.0.0.1:1")), "get");
    expect(ran.code).toBe(2);
    expect(ran.stderr).toMatch(/127\.0\.0\.1:1 cannot be reached/);
  });

  test("its authority is another one", async () => {
    const ran = await kintsugi(
      await edited("other-ca.yaml", (text) =>
        text.replace(/"certificate-authority":"[^"]*"/, `"certificate-authority":"${join(folder, "alice.crt")}"`),
      ),
      "get",
    );
    expect(ran.code).toBe(2);
    expect(ran.stderr).toMatch(/certificate/);
  });

  test("its token is refused", async () => {
    const ran = await kintsugi(
      await edited("token.yaml", (text) => text.replace(/"user":\{"client-certificate".*?\}/, '"user":{"token":"wrong"}')),
      "get",
    );
    expect(ran.code).toBe(2);
    expect(ran.stderr).toMatch(/does not accept the credentials/);
  });
});
