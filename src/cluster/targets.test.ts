import { describe, expect, test } from "vitest";
import { Deployments, Pods, ReplicaSets } from "#api/kubernetes.ts";
import type { KubeObject, OwnerReference, ResourceType } from "#api/object.ts";
import { targetKey, watchTargets } from "#cluster/targets.ts";
import { createCaches } from "#kube/caches.ts";
import { silentLog } from "#lib/log.ts";

const ownedByKind = (kind: string, name: string): OwnerReference => ({
  apiVersion: "apps/v1",
  kind,
  name,
  uid: `uid-of-${name}`,
  controller: true,
});
const object = (type: ResourceType, name: string, owner?: OwnerReference, rest: object = {}): KubeObject => ({
  apiVersion: type.group === "" ? "v1" : `${type.group}/${type.version}`,
  kind: type.kind,
  metadata: {
    namespace: "shop",
    name,
    uid: `uid-of-${name}`,
    resourceVersion: "1",
    creationTimestamp: "2030-01-01T00:00:00Z",
    ...(owner === undefined ? {} : { ownerReferences: [owner] }),
  },
  ...rest,
});
const web = object(Deployments, "web", undefined, {
  spec: { replicas: 1 },
  status: { readyReplicas: 1, updatedReplicas: 1, availableReplicas: 1, replicas: 1 },
});
const set = object(ReplicaSets, "web-1", ownedByKind("Deployment", "web"), { spec: {} });
const crashing = object(Pods, "web-1-a", ownedByKind("ReplicaSet", "web-1"), {
  spec: { containers: [] },
  status: {
    containerStatuses: [{ name: "app", image: "x", ready: false, restartCount: 3, state: { waiting: { reason: "CrashLoopBackOff" } } }],
  },
});

const targetsOver = async (...objects: KubeObject[]) => {
  const caches = createCaches(
    {
      // One list of everything of a kind, then silence until it is stopped.
      async *listWatch(type: ResourceType, _scope: object, signal: AbortSignal) {
        yield { kind: "synced", items: objects.filter(({ kind }) => kind === type.kind) as never[], resourceVersion: "1" };
        await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
      },
    },
    { log: silentLog },
  );
  const targets = watchTargets(caches);
  const stop = new AbortController();
  caches.start(stop.signal);
  await caches.synced();
  return { targets, stop: () => stop.abort() };
};
const reference = { apiVersion: "apps/v1", kind: "Deployment", namespace: "shop", name: "web" };

describe("watchTargets", () => {
  test("health is that of the object and the pods it controls", async () => {
    const { targets, stop } = await targetsOver(web, set, crashing);
    expect(targets.health(reference)).toMatchObject({ state: "Unhealthy", restarts: 3 });
    stop();
  });

  test("an object that is gone is missing, one of another group was not looked for, and what has no health is said to have none", async () => {
    const { targets, stop } = await targetsOver(web);
    expect(targets.health({ ...reference, name: "api" }).state).toBe("Missing");
    expect(targets.health({ ...reference, apiVersion: "example.com/v1" }).state).toBe("Unknown");
    expect(targets.health({ apiVersion: "v1", kind: "Node", name: "n1" }).state).toBe("Missing");
    expect(targets.health({ apiVersion: "v1", kind: "ConfigMap", namespace: "shop", name: "settings" })).toMatchObject({
      state: "Unknown",
    });
    stop();
  });

  test("a change concerns the object and all that control it, as far as they are known", async () => {
    const { targets, stop } = await targetsOver(web, set, crashing);
    expect(targets.concernedBy(crashing)).toEqual(["Pod/shop/web-1-a", "ReplicaSet/shop/web-1", "Deployment/shop/web"]);
    expect(targets.concernedBy(object(Pods, "other", ownedByKind("ReplicaSet", "gone")))).toEqual([
      "Pod/shop/other",
      "ReplicaSet/shop/gone",
    ]);
    expect(targets.concernedBy(web)).toEqual([targetKey(reference)]);
    expect(targets.stores.length).toBeGreaterThan(5);
    stop();
  });
});
