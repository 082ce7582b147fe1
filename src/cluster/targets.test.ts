import { afterEach, expect, test } from "vitest";
import { Deployments, Pods, ReplicaSets } from "#api/kubernetes.ts";
import type { KubeObject } from "#api/object.ts";
import { watchTargets } from "#cluster/targets.ts";
import { createCaches } from "#kube/caches.ts";
import { silentLog } from "#lib/log.ts";
import { createManualClock } from "#lib/manual-clock.ts";
import { createMemoryKube } from "#test/memory-kube.ts";

const ends: AbortController[] = [];
afterEach(() => {
  for (const end of ends.splice(0)) end.abort();
});

const ownedBy = (kind: string, name: string) => [{ apiVersion: "apps/v1", kind, name, uid: `uid-${name}`, controller: true }];

/** Deployment web with one ready replica, whose only pod crashes. */
const setUp = async () => {
  const kube = createMemoryKube(() => createManualClock().now());
  const caches = createCaches(kube, { log: silentLog });
  const targets = watchTargets(caches);
  const meta = (name: string, rest: object = {}) => ({ name, namespace: "shop", uid: `uid-${name}`, generation: 1, ...rest });
  kube.put(Deployments, {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: meta("web"),
    spec: { replicas: 1 },
    status: { observedGeneration: 1, replicas: 1, updatedReplicas: 1, readyReplicas: 1, availableReplicas: 1 },
  });
  kube.put(ReplicaSets, {
    apiVersion: "apps/v1",
    kind: "ReplicaSet",
    metadata: meta("web-1", { ownerReferences: ownedBy("Deployment", "web") }),
  });
  const pod = kube.put(Pods, {
    apiVersion: "v1",
    kind: "Pod",
    metadata: meta("web-1-a", { ownerReferences: ownedBy("ReplicaSet", "web-1") }),
    spec: { containers: [] },
    status: {
      containerStatuses: [
        { name: "web", image: "web:1", ready: false, restartCount: 3, state: { waiting: { reason: "CrashLoopBackOff" } } },
      ],
    },
  });
  const end = new AbortController();
  ends.push(end);
  caches.start(end.signal);
  await caches.synced();
  return { targets, pod };
};

const web = { apiVersion: "apps/v1", kind: "Deployment", namespace: "shop", name: "web" };

test("a target is found by name, with the health that its pods give it", async () => {
  const { targets } = await setUp();
  expect(targets.object(web)?.metadata.uid).toBe("uid-web");
  expect(targets.health(web)).toEqual({
    state: "Unhealthy",
    reasons: ["Container web of Pod web-1-a waits: CrashLoopBackOff."],
    restarts: 3,
  });
});

test.each([
  ["that is gone is missing", { ...web, name: "api" }, "Missing"],
  ["of another group of the same kind is not the one we know", { ...web, apiVersion: "example.com/v1" }, "Missing"],
  ["without a namespace where there should be one is missing", { apiVersion: "apps/v1", kind: "Deployment", name: "web" }, "Missing"],
  ["of a kind without health is unknown", { ...web, apiVersion: "v1", kind: "Service" }, "Unknown"],
] as const)("a target %s", async (_name, reference, state) => {
  const { targets } = await setUp();
  expect(targets.object(reference)).toBeUndefined();
  expect(targets.health(reference).state).toBe(state);
});

test("a pod's change concerns all who control it", async () => {
  const { targets, pod } = await setUp();
  expect(targets.concernedBy(pod)).toEqual(["Pod/shop/web-1-a", "ReplicaSet/shop/web-1", "Deployment/shop/web"]);
  const node: KubeObject = { apiVersion: "v1", kind: "Node", metadata: { ...pod.metadata, name: "n1", ownerReferences: [] } };
  const { namespace: _none, ...metadata } = node.metadata;
  expect(targets.concernedBy({ ...node, metadata })).toEqual(["Node//n1"]);
});
