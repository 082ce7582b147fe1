// The journal against a real API server: real edits by real managers, its own rights, ConfigMaps as the server stores them.
import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, expect, inject, test, vi } from "vitest";
import { ConfigMaps, Deployments, RoleBindings, Secrets } from "#api/kubernetes.ts";
import { CONTROLLER_ACCOUNT } from "#api/labels.ts";
import type { ObjectReference } from "#api/object.ts";
import { createConfigMapStore } from "#cluster/journal/config-map-store.ts";
import { contestsOf } from "#cluster/journal/change.ts";
import type { NearChange } from "#cluster/journal/changes-near.ts";
import { createJournalKeeper, type JournalKeeper } from "#cluster/journal/keep-journal.ts";
import { silentLog } from "#lib/log.ts";
import { systemClock } from "#lib/system-clock.ts";
import { install } from "#manifests/install.ts";
import { toYaml } from "#manifests/manifest.ts";
import { type Connected, openCluster, type TestCluster } from "#test/cluster.ts";
import { kubectlOf, mustKubectl } from "#test/kubectl.ts";

const namespace = "kintsugi-journal";
const shop = "journal-shop";
const kubectl = kubectlOf(inject("controlPlane"));
const run = (...args: readonly string[]): Promise<string> => mustKubectl(kubectl, [...args, "-n", shop]);
const web: ObjectReference = { apiVersion: "apps/v1", kind: "Deployment", namespace: shop, name: "web" };
let cluster: TestCluster;
let account: Connected;

const manifest = {
  apiVersion: "v1",
  kind: "List",
  items: [
    { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "web-config" }, data: { LEVEL: "info", "app.conf": "a=1\nb=2\n" } },
    {
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "RoleBinding",
      metadata: { name: "web-reads" },
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "view" },
      subjects: [{ kind: "ServiceAccount", name: "web", namespace: shop }],
    },
    {
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata: { name: "web" },
      spec: {
        selector: { matchLabels: { app: "web" } },
        template: {
          metadata: { labels: { app: "web" } },
          spec: {
            serviceAccountName: "web",
            containers: [
              {
                name: "web",
                image: "web:1",
                envFrom: [{ configMapRef: { name: "web-config" } }],
                resources: { limits: { memory: "64Mi" } },
              },
            ],
          },
        },
      },
    },
  ],
};

const keep = (): { keeper: JournalKeeper; stop: () => Promise<void> } => {
  const store = createConfigMapStore({ kube: account, clock: systemClock, namespace, randomBytes });
  const keeper = createJournalKeeper({ kube: account, clock: systemClock, log: silentLog, store });
  const end = new AbortController();
  const running = keeper.run(end.signal);
  return { keeper, stop: () => (end.abort(), running) };
};
const near = (keeper: JournalKeeper): readonly NearChange[] =>
  keeper.changesNear(web, { from: 0, to: systemClock.now() + 60_000 }, { nodes: [] });
const until = (look: () => void): Promise<void> => vi.waitFor(look, { timeout: 20_000, interval: 50 });

beforeAll(async () => {
  cluster = await openCluster(inject("controlPlane"));
  await mustKubectl(kubectl, ["apply", "--server-side", "-f", "-"], toYaml(install({ namespace, image: "example.test/kintsugi:1" })));
  await mustKubectl(kubectl, ["create", "namespace", shop]);
  await mustKubectl(kubectl, ["apply", "-n", shop, "-f", "-"], JSON.stringify(manifest));
  account = await cluster.asAccount(namespace, CONTROLLER_ACCOUNT);
});
afterAll(() => cluster.close());

describe("with the rights of an installation", () => {
  test("an edit in place, a limit with two managers, a deleted RoleBinding: field, place and author, and again after a restart", async () => {
    const first = keep();
    await until(() => {
      expect(first.keeper.gaps).toEqual([]);
      expect(first.keeper.journal.tracks().some(({ object }) => object.kind === "Node" || object.kind === "ClusterRole")).toBe(true);
      expect(first.keeper.journal.get(web)).toBeDefined();
    });
    const setLimit = (memory: string, manager: string): Promise<string> =>
      run("set", "resources", "deployment/web", `--limits=memory=${memory}`, `--field-manager=${manager}`);
    const seenLimit = (memory: string, times: number): Promise<void> =>
      until(() => {
        const limits = near(first.keeper).filter(({ field }) => field.endsWith("limits.memory"));
        expect(limits[0]?.after).toBe(memory);
        expect(limits).toHaveLength(times);
      });
    await run("patch", "configmap", "web-config", "--field-manager=ada", "--type=merge", "-p", '{"data":{"LEVEL":"debug"}}');
    await setLimit("128Mi", "kubectl-edit");
    await seenLimit("128Mi", 1);
    await setLimit("64Mi", "argocd-controller");
    await until(() => expect(near(first.keeper).filter(({ field }) => field.endsWith("limits.memory"))).toHaveLength(2));
    await run("delete", "rolebinding", "web-reads");
    await until(() => expect(near(first.keeper).some(({ kind }) => kind === "deleted")).toBe(true));
    const seen = near(first.keeper);
    const checkAll = (changes: readonly NearChange[]): void => {
      expect(changes).toContainEqual(
        expect.objectContaining({
          field: "data.LEVEL",
          before: "info",
          after: "debug",
          by: "ada",
          relation: "read by it",
          source: "journal",
        }),
      );
      expect(changes).toContainEqual(
        expect.objectContaining({
          field: "spec.template.spec.containers[web].resources.limits.memory",
          before: "128Mi",
          after: "64Mi",
          by: "argocd-controller",
          undoes: expect.objectContaining({ by: "kubectl-edit" }) as unknown,
        }),
      );
      expect(changes).toContainEqual(
        expect.objectContaining({
          kind: "deleted",
          by: "unknown",
          relation: "gives it rights",
          object: expect.objectContaining({ name: "web-reads" }) as unknown,
        }),
      );
      expect(contestsOf(changes.toReversed())).toMatchObject([{ by: ["argocd-controller", "kubectl-edit"] }]);
    };
    checkAll(seen);
    await first.stop();

    await run("patch", "configmap", "web-config", "--field-manager=bob", "--type=merge", "-p", '{"data":{"LEVEL":"trace"}}');
    const second = keep();
    await until(() => expect(near(second.keeper)).toContainEqual(expect.objectContaining({ by: "bob", before: "debug", after: "trace" })));
    checkAll(near(second.keeper));
    // What an action would put back.
    const config = { apiVersion: "v1", kind: "ConfigMap", namespace: shop, name: "web-config" };
    expect(second.keeper.journal.content(config, 1)?.["data"]).toEqual({ LEVEL: "info", "app.conf": "a=1\nb=2\n" });
    await second.stop();
  });

  test("what controllers count and report is no change, and Secrets are not looked at without a right", async () => {
    await account.list(ConfigMaps, { namespace });
    await expect(account.list(Secrets, { namespace: shop })).rejects.toThrow(/forbidden/);
    const { keeper, stop } = keep();
    await until(() => expect(keeper.journal.get(web)).toBeDefined());
    const before = keeper.journal.get(web);
    const live = (await cluster.admin.get(Deployments, { namespace: shop, name: "web" }))!;
    await cluster.admin.replaceStatus(Deployments, { metadata: live.metadata, status: { replicas: 1, observedGeneration: 1 } });
    await run("patch", "deployment", "web", "--type=merge", "-p", '{"spec":{"replicas":3}}');
    await until(() => expect(keeper.journal.get(web)).not.toBe(before));
    expect(keeper.journal.get(web)?.versions.length).toBe((before?.versions.length ?? 0) + 1);
    await stop();
  });

  test("with the right to Secrets: names of keys and who wrote them, and no value in what is kept", async () => {
    const rights = ["create", "clusterrole", "journal-secrets", "--verb=list,watch", "--resource=secrets"];
    await mustKubectl(kubectl, rights);
    await mustKubectl(kubectl, [
      "create",
      "clusterrolebinding",
      "journal-secrets",
      "--clusterrole=journal-secrets",
      `--serviceaccount=${namespace}:${CONTROLLER_ACCOUNT}`,
    ]);
    const secret = (value: string): object => ({
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name: "db", namespace: shop },
      stringData: { password: value },
    });
    await cluster.admin.create(Secrets, secret("canary-one") as never);
    // A right is known to the API server a moment after it was given; a keeper that is refused asks again much later.
    await vi.waitFor(async () => account.list(Secrets, { namespace: shop }), { timeout: 20_000 });
    const { keeper, stop } = keep();
    const reference = { apiVersion: "v1", kind: "Secret", namespace: shop, name: "db" };
    await until(() => expect(keeper.journal.get(reference)).toBeDefined());
    // Field managers are dated to the second: who wrote is only provable from the next one on.
    const madeAt = Math.floor(Date.now() / 1000);
    await until(() => expect(Math.floor(Date.now() / 1000)).toBeGreaterThan(madeAt));
    await run(
      "patch",
      "secret",
      "db",
      "--field-manager=vault",
      "--type=merge",
      "-p",
      '{"stringData":{"password":"canary-two","user":"web"}}',
    );
    await until(() => expect(near(keeper)).toContainEqual(expect.objectContaining({ object: reference, by: "vault", field: "keys" })));
    await stop();
    const saved = JSON.stringify([keeper.journal.content(reference, 1), keeper.journal.content(reference, 2)]);
    expect(saved).toContain("password");
    expect(saved).not.toMatch(/canary|Y2FuYXJ5/);
  });

  test("a RoleBinding that was deleted without a watch is found all the same", async () => {
    await mustKubectl(
      kubectl,
      ["apply", "-n", shop, "-f", "-"],
      JSON.stringify({ ...manifest.items[1], metadata: { name: "web-reads-too" } }),
    );
    const first = keep();
    const isThere = (keeper: JournalKeeper, kind: string): boolean =>
      near(keeper).some((change) => change.object.name === "web-reads-too" && change.kind === kind);
    await until(() => expect(isThere(first.keeper, "created")).toBe(true));
    await first.stop();
    await cluster.admin.delete(RoleBindings, { namespace: shop, name: "web-reads-too" });
    const second = keep();
    await until(() => {
      const last = near(second.keeper).find((change) => change.object.name === "web-reads-too");
      expect(last).toMatchObject({ kind: "deleted", by: "unknown" });
      expect(last?.notBefore).toBeDefined();
    });
    await second.stop();
  });
});
