import { afterEach, describe, expect, test } from "vitest";
import type { Reported } from "#api/fields.ts";
import { namedTypes } from "#api/kubernetes.ts";
import { apiVersionOf, type KubeObject, type ResourceType } from "#api/object.ts";
import { createOwnerResolver } from "#cluster/owners.ts";
import { watchWorkloads } from "#cluster/owned-pods.ts";
import { createCaches } from "#kube/caches.ts";
import { silentLog } from "#lib/log.ts";
import { createManualClock } from "#lib/manual-clock.ts";
import { createDirectKube } from "#test/direct-kube.ts";

const ends: AbortController[] = [];
afterEach(() => {
  for (const end of ends.splice(0)) end.abort();
});

const typeOf = (kind: string): ResourceType => namedTypes.find((type) => type.kind === kind)!;
const apiVersions: Record<string, string> = {
  ReplicaSet: "apps/v1",
  Deployment: "apps/v1",
  StatefulSet: "apps/v1",
  DaemonSet: "apps/v1",
  Job: "batch/v1",
  CronJob: "batch/v1",
};

/** Objects as `Kind name < OwnerKind owner`, all in namespace shop. */
const setUp = async (...lines: string[]) => {
  const clock = createManualClock();
  const kube = createDirectKube(clock);
  const caches = createCaches(kube, { log: silentLog });
  const resolver = createOwnerResolver(caches, clock);
  const workloads = watchWorkloads(caches);
  const put = (line: string): KubeObject => {
    const [kind, name, , ownerKind, owner] = line.split(" ") as [string, string, string?, string?, string?];
    const apiVersion = apiVersions[ownerKind ?? ""] ?? (ownerKind === "Node" ? "v1" : "example.com/v1");
    const ownerReferences =
      ownerKind === undefined ? [] : [{ apiVersion, kind: ownerKind, name: owner, uid: `uid-${ownerKind}-${owner}`, controller: true }];
    return kube.put(typeOf(kind), {
      apiVersion: apiVersions[kind] ?? apiVersionOf(typeOf(kind)),
      kind,
      metadata: { name, ...(typeOf(kind).namespaced ? { namespace: "shop" } : {}), uid: `uid-${kind}-${name}`, ownerReferences },
    });
  };
  for (const line of lines) put(line);
  const end = new AbortController();
  ends.push(end);
  expect(resolver.synced).toBe(false);
  caches.start(end.signal);
  await caches.synced();
  expect(resolver.synced).toBe(true);
  const chain = (kind: string, name: string): string =>
    resolver
      .resolve({ kind, namespace: "shop", name })
      .chain.map((link) => `${link.kind} ${link.name}`)
      .join(" < ");
  return { clock, kube, resolver, workloads, put, chain };
};

const web = ["Deployment web", "ReplicaSet web-6b7c8d9f4 < Deployment web", "Pod web-6b7c8d9f4-x2x7k < ReplicaSet web-6b7c8d9f4"];

test.each<[string, string[], [string, string], string]>([
  ["a pod of a Deployment", web, ["Pod", "web-6b7c8d9f4-x2x7k"], "Pod web-6b7c8d9f4-x2x7k < ReplicaSet web-6b7c8d9f4 < Deployment web"],
  ["a pod of a CronJob's Job", ["CronJob c", "Job c-1 < CronJob c", "Pod p < Job c-1"], ["Pod", "p"], "Pod p < Job c-1 < CronJob c"],
  ["a pod of a StatefulSet", ["StatefulSet db", "Pod db-0 < StatefulSet db"], ["Pod", "db-0"], "Pod db-0 < StatefulSet db"],
  ["a pod of a DaemonSet", ["DaemonSet a", "Pod a-4bq7z < DaemonSet a"], ["Pod", "a-4bq7z"], "Pod a-4bq7z < DaemonSet a"],
  ["a pod without an owner", ["Pod lone"], ["Pod", "lone"], "Pod lone"],
  ["a Deployment itself", web, ["Deployment", "web"], "Deployment web"],
  ["a static pod is not its node's", ["Pod etcd < Node n1"], ["Pod", "etcd"], "Pod etcd"],
  [
    "an owner of an unknown kind ends the chain",
    ["ReplicaSet r < Rollout web", "Pod p < ReplicaSet r"],
    ["Pod", "p"],
    "Pod p < ReplicaSet r",
  ],
  ["a kind of the same name in another group is unknown", ["Pod p < Deploymentish d"], ["Pod", "p"], "Pod p"],
  ["an owner that the cache does not have yet is believed", ["Pod p < ReplicaSet r"], ["Pod", "p"], "Pod p < ReplicaSet r"],
  [
    "a ring of owners ends",
    ["ReplicaSet a < ReplicaSet b", "ReplicaSet b < ReplicaSet a"],
    ["ReplicaSet", "a"],
    "ReplicaSet a < ReplicaSet b",
  ],
  [
    "a pod that was never seen, by its ReplicaSet's name",
    web.slice(0, 2),
    ["Pod", "web-6b7c8d9f4-b2b2b"],
    "Pod web-6b7c8d9f4-b2b2b < ReplicaSet web-6b7c8d9f4 < Deployment web",
  ],
  ["a pod whose ReplicaSet is gone too", ["Deployment web"], ["Pod", "web-6b7c8d9f4-b2b2b"], "Pod web-6b7c8d9f4-b2b2b < Deployment web"],
  ["a ReplicaSet that is gone", ["Deployment web"], ["ReplicaSet", "web-6b7c8d9f4"], "ReplicaSet web-6b7c8d9f4 < Deployment web"],
  ["a DaemonSet's pod that was never seen", ["DaemonSet agent"], ["Pod", "agent-4bq7z"], "Pod agent-4bq7z < DaemonSet agent"],
  ["a Job's pod that was never seen", ["Job migrate"], ["Pod", "migrate-4bq7z"], "Pod migrate-4bq7z < Job migrate"],
  ["a StatefulSet's pod that was never seen", ["StatefulSet db"], ["Pod", "db-12"], "Pod db-12 < StatefulSet db"],
  ["an unknown pod", [], ["Pod", "ghost-4bq7z"], "Pod ghost-4bq7z"],
  ["a Service has no owner to follow", [], ["Service", "web"], "Service web"],
])("%s", async (_name, lines, [kind, name], expected) => {
  const { chain } = await setUp(...lines);
  expect(chain(kind, name)).toBe(expected);
});

test("a chain that never ends is cut", async () => {
  const { chain } = await setUp(...Array.from({ length: 20 }, (_, index) => `ReplicaSet r${index} < ReplicaSet r${index + 1}`));
  expect(chain("ReplicaSet", "r0").split(" < ")).toHaveLength(8);
});

test("a deleted pod is remembered for an hour, whatever its name", async () => {
  const { chain, kube, clock } = await setUp("Deployment web", "ReplicaSet r < Deployment web", "Pod odd < ReplicaSet r", "Pod lone");
  kube.remove(typeOf("Pod"), { namespace: "shop", name: "odd" });
  kube.remove(typeOf("Pod"), { namespace: "shop", name: "lone" });
  await clock.advance(3_599_999);
  expect(chain("Pod", "odd")).toBe("Pod odd < ReplicaSet r < Deployment web");
  expect(chain("Pod", "lone")).toBe("Pod lone");
  await clock.advance(2);
  expect(chain("Pod", "odd")).toBe("Pod odd");
});

test("what is remembered is bounded: the oldest goes first", async () => {
  const { chain, kube, put, clock } = await setUp("Deployment web");
  for (let index = 0; index <= 5_000; index += 1) {
    put(`Pod p${index} < Deployment web`);
    kube.remove(typeOf("Pod"), { namespace: "shop", name: `p${index}` });
  }
  await clock.advance(1);
  expect(chain("Pod", "p0")).toBe("Pod p0");
  expect(chain("Pod", "p1")).toBe("Pod p1 < Deployment web");
});

test("a node's namespace is the exporter's, and an unknown kind is still a target", async () => {
  const { resolver } = await setUp();
  expect(resolver.resolve({ kind: "Node", namespace: "monitoring", name: "n1" }).target).toEqual({
    apiVersion: "v1",
    kind: "Node",
    name: "n1",
  });
  expect(resolver.resolve({ kind: "Widget", name: "w" }).target).toEqual({ apiVersion: "v1", kind: "Widget", name: "w" });
});

test("the pods of a workload, through whatever lies between", async () => {
  const { workloads, put } = await setUp(...web, "Pod db-0 < StatefulSet db", "Job c-1 < CronJob c", "Pod cp < Job c-1");
  const names = (line: string): string[] => workloads.podsOf(put(line)).map((pod) => pod.metadata.name);
  expect(names("Deployment web")).toEqual(["web-6b7c8d9f4-x2x7k"]);
  expect(names("StatefulSet db")).toEqual(["db-0"]);
  expect(names("CronJob c")).toEqual(["cp"]);
  expect(names("Pod lone")).toEqual(["lone"]);
  expect(workloads.replicaSetsOf(put("Deployment web")).map((set) => set.metadata.name)).toEqual(["web-6b7c8d9f4"]);
});

describe("an object whose owner is not known is taken as reported, and marked so", () => {
  test.each<[string, Reported, string | undefined]>([
    ["a Service that exists", { kind: "Service", namespace: "shop", name: "web" }, undefined],
    ["a claim that exists", { kind: "PersistentVolumeClaim", namespace: "shop", name: "web" }, undefined],
    ["an Ingress that exists", { kind: "Ingress", namespace: "shop", name: "web" }, undefined],
    ["an autoscaler that exists", { kind: "HorizontalPodAutoscaler", namespace: "shop", name: "web" }, undefined],
    ["a budget that exists", { kind: "PodDisruptionBudget", namespace: "shop", name: "web" }, undefined],
    ["a CronJob that exists", { kind: "CronJob", namespace: "shop", name: "web" }, undefined],
    ["a node that exists", { kind: "Node", name: "web" }, undefined],
    ["a namespace that exists", { kind: "Namespace", name: "web" }, undefined],
    [
      "a Service that was not found",
      { kind: "Service", namespace: "shop", name: "api" },
      "Service shop/api is used as reported: it was not found",
    ],
    ["a pod that was never seen", { kind: "Pod", namespace: "shop", name: "x" }, "Pod shop/x is used as reported: it was not found"],
    [
      "a kind that is not watched",
      { kind: "PersistentVolume", name: "pv-1" },
      "PersistentVolume pv-1 is used as reported: Kintsugi does not look up objects of kind PersistentVolume",
    ],
    [
      "a custom kind",
      { apiVersion: "argoproj.io/v1alpha1", kind: "Rollout", namespace: "shop", name: "web" },
      "Rollout shop/web is used as reported: Kintsugi does not look up objects of kind Rollout",
    ],
    [
      "a custom kind with the name of a built-in one",
      { apiVersion: "batch.example/v1", kind: "Job", namespace: "shop", name: "web" },
      "Job shop/web is used as reported: Kintsugi does not look up objects of kind Job",
    ],
  ])("%s", async (_name, reported, unresolved) => {
    const all = ["Service", "PersistentVolumeClaim", "Ingress", "HorizontalPodAutoscaler", "PodDisruptionBudget", "CronJob"];
    const { resolver } = await setUp(...all.map((kind) => `${kind} web`), "Node web", "Namespace web");
    const resolved = resolver.resolve(reported);
    if (unresolved === undefined) expect(resolved.unresolved).toBe(undefined);
    else expect(resolved.unresolved).toContain(unresolved);
    const { kind, namespace, name } = reported;
    expect(resolved.target).toMatchObject({ kind, name, ...(namespace === undefined ? {} : { namespace }) });
    expect(resolved.target.apiVersion).toBe(reported.apiVersion ?? apiVersionOf(typeOf(kind)));
  });

  test("a pod that is gone and whose owner is known by its name is resolved", async () => {
    const { resolver } = await setUp("Deployment web");
    const pod = { kind: "Pod", namespace: "shop", name: "web-6b7c8d9f4-b2b2b" };
    expect(resolver.resolve(pod).unresolved).toBe(undefined);
  });
});
