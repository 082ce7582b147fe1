// `kintsugi repair` from the question to the repaired workload, on an embedded cluster and virtual time, without an alert: under the rights that an
// operator has, and under the policies that hold for alerts.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { RemediationPolicy } from "#api/kinds/remediation-policy.ts";
import { RemediationRequest } from "#api/kinds/remediation-request.ts";
import { Deployments } from "#api/kubernetes.ts";
import { ENVIRONMENT_LABEL, MANAGED_LABEL } from "#api/labels.ts";
import { delay } from "#lib/clock.ts";
import { createManualClock } from "#lib/manual-clock.ts";
import { type EmbeddedStage, openEmbeddedStage } from "#scenarios/embedded-stage.ts";
import { inProcessServers } from "#scenarios/in-process-servers.ts";
import { passingTime, seeded } from "#test/embedded/virtual-time.ts";
import { type Ran, runKintsugi } from "#test/embedded/run-kintsugi.ts";

const clock = createManualClock();
const random = seeded(20_261_201);
let stage: EmbeddedStage;

const deployment = (namespace: string, exit?: string) => ({
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { namespace, name: "web" },
  spec: {
    replicas: 1,
    strategy: { type: "Recreate" },
    selector: { matchLabels: { app: "web" } },
    template: {
      metadata: { labels: { app: "web" } },
      spec: { containers: [{ name: "main", image: "example.test/app:1", env: exit === undefined ? [] : [{ name: "EXIT", value: exit }] }] },
    },
  },
});

/** A workload whose latest release crashes; or a healthy one. */
const openShop = async (namespace: string, environment: string, fault: "crashes" | "none" = "crashes"): Promise<void> => {
  const labels = { [MANAGED_LABEL]: "true", [ENVIRONMENT_LABEL]: environment };
  await stage.userActions.apply([{ apiVersion: "v1", kind: "Namespace", metadata: { name: namespace, labels } }, deployment(namespace)]);
  await delay(clock, 20_000);
  if (fault === "none") return;
  await stage.userActions.apply([deployment(namespace, "1")]);
  await delay(clock, 60_000);
};

const people = (installed: string) => [
  {
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "RoleBinding",
    metadata: { name: "operators", namespace: installed },
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "kintsugi-operator" },
    subjects: [{ apiGroup: "rbac.authorization.k8s.io", kind: "User", name: "olga" }],
  },
  ...["olga", "vera"].map((name) => ({
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "ClusterRoleBinding",
    metadata: { name: `view-${name}` },
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "reader" },
    subjects: [{ apiGroup: "rbac.authorization.k8s.io", kind: "User", name }],
  })),
  {
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "ClusterRole",
    metadata: { name: "reader" },
    rules: [
      {
        apiGroups: ["", "apps", "autoscaling", "batch", "discovery.k8s.io", "networking.k8s.io", "policy", "storage.k8s.io"],
        resources: ["*"],
        verbs: ["get", "list", "watch"],
      },
    ],
  },
];

beforeAll(async () => {
  const behave = ({ env }: { env: Readonly<Record<string, string>> }) =>
    env["EXIT"] === undefined ? undefined : { log: ["Error: no such table"], exit: { code: Number(env["EXIT"]) } };
  const options = {
    clock,
    random,
    progress: () => {},
    services: inProcessServers(),
    logLevel: "silent",
    pull: () => ({ takesMs: 0 }),
  } as const;
  stage = await passingTime(clock, openEmbeddedStage({ ...options, behave: behave as never }));
  await stage.userActions.apply(people(stage.installation.namespace));
}, 120_000);
afterAll(() => stage?.close());

/** `answer`: of a person at a terminal. */
const kintsugi = (args: readonly string[], as: string | undefined, answer?: string): Promise<Ran> =>
  runKintsugi([...args, ...(as === undefined ? [] : ["--as", as, "--as-group", "system:authenticated"])], { stage, clock, random, answer });

const requestsOf = async (namespace: string): Promise<readonly RemediationRequest[]> =>
  (await stage.kube.list(RemediationRequest, { namespace: stage.installation.namespace })).filter(
    ({ spec }) => spec.target.namespace === namespace,
  );
const exitOf = async (namespace: string): Promise<unknown> =>
  (await stage.kube.get(Deployments, { namespace, name: "web" }))?.spec.template.spec.containers[0]?.env?.[0]?.value;

describe("kintsugi repair", () => {
  test("shows the plan, opens the request in the person's name, and follows it until the workload is repaired", async () => {
    await passingTime(clock, openShop("staging", "staging"));
    const ran = await kintsugi(["repair", "deployment/web", "-n", "staging", "-m", "on call", "--yes"], "olga");
    expect(ran.code, `${ran.stdout}${ran.stderr}`).toBe(0);
    expect(ran.stdout).toMatch(/^Deployment staging\/web {2}Kintsugi would repair this without approval$/m);
    expect(ran.stdout).toMatch(/^Remediated: Repaired: rollback_deployment on Deployment staging\/web \(revision 1\)\./m);
    const phases = [...ran.stderr.matchAll(/^\d\d:\d\d:\d\d {2}(\w+)/gm)].map(([, phase]) => phase);
    expect(phases.at(-1)).toBe("Completed");
    expect(phases).toContain("Executing");
    expect(await exitOf("staging")).toBeUndefined();
    expect(await requestsOf("staging")).toMatchObject([
      { spec: { requestedBy: { by: "olga", message: "on call" }, alert: { source: "manual" } }, status: { outcome: "Remediated" } },
    ]);
    const described = await kintsugi(["describe", "deployment/web", "-n", "staging"], "olga");
    expect(described.stdout).toContain("Requested by olga (“on call”)");
  });

  test("needs no request for a healthy workload", async () => {
    const ran = await kintsugi(["repair", "deployment/web", "-n", "staging", "--yes"], "olga");
    expect(ran).toMatchObject({ code: 0, stdout: expect.stringContaining("no problem found") as string });
    expect(await requestsOf("staging")).toHaveLength(1);
  });

  test("changes and stores nothing with --dry-run, or where the person says no", async () => {
    await passingTime(clock, openShop("asked", "staging"));
    const dry = await kintsugi(["repair", "deployment/web", "-n", "asked", "--dry-run", "-o", "json"], "olga");
    expect(dry.code).toBe(0);
    expect(JSON.parse(dry.stdout)).toMatchObject({
      target: { namespace: "asked", name: "web" },
      considered: { chosen: { autonomy: "auto" } },
    });
    const no = await kintsugi(["repair", "deployment/web", "-n", "asked"], "olga", "n");
    expect(no).toMatchObject({ code: 1, stderr: expect.stringContaining("not confirmed; nothing was changed") as string });
    const silent = await kintsugi(["repair", "deployment/web", "-n", "asked"], "olga");
    expect(silent).toMatchObject({ code: 2, stderr: expect.stringContaining("--yes") as string });
    expect(await requestsOf("asked")).toEqual([]);
  });

  test("is refused to a person without the right, before anything is asked", async () => {
    const ran = await kintsugi(["repair", "deployment/web", "-n", "asked"], "vera", "y");
    expect(ran.code).toBe(2);
    expect(ran.stderr).toContain("kintsugi-operator");
    expect(await requestsOf("asked")).toEqual([]);
  });

  test("obeys the policies: what needs an approval waits for one, and what is not approved is not done", async () => {
    await passingTime(clock, openShop("production", "production"));
    const ran = await kintsugi(["repair", "deployment/web", "-n", "production", "--yes", "--timeout", "5m"], "olga");
    expect(ran.code).toBe(1);
    expect(ran.stderr).toMatch(/AwaitingApproval {2}Awaiting approval: .*kintsugi approve manual-/);
    expect(ran.stderr).toMatch(/has not ended within 300 s/);
    expect(await exitOf("production")).toBe("1");
    const again = await kintsugi(["repair", "deployment/web", "-n", "production", "--yes", "--no-wait"], "olga");
    expect(again).toMatchObject({
      code: 0,
      stderr: expect.stringMatching(/manual-\w+-1 works on Deployment production\/web already/) as string,
    });
    expect(await requestsOf("production")).toHaveLength(1);
  });

  test("opens no request for what policy turns off, and says why", async () => {
    await stage.kube.create(RemediationPolicy, {
      apiVersion: "kintsugi.dev/v1alpha1",
      kind: "RemediationPolicy",
      metadata: { name: "owners", namespace: "asked" },
      spec: { autonomy: [{ when: "true", value: "off" }] },
    });
    const ran = await kintsugi(["repair", "deployment/web", "-n", "asked", "--yes"], undefined);
    expect(ran.code).toBe(1);
    expect(ran.stdout.replaceAll(/\s+/g, " ")).toContain("RemediationPolicy asked/owners, generation 1, spec.autonomy[0] sets off");
    expect(ran.stdout).toContain("No request was opened.");
    expect(await requestsOf("asked")).toEqual([]);
  });
});
