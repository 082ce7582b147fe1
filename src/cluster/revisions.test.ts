import { expect, test } from "vitest";
import type { Deployment, ReplicaSet } from "#api/kubernetes.ts";
import { type CachedReplicaSet, CachedReplicaSets } from "#cluster/cached-kinds.ts";
import { revisionsOf } from "#cluster/revisions.ts";
import { cached } from "#test/cached.ts";

const meta = (name: string, annotations: Record<string, string>) => ({
  name,
  namespace: "shop",
  uid: `uid-${name}`,
  resourceVersion: "1",
  creationTimestamp: "2030-01-01T00:00:00Z",
  annotations,
});
const deployment = (revision?: string): Deployment => ({
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: meta("web", revision === undefined ? {} : { "deployment.kubernetes.io/revision": revision }),
  spec: { selector: {}, template: { spec: { containers: [] } } },
});
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
