import { describe, expect, test } from "vitest";
import type { KubeObject } from "#api/object.ts";
import { changesNear, type Window } from "#cluster/journal/changes-near.ts";
import { createJournal } from "#cluster/journal/journal.ts";
import { referenceOf } from "#cluster/journal/track.ts";
import { createdAt, deploymentObject, object } from "#test/journal-samples.ts";

const minute = 60_000;
const web = deploymentObject({ image: "web:1" });
const window: Window = { from: createdAt + 5 * minute, to: createdAt + 60 * minute };
const service = (app: string): KubeObject => object("Service", "web", { spec: { selector: { app }, ports: [{ port: 80 }] } });
const binding = object("RoleBinding", "web-reads", {
  roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: "reader" },
  subjects: [{ kind: "ServiceAccount", name: "web", namespace: "shop" }],
});

/** Each object before the window, then its states in the window. */
const journalOf = (...histories: readonly (readonly [KubeObject, KubeObject | "deleted", number?])[]) => {
  const journal = createJournal();
  for (const [before, after, at = 30] of histories) {
    journal.see(before, createdAt);
    if (after === "deleted") journal.seeDeleted(referenceOf(before), createdAt + at * minute);
    else journal.see(after, createdAt + at * minute);
  }
  return journal;
};
const near = (journal: ReturnType<typeof journalOf>, target = web, nodes?: readonly string[]) =>
  changesNear(journal.tracks(), referenceOf(target), window, nodes === undefined ? {} : { nodes }).map(
    ({ object: { kind, name }, relation }) => `${kind} ${name}: ${relation}`,
  );
const changed = (kind: string, name: string, namespace?: string): readonly [KubeObject, KubeObject] => [
  object(kind, name, { data: { a: "1" } }, namespace),
  object(kind, name, { data: { a: "2" } }, namespace),
];

describe("what bears on a workload", () => {
  const pods = { matchLabels: { app: "web" } };
  const quota = (most: string): KubeObject => object("ResourceQuota", "small", { spec: { hard: { pods: most } } });
  const cases: readonly (readonly [string, readonly [KubeObject, KubeObject | "deleted"]])[] = [
    ["ConfigMap web-config: read by it", changed("ConfigMap", "web-config")],
    ["ConfigMap web-files: mounted by it", changed("ConfigMap", "web-files")],
    ["Service web: selects it", [service("web"), "deleted"]],
    ["Service web: selects it", [service("web"), service("another")]],
    ["RoleBinding web-reads: gives it rights", [binding, "deleted"]],
    [
      "HorizontalPodAutoscaler web: scales it",
      [
        object("HorizontalPodAutoscaler", "web", { spec: { scaleTargetRef: { kind: "Deployment", name: "web" }, maxReplicas: 2 } }),
        object("HorizontalPodAutoscaler", "web", { spec: { scaleTargetRef: { kind: "Deployment", name: "web" }, maxReplicas: 1 } }),
      ],
    ],
    [
      "PodDisruptionBudget web: protects it",
      [object("PodDisruptionBudget", "web", { spec: { selector: pods, maxUnavailable: 1 } }), "deleted"],
    ],
    ["NetworkPolicy deny: filters its traffic", [object("NetworkPolicy", "deny", { spec: { podSelector: {} } }), "deleted"]],
    ["ResourceQuota small: limits its namespace", [quota("5"), quota("1")]],
    ["ConfigMap others: same namespace", changed("ConfigMap", "others")],
  ];
  test.each(cases)("%s", (expected, history) => {
    expect(near(journalOf([web, web], history))).toEqual([expected]);
  });
  test("a role that it has by a binding does, a role of the cluster that it has not does not", () => {
    const role = (verb: string): KubeObject => object("Role", "reader", { rules: [{ verbs: [verb] }] });
    const clusterRole = object("ClusterRole", "others", { rules: [] });
    const { namespace: _none, ...metadata } = clusterRole.metadata;
    expect(near(journalOf([web, web], [binding, binding], [role("get"), role("list")], [{ ...clusterRole, metadata }, "deleted"]))).toEqual(
      ["Role reader: holds its rights"],
    );
  });
  test("what is in another namespace does not", () => {
    expect(near(journalOf([web, web], changed("ConfigMap", "web-config", "other")))).toEqual([]);
  });
  test("an image pull secret and a storage class do", () => {
    const db = object("StatefulSet", "db", {
      spec: {
        template: { metadata: { labels: { app: "db" } }, spec: { containers: [{ name: "db" }], imagePullSecrets: [{ name: "registry" }] } },
        volumeClaimTemplates: [{ spec: { storageClassName: "fast" } }],
      },
    });
    const secret = object("Secret", "registry", {});
    expect(near(journalOf([db, db], [secret, "deleted"], [object("StorageClass", "fast", {}), "deleted"]), db)).toEqual([
      "Secret registry: pulls its images",
      "StorageClass fast: provides its volumes",
    ]);
  });
});

describe("what bears on what runs no pods", () => {
  const ingress = (path: string): KubeObject =>
    object("Ingress", "front", { spec: { rules: [{ http: { paths: [{ path, backend: { service: { name: "web" } } }] } }] } });
  test.each([
    ["a Service: what it selects", service("web"), "Deployment web: uses it", [web, deploymentObject({ image: "web:2" })]],
    ["a Service: what routes to it", service("web"), "Ingress front: routes to it", [ingress("/"), ingress("/new")]],
    ["an Ingress: its backend", ingress("/"), "Service web: is its backend", [service("web"), service("another")]],
    [
      "a ConfigMap: what reads it",
      changed("ConfigMap", "web-config")[0],
      "Deployment web: uses it",
      [web, deploymentObject({ image: "web:2" })],
    ],
    ["a Role: what binds it", object("Role", "reader", { rules: [] }), "RoleBinding web-reads: binds it", [binding, "deleted"]],
    [
      "a RoleBinding: the role that it binds",
      binding,
      "Role reader: is the role that it binds",
      [object("Role", "reader", { rules: [] }), "deleted"],
    ],
  ] as const)("%s", (_what, target, expected, history) => {
    expect(near(journalOf([target, target], history), target)).toEqual([expected]);
  });
});

describe("the order", () => {
  const node = (cordoned: boolean, name = "n1"): KubeObject => object("Node", name, { spec: { unschedulable: cordoned } });
  const journal = journalOf(
    [web, deploymentObject({ image: "web:2" }), 10],
    [...changed("ConfigMap", "web-files"), 20],
    [...changed("ConfigMap", "web-config"), 50],
    [...changed("ConfigMap", "others"), 59],
    [node(false), node(true), 59],
    [node(false, "n2"), node(true, "n2"), 59],
  );
  test("itself, what bears on it, its namespace, its nodes; in each what is nearest in time first", () => {
    expect(near(journal, web, ["n1"])).toEqual([
      "Deployment web: itself",
      "ConfigMap web-config: read by it",
      "ConfigMap web-files: mounted by it",
      "ConfigMap others: same namespace",
      "Node n1: runs its pods",
    ]);
  });
  test("with unknown nodes, every node comes last", () => {
    expect(near(journal).slice(-2)).toEqual(["Node n1: a node", "Node n2: a node"]);
  });
  test("nearest to the moment that was asked about", () => {
    const around = changesNear(journal.tracks(), referenceOf(web), { ...window, around: createdAt + 21 * minute }, { nodes: [] });
    expect(around.map(({ object: { name } }) => name)).toEqual(["web", "web-files", "web-config", "others"]);
  });
  test("a change that was not watched and may be in the window is in it", () => {
    const unwatched = createJournal();
    unwatched.see(web, createdAt);
    unwatched.seeDeleted(referenceOf(web), createdAt + 50 * minute, { notBefore: createdAt });
    const early = { from: createdAt + minute, to: createdAt + 10 * minute };
    expect(changesNear(unwatched.tracks(), referenceOf(web), early)).toMatchObject([{ kind: "deleted" }]);
  });
});

test("a change that Kubernetes remembers is listed once: not where the journal has it", () => {
  const journal = journalOf([web, deploymentObject({ image: "web:2" }), 30]);
  const base = { object: referenceOf(web), by: "kubectl", field: "spec", kind: "changed", source: "managedFields" } as const;
  const at = (n: number): string => new Date(createdAt + n * minute).toISOString();
  const found = changesNear(journal.tracks(), referenceOf(web), window, {
    remembered: [
      { ...base, at: at(30) },
      { ...base, at: at(40) },
    ],
  });
  expect(found.map(({ source, at: when }) => [source, when])).toEqual([
    ["managedFields", at(40)],
    ["journal", at(30)],
  ]);
});
