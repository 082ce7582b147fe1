// `kintsugi changes`: the journal as people see it, with and without an installation.
import { describe, expect, test } from "vitest";
import type { KubeObject } from "#api/object.ts";
import { JOURNAL_KEY_NAME, sealOf } from "#cluster/journal/journal-seal.ts";
import { createJournal } from "#cluster/journal/journal.ts";
import { shardBytes } from "#cluster/journal/saved-shard.ts";
import { referenceOf } from "#cluster/journal/track.ts";
import { createManualClock } from "#lib/manual-clock.ts";
import { type FakeServer, type Ran, runKintsugi, serverError } from "#test/cli-harness.ts";
import { createdAt, deploymentObject, managedBy, object } from "#test/journal-samples.ts";

const minute = 60_000;
const at = (minutes: number): number => createdAt + minutes * minute;
const now = at(60);
const changes = (args: readonly string[], server: FakeServer): Promise<Ran> =>
  runKintsugi(["changes", ...args, "-n", "shop"], server, { clock: createManualClock(now) });

const owned = { controller: true, apiVersion: "apps/v1", kind: "Deployment", name: "web", uid: "uid-Deployment-web" };
const replicaSet = (revision: number, image: string, minutes: number): KubeObject => {
  const set = object("ReplicaSet", `web-${revision}`, { spec: (deploymentObject({ image }) as unknown as { spec: object }).spec });
  return {
    ...set,
    metadata: {
      ...set.metadata,
      creationTimestamp: new Date(at(minutes)).toISOString(),
      annotations: { "deployment.kubernetes.io/revision": String(revision) },
      ownerReferences: [owned],
    },
  };
};
const image = { "f:spec": { "f:template": { "f:spec": { "f:containers": { 'k:{"name":"web"}': { "f:image": {} } } } } } };
const config = (level: string): KubeObject => object("ConfigMap", "web-config", { data: { LEVEL: level } });
const binding = object("RoleBinding", "web-reads", {
  roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: "reader" },
  subjects: [{ kind: "ServiceAccount", name: "web", namespace: "shop" }],
});

const withoutInstallation: FakeServer = {
  objects: [
    managedBy(deploymentObject({ image: "web:2" }), ["helm", createdAt, {}], ["kubectl-set", at(30), image]),
    replicaSet(1, "web:1", 0),
    replicaSet(2, "web:2", 30),
    managedBy(config("debug"), ["helm", createdAt, { "f:data": {} }], ["kubectl-edit", at(45), { "f:data": { "f:LEVEL": {} } }]),
    {
      ...object("Secret", "sh.helm.release.v1.web.v3", {}),
      metadata: {
        ...object("Secret", "sh.helm.release.v1.web.v3", {}).metadata,
        labels: { owner: "helm", name: "web", version: "3", status: "deployed", createdAt: String(at(20) / 1000) },
      },
    },
  ],
};

const shop = { ...object("Namespace", "shop", {}), metadata: { ...object("Namespace", "shop", {}).metadata, namespace: undefined } };
const withShop: FakeServer = { objects: [...withoutInstallation.objects, shop as unknown as KubeObject] };

describe("an object that neither the cluster nor the journal knows", () => {
  test.each([
    [["deployment/nope"], /Deployment shop\/nope not found: neither the cluster nor the change journal knows it\n$/],
    [["deployment", "wep"], /knows it\nDid you mean deployment\/web\?/],
    [["pod/nope"], /Pod shop\/nope not found/],
    [["web"], /"web" has no kind\nDid you mean deployment\/web\?/],
  ])("%j is an error: exit code 2", async (args, sentence) => {
    const ran = await changes(args, withShop);
    expect(ran).toMatchObject({ code: 2, stdout: "" });
    expect(ran.stderr).toMatch(sentence);
  });

  test("is found in another namespace", async () => {
    const { metadata } = object("Deployment", "cart", {});
    const cart = { ...deploymentObject({ image: "cart:1" }), metadata: { ...metadata, namespace: "billing" } };
    const ran = await changes(["deployment/cart"], { objects: [...withShop.objects, cart] });
    expect(ran.stderr).toMatch(/knows it\nFound in billing: use -n billing\./);
  });

  test("is not said to be missing where it may not be read", async () => {
    const failures = { Deployment: serverError(403, "Forbidden", "no") };
    expect((await changes(["deployment/nope"], { ...withShop, failures })).stderr).toBe("");
  });

  test("its namespace does not exist: that is said", async () => {
    expect(await changes(["deployment/nope"], withoutInstallation)).toMatchObject({
      code: 2,
      stderr: 'kintsugi: namespace "shop" not found\n',
    });
  });
});

describe("without an installation", () => {
  test("what Kubernetes itself remembers: who edited what and when, releases, Helm; and that this is all", async () => {
    const { code, stdout } = await changes(["deployment/web"], withoutInstallation);
    expect(code).toBe(0);
    expect(stdout).toContain(
      [
        "2030-01-01 12:30:00 UTC  30m ago  Deployment/web",
        "  changed by kubectl-set; relation: itself; source: ReplicaSet",
        "  spec.template.spec.containers[web].image",
        "    - web:1",
        "    + web:2",
        "",
      ].join("\n"),
    );
    expect(stdout).toMatch(
      /15m ago +ConfigMap\/web-config\n +changed by kubectl-edit; relation: read by it; source: managedFields\n +data\.LEVEL\n/,
    );
    expect(stdout).toMatch(
      /40m ago +Secret\/sh\.helm\.release\.v1\.web\.v3\n +changed by helm; relation: same namespace; source: Helm release\n +created: release web, revision 3, deployed\n/,
    );
    expect(stdout).toMatch(/none in kintsugi-system/);
  });

  test("asked of a pod, about its workload", async () => {
    const pod = object("Pod", "web-2-x", { spec: { containers: [] } });
    const of = (kind: string, name: string): object => ({ ...owned, kind, name });
    const objects = [
      ...withoutInstallation.objects,
      { ...pod, metadata: { ...pod.metadata, ownerReferences: [of("ReplicaSet", "web-2")] } } as KubeObject,
    ];
    const { stdout } = await changes(["pod/web-2-x"], { objects });
    expect(stdout).toMatch(/^Deployment shop\/web {2}/);
    expect(stdout).toContain("Pod shop/web-2-x is a part of it.");
  });

  test("nothing in the window is an answer: exit code 1", async () => {
    const { code, stdout } = await changes(["deployment/web", "--window", "5m"], withoutInstallation);
    expect(code).toBe(1);
    expect(stdout).toMatch(/^Deployment shop\/web {2}no known change from/);
  });

  test("around a moment: what was nearest to it first", async () => {
    const { stdout } = await changes(["deployment/web", "--around", "29m", "--window", "20m", "-o", "json"], withoutInstallation);
    const printed = JSON.parse(stdout) as { from: string; to: string; changes: { at: string; source: string }[] };
    expect([printed.from, printed.to]).toEqual([new Date(at(11)).toISOString(), new Date(at(36)).toISOString()]);
    expect(printed.changes.map(({ source }) => source)).toEqual(["ReplicaSet", "Helm release"]);
    const exact = await changes(
      ["deployment/web", "--around", new Date(at(31)).toISOString(), "--window", "20m", "-o", "json"],
      withoutInstallation,
    );
    expect(exact.stdout).toBe(stdout);
  });

  test("what may not be read is said", async () => {
    const forbidden = (what: string): Error => serverError(403, "Forbidden", `${what} is forbidden`);
    const server = { ...withoutInstallation, failures: { Secret: forbidden("secrets"), RoleBinding: forbidden("rolebindings") } };
    const { stdout, code } = await changes(["deployment/web"], server);
    expect(code).toBe(0);
    expect(stdout).toContain("rolebindings, secrets: not allowed\n");
  });
});

describe("with a journal", () => {
  const limit = (memory: string, by: string, minutes: number): KubeObject =>
    managedBy(deploymentObject({ image: "web:1", memory }), [
      by,
      at(minutes),
      { "f:spec": { "f:template": { "f:spec": { "f:containers": { 'k:{"name":"web"}': { "f:resources": {} } } } } } },
    ]);
  const edits: readonly (readonly [number, KubeObject])[] = [
    [0, config("info")],
    [0, binding],
    [0, limit("64Mi", "argocd-controller", 0)],
    [30, limit("128Mi", "kubectl-edit", 30)],
    [31, limit("64Mi", "argocd-controller", 31)],
    [40, managedBy(config("debug"), ["ada", at(40), { "f:data": { "f:LEVEL": {} } }])],
  ];
  const saved = (until: number): KubeObject => {
    const journal = createJournal();
    for (const [minutes, each] of edits) if (minutes <= until) journal.see(each, at(minutes));
    const bytes = shardBytes({ generation: 1, others: [], savedAt: at(until), completeUntil: at(until), tracks: journal.tracks() });
    const place = { namespace: "kintsugi-system", name: "kintsugi-journal-0" };
    const binaryData = { journal: bytes.toString("base64"), seal: sealOf(key, place, bytes).toString("base64") };
    const map = object("ConfigMap", place.name, { binaryData }, place.namespace);
    return { ...map, metadata: { ...map.metadata, labels: { "kintsugi.dev/journal": "true" } } };
  };
  const key = Buffer.alloc(32, 1);
  const secretOf = (its: Buffer): KubeObject =>
    object("Secret", JOURNAL_KEY_NAME, { data: { key: its.toString("base64") } }, "kintsugi-system");
  /** The RoleBinding is gone. */
  const live = (until: number, secret = secretOf(key)): FakeServer => ({
    objects: [saved(until), secret, edits[4]![1], edits[5]![1]],
  });

  test.each([
    ["saved up to now", 45],
    ["that lags behind: the cluster says the rest", 31],
  ])("%s: an edit, a reverted limit, a deleted RoleBinding", async (_what, until) => {
    const { stdout } = await changes(["deploy/web"], live(until));
    expect(stdout).toMatch(
      /ConfigMap\/web-config\n +changed by ada; relation: read by it; source: journal, version 2\n +data\.LEVEL\n +- info\n +\+ debug\n/,
    );
    expect(stdout).toMatch(
      /changed by argocd-controller; relation: itself; source: journal, version 3\n.*resources\.limits\.memory \(same as before kubectl-edit's change\)\n +- 128Mi\n +\+ 64Mi\n/,
    );
    expect(stdout).toMatch(
      /RoleBinding\/web-reads\n +changed by unknown; relation: gives it rights; source: journal, version 2\n +deleted\n/,
    );
    expect(stdout.replaceAll(/\s+/g, " ")).toMatch(
      /Conflicting writers .*argocd-controller restored the value that kubectl-edit had changed, 1 time/,
    );
    expect(stdout).not.toContain("Not read");
  });

  test("of an object that is gone its own history", async () => {
    const { stdout, code } = await changes(["rolebinding/web-reads", "-o", "json"], live(45));
    expect(code).toBe(0);
    const [first] = (JSON.parse(stdout) as { changes: object[] }).changes;
    expect(first).toMatchObject({
      object: referenceOf(binding),
      kind: "deleted",
      by: "unknown",
      notBefore: new Date(at(45)).toISOString(),
    });
  });

  test.each<[string, FakeServer]>([
    ["that is damaged", { objects: [{ ...saved(45), binaryData: { journal: "AAAA" } } as KubeObject, secretOf(key), edits[4]![1]] }],
    ["that is sealed with another key", live(45, secretOf(Buffer.alloc(32, 2)))],
    ["without a key in the installation", { objects: [saved(45), edits[4]![1]] }],
  ])("a shard %s is not used, and that is said", async (_what, server) => {
    const { stdout } = await changes(["deploy/web"], server);
    expect(stdout).not.toContain("source: journal");
    expect(stdout.replaceAll(/\s+/g, " ")).toContain(
      "kintsugi-system/kintsugi-journal-0 of the change journal is ignored: without a valid seal",
    );
  });

  test("without the right to the key, what is saved is shown and said to be not verified", async () => {
    const failures = { Secret: serverError(403, "Forbidden", "secrets is forbidden") };
    const { stdout } = await changes(["deploy/web"], { ...live(45), failures });
    expect(stdout).toContain("source: journal, version 2");
    expect(stdout.replaceAll(/\s+/g, " ")).toContain(
      "the change journal: not verified: no access to Secret kintsugi-system/kintsugi-journal-key",
    );
  });

  test("the key is never printed", async () => {
    const ran = await changes(["deploy/web", "-o", "json"], live(45));
    expect(`${ran.stdout}${ran.stderr}`).not.toContain(key.toString("base64"));
  });
});

test.each([
  [["web"], /is not an object to look at/],
  [["deployment/web", "--window", "soon"], /is not a duration/],
  [["deployment/web", "--around", "yesterday"], /is not a time/],
])("%j is a misuse", async (args, message) => {
  const { code, stderr } = await changes(args, { objects: [] });
  expect(code).toBe(2);
  expect(stderr).toMatch(message);
});
