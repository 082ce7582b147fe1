// The context of a target as its controller reads it: from the caches, without a call to the API server.
import { afterEach, describe, expect, test } from "vitest";
import { RemediationRequest } from "#api/kinds/remediation-request.ts";
import type { Reference } from "#api/fields.ts";
import { ConfigMaps, Deployments, Ingresses, Namespaces, namedTypes, Nodes, Pods, ReplicaSets, Services } from "#api/kubernetes.ts";
import { createCaches } from "#kube/caches.ts";
import { silentLog } from "#lib/log.ts";
import { createManualClock } from "#lib/manual-clock.ts";
import { crds } from "#manifests/install.ts";
import { createObserve } from "#controllers/remediation-processing/observe.ts";
import { defaultSettings } from "#policy/settings.ts";
import { createDirectKube } from "#test/direct-kube.ts";
import { aProcessing } from "#test/orchestration-samples.ts";

const ends: AbortController[] = [];
afterEach(() => {
  for (const end of ends.splice(0)) end.abort();
});
const own = "kintsugi-system";

const setUp = async () => {
  const clock = createManualClock();
  const kube = createDirectKube(clock, crds());
  const caches = createCaches(kube, { log: silentLog });
  const observe = createObserve({ kube, caches, clock, namespace: own, settings: () => defaultSettings });
  const shop = (name: string, more: object = {}) => ({ name, namespace: "shop", uid: `uid-${name}`, ...more });
  const template = {
    metadata: { labels: { app: "web" } },
    spec: { containers: [{ name: "web", image: "web:1", envFrom: [{ configMapRef: { name: "settings" } }] }] },
  };
  const owned = (kind: string, name: string) => ({
    ownerReferences: [{ apiVersion: "apps/v1", kind, name, uid: `uid-${name}`, controller: true }],
  });
  kube.put(Namespaces, { apiVersion: "v1", kind: "Namespace", metadata: { name: "shop", labels: { environment: "staging" } } });
  kube.put(Nodes, {
    apiVersion: "v1",
    kind: "Node",
    metadata: { name: "n1", labels: { "kintsugi.dev/managed": "true" } },
    status: { conditions: [] },
  });
  kube.put(Deployments, {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: shop("web"),
    spec: { replicas: 2, selector: {}, template },
  });
  kube.put(ReplicaSets, {
    apiVersion: "apps/v1",
    kind: "ReplicaSet",
    metadata: shop("web-1", owned("Deployment", "web")),
    spec: { template },
  });
  kube.put(Pods, {
    apiVersion: "v1",
    kind: "Pod",
    metadata: shop("web-1-a", owned("ReplicaSet", "web-1")),
    spec: { nodeName: "n1", containers: [] },
    status: {
      containerStatuses: [
        { name: "web", image: "web:1", ready: false, restartCount: 3, state: { waiting: { reason: "CrashLoopBackOff" } } },
      ],
    },
  });
  kube.put(Services, {
    apiVersion: "v1",
    kind: "Service",
    metadata: shop("front"),
    spec: { selector: { app: "web" }, ports: [{ port: 80 }] },
  });
  kube.put(Ingresses, {
    apiVersion: "networking.k8s.io/v1",
    kind: "Ingress",
    metadata: shop("public"),
    spec: { defaultBackend: { service: { name: "front", port: { number: 80 } } } },
  });
  const request = (name: string, target: Reference, phase: string, startsAt: string): void =>
    void kube.put(RemediationRequest, {
      apiVersion: "kintsugi.dev/v1alpha1",
      kind: "RemediationRequest",
      metadata: { name, namespace: own },
      spec: {
        alert: { name: `Alert-${name}`, fingerprint: name, severity: "info", startsAt, source: "prometheus", labels: {}, annotations: {} },
        reported: { kind: target.kind, name: target.name },
        target,
      },
      status: { phase },
    });
  const end = new AbortController();
  ends.push(end);
  const start = async (): Promise<void> => {
    caches.start(end.signal);
    await caches.synced();
    kube.calls.length = 0;
  };
  const look = (target: Reference, reported: Partial<Reference> = {}) => {
    const processing = aProcessing();
    const spec = {
      ...processing.spec,
      target,
      reported: {
        kind: target.kind,
        ...(target.namespace === undefined ? {} : { namespace: target.namespace }),
        name: target.name,
        ...reported,
      },
    };
    return observe({ ...processing, spec }, end.signal);
  };
  return { kube, look, request, start };
};
const at = (kind: string, name: string, namespace: string | undefined = "shop"): Reference => {
  const type = namedTypes.find((each) => each.kind === kind)!;
  return {
    apiVersion: type.group === "" ? type.version : `${type.group}/${type.version}`,
    kind,
    ...(type.namespaced ? { namespace } : {}),
    name,
  };
};

describe("no call to the API server", () => {
  test.each<[string, Reference, string[], string[]]>([
    [
      "a Deployment",
      at("Deployment", "web"),
      ["selectedBy Service front", "routedBy Ingress public", "runsOn Node n1", "readsFrom ConfigMap settings"],
      ["web"],
    ],
    ["a Service", at("Service", "front"), ["routedBy Ingress public", "selects Deployment web"], ["web"]],
    ["an Ingress", at("Ingress", "public"), ["routesTo Service front", "selects Deployment web"], ["web"]],
    ["a Node", at("Node", "n1"), ["hosts Deployment web"], ["web"]],
    ["a Namespace", at("Namespace", "shop"), ["contains Deployment web"], ["web"]],
  ])("%s", async (_name, target, neighbours, containers) => {
    const { kube, look, start } = await setUp();
    await start();
    const { context, missing } = await look(target);
    expect(kube.calls).toEqual([]);
    expect(missing).toEqual([]);
    expect(context?.exists).toBe(true);
    const found = context?.neighbours.map(({ relation, object }) => `${relation} ${object.kind} ${object.name}`);
    expect(found).toEqual(expect.arrayContaining(neighbours));
    expect(context?.containers.map(({ container }) => container)).toEqual(containers);
  });
});

describe("what is not in the caches", () => {
  test("an object that they do not show is asked for once before it counts as gone", async () => {
    const { kube, look, start } = await setUp();
    await start();
    const { context, missing } = await look(at("Service", "ghost"));
    expect(kube.calls.map(({ verb }) => verb)).toEqual(["get"]);
    expect(context?.exists).toBe(false);
    expect(missing).toEqual(["Service shop/ghost was not found"]);
  });

  test("a kind that they do not hold is read once, with those that read it", async () => {
    const { kube, look, start } = await setUp();
    kube.put(ConfigMaps, { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "settings", namespace: "shop" } });
    await start();
    const { context } = await look(at("ConfigMap", "settings"));
    expect(context?.exists).toBe(true);
    expect(context?.neighbours).toMatchObject([{ relation: "readBy", object: { kind: "Deployment", name: "web" } }]);
  });

  test.each<[string, Reference]>([
    ["a custom kind", { apiVersion: "argoproj.io/v1alpha1", kind: "Rollout", namespace: "shop", name: "web" }],
    ["a Secret", at("Secret", "login")],
  ])("%s is not looked for, and never called gone", async (_name, target) => {
    const { kube, look, start } = await setUp();
    await start();
    const { context, missing } = await look(target);
    expect(kube.calls).toEqual([]);
    expect(context).not.toHaveProperty("exists");
    expect(missing).toEqual([`${target.kind} shop/${target.name} was not looked for: objects of kind ${target.kind} are not read`]);
  });
});

test("a node is opted in by its own labels, an object in a namespace by the namespace's", async () => {
  const { look, start } = await setUp();
  await start();
  expect((await look(at("Node", "n1"))).labels).toEqual({ "kintsugi.dev/managed": "true" });
  expect((await look(at("Service", "front"))).labels).toMatchObject({ environment: "staging" });
});

test("open requests nearby are siblings, the oldest first", async () => {
  const { look, request, start } = await setUp();
  request("rr-later", at("Service", "front"), "Analyzing", "2030-01-01T00:00:02Z");
  request("rr-node", at("Node", "n1"), "AwaitingApproval", "2030-01-01T00:00:01Z");
  request("rr-done", at("Service", "front"), "Completed", "2030-01-01T00:00:00Z");
  request("rr-1", at("Deployment", "web"), "Processing", "2030-01-01T00:00:00Z");
  request("rr-far", at("Deployment", "web", "other"), "Analyzing", "2030-01-01T00:00:00Z");
  await start();
  const { context } = await look(at("Deployment", "web"));
  expect(context?.siblings).toEqual([
    { request: "rr-node", alert: "Alert-rr-node", object: at("Node", "n1"), startsAt: "2030-01-01T00:00:01Z" },
    { request: "rr-later", alert: "Alert-rr-later", object: at("Service", "front"), startsAt: "2030-01-01T00:00:02Z" },
  ]);
});
