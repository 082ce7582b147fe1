import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { KubeObject, ObjectReference } from "#api/object.ts";
import { changesOf, contestsOf } from "#cluster/journal/change.ts";
import { createJournal, defaultBounds, type Journal } from "#cluster/journal/journal.ts";
import { contentsOf, referenceOf, sizeOf } from "#cluster/journal/track.ts";
import { sha256 } from "#lib/canonical-json.ts";
import { commonWords, pack, unpack } from "#cluster/journal/packed-text.ts";
import { createdAt, deploymentObject, edited, managedBy, object } from "#test/journal-samples.ts";

const minute = 60_000;
const config = (data: Record<string, string>, more: object = {}): KubeObject => object("ConfigMap", "web-config", { data, ...more });
const seen = (...objects: readonly KubeObject[]): Journal => {
  const journal = createJournal();
  objects.forEach((each, index) => journal.see(each, createdAt + (index + 1) * minute));
  return journal;
};
const reference = { apiVersion: "v1", kind: "ConfigMap", namespace: "shop", name: "web-config" };
const changesIn = (journal: Journal, of: ObjectReference = reference) => changesOf(journal.get(of)!);

describe("what counts as a change", () => {
  const before = deploymentObject({ image: "web:1" });
  const unchanged: readonly (readonly [string, KubeObject])[] = [
    ["the status", { ...before, status: { readyReplicas: 3 } } as KubeObject],
    ["the resource version and generation", { ...before, metadata: { ...before.metadata, resourceVersion: "99", generation: 7 } }],
    [
      "the revision and the last applied configuration",
      {
        ...before,
        metadata: {
          ...before.metadata,
          annotations: { "deployment.kubernetes.io/revision": "4", "kubectl.kubernetes.io/last-applied-configuration": "{}" },
        },
      },
    ],
    ["the order of fields", JSON.parse(JSON.stringify(before, Object.keys(flat(before)).toReversed())) as KubeObject],
  ];
  test.each(unchanged)("%s is none", (_what, after) => {
    expect(changesIn(seen(before, after), referenceOf(before))).toHaveLength(1);
  });

  test("a heartbeat of a node is none, a condition that turns and a taint are", () => {
    const node = (status: string, heartbeat: string, taints: object[] = []): KubeObject =>
      object("Node", "n1", { spec: { taints }, status: { conditions: [{ type: "Ready", status, lastHeartbeatTime: heartbeat }] } });
    const journal = seen(
      node("True", "a"),
      node("True", "b"),
      node("Unknown", "b"),
      node("Unknown", "b", [{ key: "k", effect: "NoSchedule" }]),
    );
    expect(changesOf(journal.get({ apiVersion: "v1", kind: "Node", name: "n1" })!).map(({ field }) => field)).toEqual([
      "",
      "status.conditions[Ready].status",
      "spec.taints",
    ]);
  });

  test.each([
    ["a lease kept as a ConfigMap", { annotations: { "control-plane.alpha.kubernetes.io/leader": "{}" } }],
    ["the journal's own ConfigMap", { labels: { "kintsugi.dev/journal": "true" } }],
    ["the cluster's certificate", { name: "kube-root-ca.crt" }],
  ])("%s is not followed", (_what, metadata) => {
    const journal = seen({ ...config({}), metadata: { ...config({}).metadata, ...metadata } });
    expect(journal.tracks()).toEqual([]);
  });
});

test("keys that every object inherits are keys like others", () => {
  const journal = seen(config({ a: "1" }), config({ a: "1", constructor: "x" } as Record<string, string>));
  expect(changesIn(journal).at(-1)).toMatchObject({ field: "data.constructor", after: "x" });
  expect(changesIn(journal).at(-1)?.before).toBeUndefined();
});

describe("who did it", () => {
  test("the manager that holds the changed field", () => {
    const [first, second] = [deploymentObject({ image: "web:1" }), deploymentObject({ image: "web:2" })];
    const path = { "f:spec": { "f:template": { "f:spec": { "f:containers": { 'k:{"name":"web"}': { "f:image": {} } } } } } };
    const after = managedBy(second, ["kubectl-set", createdAt + 90_000, path], ["helm", createdAt, { "f:spec": { "f:replicas": {} } }]);
    const changes = changesIn(seen(first, after), referenceOf(after));
    expect(changes.at(-1)).toMatchObject({
      by: "kubectl-set",
      field: "spec.template.spec.containers[web].image",
      before: "web:1",
      after: "web:2",
      at: new Date(createdAt + 90_000).toISOString(),
      source: "journal",
    });
  });

  test("not who holds the bare map around it, also where both wrote within one second", () => {
    const limits = (held: object): object => ({
      "f:spec": { "f:template": { "f:spec": { "f:containers": { 'k:{"name":"web"}': { "f:resources": { "f:limits": held } } } } } },
    });
    const after = managedBy(
      deploymentObject({ image: "web:1", memory: "64Mi" }),
      ["argocd-controller", createdAt + 1000, limits({ "f:memory": {} })],
      ["kubectl-client-side-apply", createdAt + 1000, limits({})],
    );
    const changes = changesIn(seen(deploymentObject({ image: "web:1" }), after), referenceOf(after));
    expect(changes.at(-1)).toMatchObject({ field: "spec.template.spec.containers[web].resources.limits.memory", by: "argocd-controller" });
  });

  test("the author of a removed field is the manager that wrote since; unknown without a record", () => {
    const [full, gone] = [config({ a: "1", b: "2" }), config({ a: "1" })];
    const owned = { "f:data": { "f:a": {} } };
    const wrote = seen(managedBy(full, ["helm", createdAt, owned]), managedBy(gone, ["kubectl-edit", createdAt + 70_000, owned]));
    expect(changesIn(wrote).at(-1)).toMatchObject({ field: "data.b", by: "kubectl-edit", before: "2" });
    const silent = seen(managedBy(full, ["helm", createdAt, owned]), managedBy(gone, ["helm", createdAt, { "f:metadata": {} }]));
    expect(changesIn(silent).at(-1)).toMatchObject({ field: "data.b", by: "unknown" });
  });

  test("after a gap, several managers each have their fields", () => {
    const after = managedBy(
      config({ a: "2", b: "2" }),
      ["argocd", createdAt + 80_000, { "f:data": { "f:a": {} } }],
      ["kubectl-edit", createdAt + 90_000, { "f:data": { "f:b": {} } }],
    );
    expect(changesIn(seen(config({ a: "1", b: "1" }), after)).slice(1)).toMatchObject([
      { field: "data.a", by: "argocd" },
      { field: "data.b", by: "kubectl-edit" },
    ]);
  });

  test("a deletion has no known author: no object records it", () => {
    const journal = seen(config({ a: "1" }));
    journal.seeDeleted(reference, createdAt + 5 * minute, { notBefore: createdAt + 2 * minute });
    expect(changesIn(journal).at(-1)).toMatchObject({
      kind: "deleted",
      by: "unknown",
      notBefore: new Date(createdAt + 2 * minute).toISOString(),
    });
  });

  test("an object from before the journal: its own record says when it was last written, and by which manager", () => {
    const old = managedBy(
      config({ a: "1" }),
      ["helm", createdAt, { "f:data": {} }],
      ["kubectl-edit", createdAt + 30_000, { "f:data": { "f:a": {} } }],
    );
    expect(changesIn(seen(old))).toMatchObject([{ kind: "changed", field: "", by: "kubectl-edit", source: "managedFields" }]);
  });
});

describe("a reverted limit", () => {
  const limit = (memory: string, by: string, at: number): KubeObject =>
    managedBy(deploymentObject({ image: "web:1", memory }), [
      by,
      at,
      { "f:spec": { "f:template": { "f:spec": { "f:containers": { 'k:{"name":"web"}': { "f:resources": {} } } } } } },
    ]);
  const at = (n: number): number => createdAt + n * minute;
  const journal = seen(
    limit("128Mi", "argocd-controller", at(0)),
    limit("256Mi", "kubectl-edit", at(1)),
    limit("128Mi", "argocd-controller", at(2)),
    limit("256Mi", "kubectl-edit", at(3)),
    limit("128Mi", "argocd-controller", at(4)),
  );
  const changes = changesOf(journal.tracks()[0]!);

  test("is said to undo what the other did", () => {
    expect(changes.at(-1)).toMatchObject({
      field: "spec.template.spec.containers[web].resources.limits.memory",
      before: "256Mi",
      after: "128Mi",
      by: "argocd-controller",
      undoes: { by: "kubectl-edit" },
    });
  });
  test("who keeps reverting which field is one answer for each pair", () => {
    expect(contestsOf(changes)).toMatchObject([
      { field: "spec.template.spec.containers[web].resources.limits.memory", by: ["argocd-controller", "kubectl-edit"], times: 3 },
    ]);
  });
  test("one manager that changes its mind is no contest", () => {
    const own = seen(limit("1Gi", "helm", at(0)), limit("2Gi", "helm", at(1)), limit("1Gi", "helm", at(2)));
    expect(contestsOf(changesOf(own.tracks()[0]!))).toEqual([]);
  });
});

describe("what is shown and what is kept", () => {
  test("a password in a ConfigMap is kept to be put back, and never shown", () => {
    const journal = seen(config({ DB_PASSWORD: "hunter2-old" }), config({ DB_PASSWORD: "hunter2-new" }));
    expect(JSON.stringify(changesIn(journal))).not.toContain("hunter2");
    expect(changesIn(journal).at(-1)?.field).toBe("data.DB_PASSWORD");
    expect(journal.content(reference, 1)).toEqual({ data: { DB_PASSWORD: "hunter2-old" } });
  });
  test.each([
    ["a\nb = 1\nc", "a\nb = 2\nc", "b = 1", "b = 2"],
    ["a\nc", "a\nb\nc", "", "b"],
    ["a\nb\nb\nc", "a\nb\nc", "b", ""],
    ["a\nb", "c\nd", "a\nb", "c\nd"],
    [`${"x = 1\n".repeat(100)}y = 1`, `${"x = 1\n".repeat(100)}y = 2`, "y = 1", "y = 2"],
    ["host = db\npassword = hunter2hunter2", "host = db\npassword = correcthorse9", "host = db\npassword = [redacted]", undefined],
  ])("of a file only the lines that differ are shown: %j, %j", (before, after, shownBefore, shownAfter) => {
    const journal = seen(config({ "web.conf": before }), config({ "web.conf": after }));
    expect(changesIn(journal).at(-1)).toMatchObject({ before: shownBefore, after: shownAfter ?? shownBefore });
  });

  test("of a Secret the names of its keys and when they were written, from its metadata", () => {
    const secret = (at: number): KubeObject =>
      managedBy(object("Secret", "db", { data: { password: "c2VjcmV0" } }), ["vault", at, { "f:data": { ".": {}, "f:password": {} } }]);
    const journal = seen(secret(createdAt), secret(createdAt + minute));
    const track = journal.get({ apiVersion: "v1", kind: "Secret", namespace: "shop", name: "db" })!;
    expect(contentsOf(track).at(-1)?.content).toEqual({ keys: ["password"], dataWrittenAt: new Date(createdAt + minute).toISOString() });
    expect(changesOf(track).at(-1)).toMatchObject({ field: "dataWrittenAt", by: "vault" });
  });
  test("a content that is too long is known to have changed, and is not put back", () => {
    const journal = createJournal({ ...defaultBounds, maxContentLength: 100 });
    for (const [index, letter] of ["a", "b"].entries()) journal.see(config({ big: letter.repeat(200) }), createdAt + index * minute);
    expect(changesIn(journal).map(({ field, kind }) => [field, kind])).toEqual([
      ["", "created"],
      ["", "changed"],
    ]);
    expect(journal.content(reference, 1)).toBeUndefined();
  });
});

describe("laws", () => {
  const data = fc.dictionary(fc.string({ maxLength: 20 }), fc.string({ maxLength: 60 }), { maxKeys: 5 });
  const histories = fc.array(fc.option(data, { nil: undefined, freq: 5 }), { minLength: 1, maxLength: 30 });

  test("text is the same after packing and unpacking", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: "grapheme" }),
        fc.string({ unit: "grapheme" }),
        (text, like) => unpack(pack(text, like), like) === text,
      ),
    );
  });

  test("every version that is kept has the content that was seen, and numbers only rise", () => {
    fc.assert(
      fc.property(histories, fc.integer({ min: 1, max: 8 }), (history, maxVersions) => {
        const journal = createJournal({ ...defaultBounds, maxVersions });
        const written: (Record<string, string> | undefined)[] = [];
        for (const [index, step] of history.entries()) {
          const now = createdAt + index * minute;
          if (step === undefined) journal.seeDeleted(reference, now);
          else journal.see(edited(config(step), index), now);
          const isKnown = journal.get(reference) !== undefined;
          const isNews = written.length === 0 ? step !== undefined : JSON.stringify(written.at(-1)) !== JSON.stringify(step);
          if (isKnown && isNews) written.push(step);
        }
        const track = journal.get(reference);
        if (track === undefined) return;
        const kept = contentsOf(track);
        expect(kept.length).toBe(Math.min(maxVersions, written.length));
        expect(kept.map(({ content }) => content?.["data"])).toEqual(written.slice(-kept.length));
        expect(kept.map(({ version }) => version.number)).toEqual(written.map((_, index) => index + 1).slice(-kept.length));
      }),
      { numRuns: 300 },
    );
  });

  test("no bound is ever passed, and what is counted is what is there", () => {
    const bounds = { ...defaultBounds, maxVersions: 4, maxBytes: 4_000, maxObjects: 6 };
    const writes = fc.array(fc.tuple(fc.integer({ min: 0, max: 9 }), data, fc.boolean()), { maxLength: 60 });
    fc.assert(
      fc.property(writes, (steps) => {
        const journal = createJournal(bounds);
        for (const [index, [name, content, isDeletion]] of steps.entries()) {
          const now = createdAt + index * minute;
          const target = { ...reference, name: `c${name}` };
          if (isDeletion) journal.seeDeleted(target, now);
          else journal.see(object("ConfigMap", target.name, { data: content }), now);
          expect(journal.size.bytes).toBeLessThanOrEqual(bounds.maxBytes);
          expect(journal.size.objects).toBeLessThanOrEqual(bounds.maxObjects);
        }
        expect(journal.tracks().every(({ versions }) => versions.length <= bounds.maxVersions)).toBe(true);
        expect(journal.size.bytes).toBe(journal.tracks().reduce((sum, track) => sum + sizeOf(track), 0));
      }),
    );
  });

  test("what is older than the bound is forgotten, what is there now is not", () => {
    const journal = seen(config({ a: "1" }), config({ a: "2" }));
    journal.see(object("ConfigMap", "gone", { data: {} }), createdAt);
    journal.seeDeleted({ ...reference, name: "gone" }, createdAt + minute);
    journal.trim(createdAt + defaultBounds.maxAgeMs + 10 * minute);
    expect(journal.tracks().map(({ object: { name }, versions }) => [name, versions.length])).toEqual([["web-config", 1]]);
  });
});

test("an ordinary Deployment with its history takes less than 2 KB", () => {
  const journal = seen(...["web:1", "web:2", "web:3", "web:4"].map((image) => deploymentObject({ image })));
  expect(sizeOf(journal.tracks()[0]!)).toBeLessThan(2_048);
  expect(pack("", commonWords).length).toBeLessThan(16);
});

const flat = (value: object): Record<string, unknown> => {
  const found: Record<string, unknown> = {};
  JSON.stringify(value, (key, inner: unknown) => {
    found[key] = true;
    return inner;
  });
  return found;
};

test("a secret is known by the argument before it, and by the name beside it, also in a change", () => {
  const template = (secret: string) => ({
    spec: { containers: [{ name: "web", args: ["--password", secret, "-p", `${secret}x`], env: [{ name: "DB_PASS", value: secret }] }] },
  });
  const deployment = (secret: string): KubeObject => ({
    ...object("Deployment", "web", { spec: { template: template(secret) } }),
    apiVersion: "apps/v1",
  });
  const changes = changesIn(seen(deployment("swordfish1"), deployment("swordfish2")), {
    apiVersion: "apps/v1",
    kind: "Deployment",
    namespace: "shop",
    name: "web",
  });
  expect(changes.length).toBeGreaterThan(1);
  expect(JSON.stringify(changes)).not.toContain("swordfish");
  expect(JSON.stringify(changes)).toContain("--password");
});

describe("a namespace that floods the journal", () => {
  const bounds = { ...defaultBounds, maxBytes: 60_000, maxObjects: 60 };
  /** Text that does not pack. */
  const noise = (seed: number, length: number): string => {
    let text = "";
    for (let at = 0; text.length < length; at += 1) text += sha256(`${seed}/${at}`);
    return text.slice(0, length);
  };
  const configIn = (namespace: string, name: string, text: string): KubeObject => object("ConfigMap", name, { data: { text } }, namespace);
  const kept = (journal: Journal, namespace: string): string =>
    JSON.stringify(journal.tracks().filter((track) => track.object.namespace === namespace));

  test("never takes anything from one that is under its share", () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(4), fc.nat(200)), { minLength: 1, maxLength: 8 }),
        fc.array(fc.tuple(fc.nat(200), fc.integer({ min: 1_000, max: 4_000 })), { minLength: 80, maxLength: 120 }),
        (quiet, flood) => {
          const journal = createJournal(bounds);
          quiet.forEach(([name, seed], at) => journal.see(configIn("quiet", `c${name}`, noise(seed, 300)), createdAt + at * minute));
          const before = kept(journal, "quiet");
          flood.forEach(([name, length], at) =>
            journal.see(configIn("flood", `f${name}`, noise(at, length)), createdAt + (at + 10) * minute),
          );
          expect(kept(journal, "quiet")).toBe(before);
          expect(journal.size.bytes).toBeLessThanOrEqual(bounds.maxBytes);
          expect(journal.size.objects).toBeLessThanOrEqual(bounds.maxObjects);
        },
      ),
      { numRuns: 50 },
    );
  });

  test("of 160 ConfigMaps loses its own, and no other namespace loses any", () => {
    const journal = createJournal(bounds);
    journal.see(configIn("quiet", "settings", "one"), createdAt);
    journal.see(configIn("quiet", "settings", "two"), createdAt + 1);
    for (let at = 0; at < 160; at += 1) journal.see(configIn("flood", `f${at}`, noise(at, 8_000)), createdAt + minute + at);
    expect(journal.size.bytes).toBeLessThanOrEqual(bounds.maxBytes);
    expect(journal.get({ apiVersion: "v1", kind: "ConfigMap", namespace: "quiet", name: "settings" })?.versions).toHaveLength(2);
  });

  test("leaves room for the objects that others make afterwards", () => {
    const journal = createJournal({ ...bounds, maxBytes: 1_000_000 });
    for (let at = 0; at < 160; at += 1) journal.see(configIn("flood", `f${at}`, "small"), createdAt + at);
    journal.see(configIn("quiet", "settings", "one"), createdAt + minute);
    journal.see(configIn("quiet", "settings", "two"), createdAt + 2 * minute);
    expect(
      journal
        .tracks()
        .filter((track) => track.object.namespace === "quiet")
        .map(({ versions }) => versions.length),
    ).toEqual([2]);
  });
});
