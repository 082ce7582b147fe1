import { describe, expect, test } from "vitest";
import type { Deployment, ReplicaSet } from "#api/kubernetes.ts";
import type { KubeObject } from "#api/object.ts";
import { type CachedDeployment, CachedDeployments, type CachedReplicaSet, CachedReplicaSets } from "#cluster/cached-kinds.ts";
import { revisionsOf, templateRevisionsOf } from "#cluster/revisions.ts";
import { cached } from "#test/cached.ts";

const meta = (name: string, annotations: Record<string, string>) => ({
  name,
  namespace: "shop",
  uid: `uid-${name}`,
  resourceVersion: "1",
  creationTimestamp: "2030-01-01T00:00:00Z",
  annotations,
});
const deployment = (revision?: string): CachedDeployment =>
  cached(CachedDeployments, {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: meta("web", revision === undefined ? {} : { "deployment.kubernetes.io/revision": revision }),
    spec: { selector: {}, template: { spec: { containers: [] } } },
  } as KubeObject);
const replicaSet = (name: string, revision: string, status: ReplicaSet["status"] = {}, owner = "uid-web"): CachedReplicaSet =>
  cached(CachedReplicaSets, {
    apiVersion: "apps/v1",
    kind: "ReplicaSet",
    metadata: {
      ...meta(name, { "deployment.kubernetes.io/revision": revision, "kubernetes.io/change-cause": `release ${revision}` }),
      ownerReferences: [{ apiVersion: "apps/v1", kind: "Deployment", name: "web", uid: owner, controller: true }],
    },
    spec: { selector: {}, template: { spec: { containers: [{ name: "web", image: `web:${revision}` }] } } },
    status,
  } as ReplicaSet);

test("newest first, by number and not by text", () => {
  const sets = [
    replicaSet("a", "9", { replicas: 2, readyReplicas: 2 }),
    replicaSet("b", "10", { replicas: 1, readyReplicas: 0 }),
    replicaSet("c", "2", { replicas: 0 }),
  ];
  expect(revisionsOf(deployment("10"), sets)).toMatchObject([
    { revision: 10, object: "b", current: true, images: ["web:10"], changeCause: "release 10" },
    { revision: 9, object: "a", current: false },
    { revision: 2, object: "c", current: false },
  ]);
});

test("ReplicaSets of others, and those without a revision, are left out", () => {
  const sets = [replicaSet("a", "1"), replicaSet("b", "2", {}, "uid-other"), replicaSet("c", "none")];
  expect(revisionsOf(deployment("1"), sets).map((revision) => revision.object)).toEqual(["a"]);
});

test("a Deployment that was not numbered yet runs its newest ReplicaSet", () => {
  expect(revisionsOf(deployment(), [replicaSet("a", "1"), replicaSet("b", "2")]).find(({ current }) => current)?.object).toBe("b");
  expect(revisionsOf(deployment(), [])).toEqual([]);
});

describe("revisions with their templates", () => {
  const template = { spec: { containers: [{ name: "web", image: "web:1" }] } };
  const deploymentAt = (observedGeneration?: number): Deployment => ({
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { ...meta("web", {}), generation: 3 },
    spec: { selector: {}, template },
    ...(observedGeneration === undefined ? {} : { status: { observedGeneration } }),
  });
  const set = (revision: string | undefined, owner = "web", more: Record<string, string> = {}): ReplicaSet => ({
    apiVersion: "apps/v1",
    kind: "ReplicaSet",
    metadata: {
      ...meta(`web-${revision}`, { ...(revision === undefined ? {} : { "deployment.kubernetes.io/revision": revision }), ...more }),
      ownerReferences: [{ apiVersion: "apps/v1", kind: "Deployment", name: owner, uid: `uid-${owner}`, controller: true }],
    },
    spec: { selector: {}, template },
  });
  test("are its own ReplicaSets that have a number, newest first by number", () => {
    const sets = [set("9"), set("10"), set("11", "other"), set(undefined), set("x")];
    expect(templateRevisionsOf(deploymentAt(3), sets, [])).toMatchObject([
      { revision: 10, isCurrent: true, replicas: 0, ready: 0 },
      { revision: 9, isCurrent: false },
    ]);
  });
  test("while the newest template has none, none is current", () => {
    expect(templateRevisionsOf(deploymentAt(2), [set("1")], []).map(({ isCurrent }) => isCurrent)).toEqual([false]);
    expect(templateRevisionsOf(deploymentAt(), [set("1")], []).map(({ isCurrent }) => isCurrent)).toEqual([false]);
  });
  test("one that is used again and has no pod counts from its first use", () => {
    const again = set("3", "web", { "deployment.kubernetes.io/revision-history": "1" });
    expect(templateRevisionsOf(deploymentAt(3), [again], [])[0]?.releasedAt).toBe("2030-01-01T00:00:00Z");
  });
  test("a ReplicaSet without annotations or owners is not a revision", () => {
    const bare = { ...set("1"), metadata: meta("bare", {}) };
    expect(templateRevisionsOf(deploymentAt(3), [bare], [])).toEqual([]);
  });
});
