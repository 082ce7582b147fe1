// `kintsugi changes` on a real API server: real edits by kubectl, the journal of a process that was stopped and started again, and no process at all.
import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, expect, inject, test, vi } from "vitest";
import { CONTROLLER_ACCOUNT } from "#api/labels.ts";
import { runCli } from "#cli/cli.ts";
import { createConfigMapStore } from "#cluster/journal/config-map-store.ts";
import { createJournalKeeper, type JournalKeeper } from "#cluster/journal/keep-journal.ts";
import { localMachine } from "#kube/local-machine.ts";
import { silentLog } from "#lib/log.ts";
import { systemClock } from "#lib/system-clock.ts";
import { install } from "#manifests/install.ts";
import { toYaml } from "#manifests/manifest.ts";
import { type Connected, openCluster, type TestCluster } from "#test/cluster.ts";
import { kubectlOf, mustKubectl } from "#test/kubectl.ts";

const namespace = "kintsugi-changes";
const shop = "changes-shop";
const controlPlane = inject("controlPlane");
const kubectl = kubectlOf(controlPlane);
const inShop = (...args: readonly string[]): Promise<string> => mustKubectl(kubectl, [...args, "-n", shop]);
let cluster: TestCluster;
let account: Connected;

const kintsugi = async (...args: readonly string[]): Promise<{ code: number; stdout: string; stderr: string }> => {
  let [stdout, stderr] = ["", ""];
  const code = await runCli([...args, "--kubeconfig", controlPlane.kubeconfigPath, "-n", shop], {
    ...localMachine({ clock: systemClock, env: {}, home: "/nonexistent" }),
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

const keep = (): { keeper: JournalKeeper; stop: () => Promise<void> } => {
  const store = createConfigMapStore({ kube: account, clock: systemClock, namespace, randomBytes });
  const keeper = createJournalKeeper({ kube: account, clock: systemClock, log: silentLog, store });
  const end = new AbortController();
  const running = keeper.run(end.signal);
  return { keeper, stop: () => (end.abort(), running) };
};
const versionsOf = (keeper: JournalKeeper, kind: string, name: string): number =>
  keeper.journal.tracks().find(({ object }) => object.kind === kind && object.name === name && object.namespace === shop)?.versions
    .length ?? 0;

/** managedFields have a resolution of one second: they cannot separate two managers within it. */
const nextSecond = (): Promise<void> => {
  const second = Math.floor(Date.now() / 1000);
  return vi.waitFor(() => expect(Math.floor(Date.now() / 1000)).toBeGreaterThan(second), { timeout: 5000, interval: 20 });
};

beforeAll(async () => {
  cluster = await openCluster(controlPlane);
  await mustKubectl(kubectl, ["apply", "--server-side", "-f", "-"], toYaml(install({ namespace, image: "example.test/kintsugi:1" })));
  await mustKubectl(kubectl, ["create", "namespace", shop]);
  account = await cluster.asAccount(namespace, CONTROLLER_ACCOUNT);
  await inShop("create", "configmap", "web-config", "--from-literal=LEVEL=info", "--from-literal=API_TOKEN=canary-9f8e7d");
  await inShop("create", "rolebinding", "web-reads", "--clusterrole=view", `--serviceaccount=${shop}:default`);
  await inShop("create", "deployment", "web", "--image=web:1");
  await inShop("set", "env", "deployment/web", "--from=configmap/web-config");
  await nextSecond();
  await inShop("set", "resources", "deployment/web", "--limits=memory=64Mi", "--field-manager=argocd-controller");
});
afterAll(() => cluster.close());

describe("kintsugi changes", () => {
  test("where Kintsugi has never run: what Kubernetes itself remembers", async () => {
    const { code, stdout } = await kintsugi("changes", "deployment/web", "--kintsugi-namespace", "nowhere");
    expect(code).toBe(0);
    expect(stdout).toMatch(
      /Deployment\/web\n +changed by argocd-controller; relation: itself; source: managedFields\n +spec\.template\.spec\.containers\[web\]\.resources\.limits/,
    );
    expect(stdout).toMatch(/ConfigMap\/web-config\n +changed by kubectl-create; relation: read by it; source: managedFields\n +created\n/);
    expect(stdout).toMatch(
      /RoleBinding\/web-reads\n +changed by kubectl-create; relation: gives it rights; source: managedFields\n +created\n/,
    );
    expect(stdout).not.toContain("system:");
    expect(stdout).toMatch(/none in nowhere/);
  });

  test("an edit in place, a reverted limit and a deleted RoleBinding, with who did it, also after Kintsugi was restarted", async () => {
    const first = keep();
    await vi.waitFor(() => expect(versionsOf(first.keeper, "RoleBinding", "web-reads")).toBe(1), { timeout: 20_000 });
    const edited = async (kind: string, name: string, work: () => Promise<string>): Promise<void> => {
      const before = versionsOf(first.keeper, kind, name);
      await work();
      await vi.waitFor(() => expect(versionsOf(first.keeper, kind, name)).toBe(before + 1), { timeout: 20_000 });
    };
    const limit = (memory: string, manager: string) => (): Promise<string> =>
      inShop("set", "resources", "deployment/web", `--limits=memory=${memory}`, `--field-manager=${manager}`);
    await edited("Deployment", "web", limit("128Mi", "kubectl-edit"));
    await edited("Deployment", "web", limit("64Mi", "argocd-controller"));
    await edited("ConfigMap", "web-config", () =>
      inShop(
        "patch",
        "configmap",
        "web-config",
        "--field-manager=ada",
        "--type=merge",
        "-p",
        '{"data":{"LEVEL":"debug","API_TOKEN":"canary-1a2b3c"}}',
      ),
    );
    await edited("RoleBinding", "web-reads", () => inShop("delete", "rolebinding", "web-reads"));
    await first.stop();
    const second = keep();
    await vi.waitFor(() => expect(versionsOf(second.keeper, "Deployment", "web")).toBe(3), { timeout: 20_000 });
    await second.stop();

    const { code, stdout } = await kintsugi("changes", "deploy/web", "--kintsugi-namespace", namespace);
    expect(code).toBe(0);
    expect(stdout).toMatch(/changed by ada; relation: read by it; source: journal, version 2\n +data\.LEVEL\n +- info\n +\+ debug\n/);
    expect(stdout).toMatch(
      /changed by argocd-controller; relation: itself; source: journal, version 3\n.*resources\.limits\.memory \(same as before kubectl-edit's change\)\n +- 128Mi\n +\+ 64Mi\n/,
    );
    expect(stdout).toMatch(
      /RoleBinding\/web-reads\n +changed by unknown; relation: gives it rights; source: journal, version 2\n +deleted\n/,
    );
    expect(stdout.replaceAll(/\s+/g, " ")).toContain("argocd-controller restored the value that kubectl-edit had changed");
    expect(stdout).toMatch(/data\.API_TOKEN\n +- \[redacted\]\n +\+ \[redacted\]\n/);
    expect(stdout).not.toContain("canary");

    const json = JSON.parse(
      (await kintsugi("changes", "rolebinding/web-reads", "--kintsugi-namespace", namespace, "-o", "json")).stdout,
    ) as {
      changes: object[];
    };
    expect(json.changes[0]).toMatchObject({ kind: "deleted", relation: "itself", source: "journal" });
  });
});
