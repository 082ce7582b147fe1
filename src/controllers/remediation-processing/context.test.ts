import { describe, expect, test } from "vitest";
import { Context } from "#api/kinds/remediation-processing.ts";
import type { ContainerStatus, Pod, ReplicaSet } from "#api/kubernetes.ts";
import type { KubeObject, ObjectMeta } from "#api/object.ts";
import { type CachedPod, CachedPods, CachedReplicaSets, CachedServices } from "#cluster/cached-kinds.ts";
import { cachedTargets } from "#cluster/owners.ts";
import { contextOf } from "#controllers/remediation-processing/context.ts";
import { cached } from "#test/cached.ts";
import { target } from "#test/orchestration-samples.ts";

const meta = (name: string, more: Partial<ObjectMeta> = {}): ObjectMeta => ({
  namespace: "shop",
  name,
  uid: `uid-of-${name}`,
  resourceVersion: "1",
  creationTimestamp: "2030-01-01T00:00:00Z",
  ...more,
});
const template = { metadata: { labels: { app: "web" } }, spec: { containers: [{ name: "app", image: "web:2" }] } };
const around = { services: [], ingresses: [], autoscalers: [], budgets: [], quotas: [], nodes: [], workloads: [], pods: [], jobs: [] };
const parts = { target, ownerChain: [target], replicaSets: [], around };

const rawPod = (name: string, ...containerStatuses: ContainerStatus[]): Pod => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: meta(name),
  spec: { containers: [], nodeName: "node-1" },
  status: { containerStatuses },
});
const pod = (name: string, ...statuses: ContainerStatus[]): CachedPod => cached(CachedPods, rawPod(name, ...statuses));
const container = (more: Partial<ContainerStatus>): ContainerStatus => ({
  name: "app",
  image: "web:2",
  ready: false,
  restartCount: 0,
  ...more,
});
const objectOf = (kind: string, spec: object, status?: object): KubeObject =>
  kept({ apiVersion: "apps/v1", kind, metadata: meta("web"), spec, ...(status === undefined ? {} : { status }) } as KubeObject);
const kept = (object: KubeObject): KubeObject =>
  cachedTargets.find(({ kind }) => kind === object.kind)?.keep(object, (text) => text) ?? object;

describe("contextOf", () => {
  test("an object that is gone leaves what is known without it", () => {
    expect(contextOf({ ...parts, object: "absent" })).toEqual({
      exists: false,
      ownerChain: [target],
      containers: [],
      neighbours: [],
      revisions: [],
    });
  });

  test("an object that was not looked for is not called gone", () => {
    expect(contextOf({ ...parts, object: "not looked for" })).not.toHaveProperty("exists");
  });

  test.each<[string, object, object | undefined, Context["replicas"]]>([
    [
      "Deployment",
      { replicas: 3, template },
      { readyReplicas: 1, updatedReplicas: 2, availableReplicas: 1 },
      { desired: 3, ready: 1, updated: 2, available: 1 },
    ],
    ["StatefulSet", { template }, undefined, { desired: 1, ready: 0, updated: 0, available: 0 }],
    ["ReplicaSet", { replicas: 2, template }, { replicas: 2, readyReplicas: 1 }, { desired: 2, ready: 1, updated: 2, available: 0 }],
    [
      "DaemonSet",
      { template },
      { desiredNumberScheduled: 2, numberReady: 1, updatedNumberScheduled: 2, numberAvailable: 1 },
      { desired: 2, ready: 1, updated: 2, available: 1 },
    ],
    ["CronJob", { jobTemplate: { spec: { template } } }, undefined, undefined],
  ])("the replicas of a %s", (kind, spec, status, replicas) => {
    expect(contextOf({ ...parts, object: objectOf(kind, spec, status) }).replicas).toEqual(replicas);
  });

  test("a crashing container says what it waits for and what it last died of; those in trouble come first", () => {
    const crashing = container({
      restartCount: 4,
      state: { waiting: { reason: "CrashLoopBackOff" } },
      lastState: { terminated: { exitCode: 1, reason: "Error" } },
    });
    const pods = [pod("web-1", container({ ready: true, state: { running: {} } })), pod("web-2", crashing), pod("web-3", container({}))];
    const { containers } = contextOf({ ...parts, object: objectOf("Deployment", { template }), around: { ...around, pods } });
    expect(containers.map(({ pod: name, state }) => [name, state])).toEqual([
      ["web-2", "Waiting"],
      ["web-3", "Unknown"],
      ["web-1", "Running"],
    ]);
    expect(containers[0]).toMatchObject({ reason: "CrashLoopBackOff", exitCode: 1, restarts: 4, ready: false });
  });

  test("a container that ended in an init step is one of them", () => {
    const failing = cached(CachedPods, {
      ...rawPod("web-1"),
      status: {
        initContainerStatuses: [
          container({ name: "init", state: { terminated: { exitCode: 2, reason: "Error", message: "no such host" } } }),
        ],
      },
    } as Pod);
    const { containers } = contextOf({ ...parts, object: objectOf("Deployment", { template }), around: { ...around, pods: [failing] } });
    expect(containers).toEqual([
      {
        pod: "web-1",
        container: "init",
        image: "web:2",
        state: "Terminated",
        reason: "Error",
        exitCode: 2,
        restarts: 0,
        ready: false,
      },
    ]);
  });

  test("neighbours, revisions and the tool that would revert a change are found", () => {
    const helm = {
      labels: { "app.kubernetes.io/managed-by": "Helm" },
      annotations: { "meta.helm.sh/release-name": "web", "deployment.kubernetes.io/revision": "2" },
    };
    const object = kept({ apiVersion: "apps/v1", kind: "Deployment", metadata: meta("web", helm), spec: { template } } as KubeObject);
    const service = {
      apiVersion: "v1",
      kind: "Service",
      metadata: meta("front"),
      spec: { selector: { app: "web" }, ports: [{ port: 80 }] },
    };
    const replicaSet: ReplicaSet = {
      apiVersion: "apps/v1",
      kind: "ReplicaSet",
      metadata: meta("web-1", {
        annotations: { "deployment.kubernetes.io/revision": "1", "kubernetes.io/change-cause": "release 1.4" },
        ownerReferences: [{ apiVersion: "apps/v1", kind: "Deployment", name: "web", uid: "uid-of-web", controller: true }],
      }),
      spec: { selector: {}, template },
    };
    const context = contextOf({
      ...parts,
      object,
      replicaSets: [cached(CachedReplicaSets, replicaSet)],
      around: { ...around, services: [cached(CachedServices, service)] },
    });
    expect(context.neighbours).toMatchObject([{ relation: "selectedBy", object: { kind: "Service", name: "front" } }]);
    expect(context.revisions).toMatchObject([
      { revision: 1, object: "web-1", images: ["web:2"], current: false, changeCause: "release 1.4" },
    ]);
    expect(context.managedBy).toMatchObject({ tool: "Helm" });
  });

  test("a pod is its own template", () => {
    const alone: Pod = { ...rawPod("web"), metadata: meta("web", { labels: { app: "web" } }) };
    const service = { apiVersion: "v1", kind: "Service", metadata: meta("front"), spec: { selector: { app: "web" } } };
    expect(
      contextOf({ ...parts, object: kept(alone), around: { ...around, services: [cached(CachedServices, service)] } }).neighbours,
    ).toHaveLength(1);
  });

  test("whatever the cluster holds, the API's bounds are kept", () => {
    const huge = "x".repeat(5000);
    const pods = Array.from({ length: 80 }, (_item, index) =>
      pod(`web-${index}`, container({ image: huge, state: { waiting: { reason: huge } } })),
    );
    const context = contextOf({
      ...parts,
      object: objectOf("Deployment", { template }),
      ownerChain: Array.from({ length: 30 }, () => target),
      around: { ...around, pods },
    });
    expect(Context.safeParse(context).error).toBeUndefined();
    expect(context.containers).toHaveLength(50);
  });
});
