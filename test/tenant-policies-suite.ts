// What a RemediationPolicy may say outside Kintsugi's namespace, and who may write it there: one table for a real API server and the embedded one.
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { API_VERSION } from "#api/define-kind.ts";
import { RemediationPolicy } from "#api/kinds/remediation-policy.ts";
import { CONTROLLER_ACCOUNT } from "#api/labels.ts";
import { install } from "#manifests/install.ts";
import { escaped } from "#lib/escaped.ts";
import type { BoundsCluster } from "#test/bounds-suite.ts";

const own = "kintsugi-tenants";
const [team, other] = ["tenants-team", "tenants-other"] as const;
type Spec = RemediationPolicy["spec"];

export const tenantPoliciesSuite = (open: () => Promise<BoundsCluster>): void => {
  let bounds: BoundsCluster;
  const policy = (namespace: string, name: string, spec: object) => ({
    apiVersion: API_VERSION,
    kind: "RemediationPolicy",
    metadata: { name, namespace },
    spec: spec as Spec,
  });
  const create = (namespace: string, name: string, spec: object, by = bounds.cluster.admin) =>
    by.create(RemediationPolicy, policy(namespace, name, spec));

  beforeAll(async () => {
    bounds = await open();
    const binding = {
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "RoleBinding",
      metadata: { name: "owner", namespace: team },
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "kintsugi-policy-editor" },
      subjects: [{ apiGroup: "rbac.authorization.k8s.io", kind: "User", name: "olga" }],
    };
    const namespaces = [team, other].map((name) => ({ apiVersion: "v1", kind: "Namespace", metadata: { name } }));
    const installed = install({ namespace: own, image: "example.test/kintsugi:1" }).filter(({ kind }) => kind !== "Deployment");
    await bounds.apply([...installed, ...namespaces, binding]);
    // Admission policies take effect some time after they are stored.
    await vi.waitFor(
      async () => {
        await expect(create(team, "probe", { maxAttempts: 1 })).rejects.toThrow(/only a policy in namespace/);
      },
      { timeout: 30_000, interval: 200 },
    );
  }, 120_000);
  afterAll(async () => {
    await bounds.stop();
  });

  const window = { name: "nights", schedule: { cron: "0 22 * * *", durationMinutes: 480, timeZone: "Europe/Berlin" } };
  test("what tightens is accepted", async () => {
    const spec = {
      paused: true,
      minApprovers: 2,
      autonomy: [{ when: "true", value: "approve", minApprovers: 2 }],
      freezes: [window],
      budgets: { perNamespacePerHour: 1 },
      limits: { memory: "1Gi" },
      protected: { kinds: ["StatefulSet"], objects: [{ kind: "Deployment", namespace: team, name: "web" }] },
    };
    expect(await create(team, "tighten", spec)).toMatchObject({ spec });
  });

  test.each<[string, object]>([
    ["spec.environments", { environments: [{ when: "true", value: "test" }] }],
    ["spec.priorities", { priorities: [{ when: "true", value: "P0" }] }],
    ["spec.approvers", { approvers: ["user:olga"] }],
    ["spec.autonomy[].approvers", { autonomy: [{ when: "true", value: "approve", approvers: ["user:olga"] }] }],
    ["spec.maxAttempts", { maxAttempts: 10 }],
    ["spec.retentionSeconds", { retentionSeconds: 60 }],
    ["spec.budgets.perHour", { budgets: { perHour: 1000 } }],
    ["spec.protected.namespaces", { protected: { namespaces: [other] } }],
  ])("%s is refused, in a new policy and in an edit", async (field, spec) => {
    // Another installation in the cluster may answer first, with its own namespace.
    const refused = { status: 422, message: expect.stringMatching(`only a policy in namespace \\S+ sets ${escaped(field)};`) as string };
    const name = `refused-${field.toLowerCase().replaceAll(/[^a-z]/g, "")}`;
    await expect(create(team, name, spec)).rejects.toMatchObject(refused);
    await create(team, name, {});
    await expect(bounds.cluster.admin.mergePatch(RemediationPolicy, { namespace: team, name }, { spec })).rejects.toMatchObject(refused);
    expect(await create(own, name, spec)).toMatchObject({ spec });
  });

  test.each<[string, object]>([
    ["neither times nor a schedule", { name: "x" }],
    ["times and a schedule", { ...window, from: "2030-01-01T00:00:00Z", to: "2030-01-02T00:00:00Z" }],
    ["a start without an end", { name: "x", from: "2030-01-01T00:00:00Z" }],
  ])("a freeze with %s is refused", async (_name, freeze) => {
    await expect(create(own, "freeze", { freezes: [freeze] })).rejects.toMatchObject({
      status: 422,
      message: expect.stringContaining("a freeze has a schedule, or else from and to") as string,
    });
  });

  test("the owner of a namespace writes policies there, and in no other namespace", async () => {
    const olga = bounds.cluster.asPerson("olga");
    await create(team, "mine", { paused: true }, olga);
    await olga.mergePatch(RemediationPolicy, { namespace: team, name: "mine" }, { spec: { paused: false } });
    for (const namespace of [other, own])
      await expect(create(namespace, "mine", { paused: true }, olga)).rejects.toMatchObject({ status: 403 });
    const status = {
      conditions: [{ type: "Ready", status: "True", reason: "RulesCompiled", message: "", lastTransitionTime: "2030-01-01T00:00:00Z" }],
    };
    await expect(
      olga.mergePatch(RemediationPolicy, { namespace: team, name: "mine" }, { status }, { subresource: "status" }),
    ).rejects.toMatchObject({ status: 403 });
  });

  test("the controllers write its status, and nothing else of it", async () => {
    const controllers = await bounds.cluster.asAccount(own, CONTROLLER_ACCOUNT);
    const made = await create(team, "reported", { paused: true });
    const status = { observedGeneration: 1 };
    expect(await controllers.replaceStatus(RemediationPolicy, { metadata: made.metadata, status })).toMatchObject({ status });
    await expect(
      controllers.mergePatch(RemediationPolicy, { namespace: team, name: "reported" }, { spec: { paused: false } }),
    ).rejects.toMatchObject({ status: 403 });
  });
};
