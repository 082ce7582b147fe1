import { expect, test } from "vitest";
import type { ContainerStateDetail, Deployment, Pod } from "#api/kubernetes.ts";
import type { KubeObject } from "#api/object.ts";
import * as views from "#cluster/cached-kinds.ts";
import { type CachedPod, CachedPods } from "#cluster/cached-kinds.ts";
import { workloadHealth } from "#cluster/workload-health.ts";
import { cached } from "#test/cached.ts";

const meta = (name: string, generation = 1) => ({
  name,
  namespace: "shop",
  uid: `uid-${name}`,
  resourceVersion: "1",
  generation,
  creationTimestamp: "2030-01-01T00:00:00Z",
});
const asCached = (whole: KubeObject): KubeObject => {
  const view = Object.values(views).find(({ kind }) => kind === whole.kind);
  return view === undefined ? whole : cached<KubeObject>(view, whole);
};
const object = (kind: string, spec: object, status: object = {}): KubeObject =>
  asCached({ apiVersion: "v1", kind, metadata: meta("web"), spec, status } as KubeObject);
const deployment = (spec: Partial<Deployment["spec"]>, status: Deployment["status"]) => object("Deployment", spec, status);
const good = { observedGeneration: 1, replicas: 2, updatedReplicas: 2, readyReplicas: 2, availableReplicas: 2 };

interface PodShape {
  readonly name?: string;
  readonly phase?: string;
  readonly state?: ContainerStateDetail;
  readonly lastState?: ContainerStateDetail;
  readonly restarts?: number;
  readonly conditions?: { type: string; status: string; reason?: string }[];
  readonly deleting?: true;
  readonly createdAt?: string;
}
const rawPod = (shape: PodShape): Pod => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: {
    ...meta(shape.name ?? "web-1"),
    ...(shape.deleting ? { deletionTimestamp: "2030-01-01T00:00:00Z" } : {}),
    ...(shape.createdAt === undefined ? {} : { creationTimestamp: shape.createdAt }),
  },
  spec: { containers: [] },
  status: {
    phase: shape.phase ?? "Running",
    ...(shape.conditions === undefined ? {} : { conditions: shape.conditions }),
    containerStatuses: [
      {
        name: "web",
        image: "web:1",
        ready: true,
        restartCount: shape.restarts ?? 0,
        state: shape.state ?? { running: {} },
        lastState: shape.lastState ?? {},
      },
    ],
  },
});
const pod = (shape: PodShape = {}): CachedPod => cached(CachedPods, rawPod(shape));
const crashed: ContainerStateDetail = { terminated: { exitCode: 1, reason: "Error", finishedAt: "2030-01-01T00:05:00Z" } };
const looping: ContainerStateDetail = { waiting: { reason: "CrashLoopBackOff" } };
const ready = [{ type: "Ready", status: "True" }];

test.each<[string, KubeObject, readonly CachedPod[], readonly string[]]>([
  ["a Deployment with all replicas", deployment({ replicas: 2 }, good), [pod()], []],
  ["a Deployment scaled to zero", deployment({ replicas: 0 }, { observedGeneration: 1 }), [], []],
  [
    "a paused Deployment is healthy: the pause is intended",
    deployment({ replicas: 2, paused: true }, { ...good, updatedReplicas: 0 }),
    [],
    [],
  ],
  [
    "a change its controller has not seen",
    deployment({ replicas: 2 }, { ...good, observedGeneration: 0 }),
    [],
    ["Its controller has not seen the latest change yet."],
  ],
  [
    "a Deployment without a status",
    deployment({}, undefined),
    [],
    ["Its controller", "0 of 1 replicas are updated", "0 of 1 replicas are available", "0 of 1 replicas are ready"],
  ],
  [
    "a stuck rollout that still serves",
    deployment(
      { replicas: 2 },
      {
        ...good,
        replicas: 3,
        updatedReplicas: 1,
        conditions: [{ type: "Progressing", status: "False", reason: "ProgressDeadlineExceeded" }],
      },
    ),
    [pod({ state: { waiting: { reason: "ImagePullBackOff" } } })],
    [
      "Container web of Pod web-1 waits: ImagePullBackOff.",
      "The rollout is stuck: ProgressDeadlineExceeded.",
      "1 of 2 replicas are updated.",
      "2 replicas of an older revision are still there.",
    ],
  ],
  ["a crash loop", deployment({ replicas: 2 }, good), [pod({ state: looping })], ["Container web of Pod web-1 waits: CrashLoopBackOff."]],
  [
    "a container that just failed",
    deployment({ replicas: 2 }, good),
    [pod({ state: crashed })],
    ["Container web of Pod web-1 ended with exit code 1 (Error)."],
  ],
  ["a pod that is going does not count", deployment({ replicas: 2 }, good), [pod({ state: looping, deleting: true })], []],
  ["a start is no fault", deployment({ replicas: 2 }, good), [pod({ state: { waiting: { reason: "ContainerCreating" } } })], []],
  [
    "a StatefulSet with all replicas",
    object("StatefulSet", { replicas: 1 }, { observedGeneration: 1, readyReplicas: 1, currentRevision: "a", updateRevision: "a" }),
    [],
    [],
  ],
  [
    "a StatefulSet in the middle of an update",
    object(
      "StatefulSet",
      { replicas: 2 },
      { observedGeneration: 1, readyReplicas: 1, availableReplicas: 1, updatedReplicas: 1, currentRevision: "a", updateRevision: "b" },
    ),
    [],
    ["1 of 2 replicas are updated.", "1 of 2 replicas are ready.", "1 of 2 replicas are available."],
  ],
  [
    "a DaemonSet that lacks one",
    object(
      "DaemonSet",
      {},
      { observedGeneration: 1, desiredNumberScheduled: 2, updatedNumberScheduled: 2, numberAvailable: 1, numberReady: 1 },
    ),
    [],
    ["1 of 2 replicas are available.", "1 of 2 replicas are ready."],
  ],
  [
    "a ReplicaSet",
    object("ReplicaSet", { replicas: 1 }, { observedGeneration: 1 }),
    [],
    ["0 of 1 replicas are ready.", "0 of 1 replicas are available."],
  ],
  ["a ready Pod", pod({ conditions: ready }), [], []],
  ["a Pod that did its work", pod({ phase: "Succeeded" }), [], []],
  ["a failed Pod", pod({ phase: "Failed" }), [], ["Pod web-1 failed: a container ended in failure."]],
  ["a Pod that crashes", pod({ state: looping }), [], ["Container web of Pod web-1 waits: CrashLoopBackOff."]],
  [
    "a Pod that is not scheduled",
    pod({ phase: "Pending", conditions: [{ type: "PodScheduled", status: "False", reason: "Unschedulable" }] }),
    [],
    ["Pod web-1 is not ready: Unschedulable."],
  ],
  ["a Job at work", object("Job", {}, { active: 1 }), [], []],
  [
    "a failed Job",
    object("Job", {}, { conditions: [{ type: "Failed", status: "True", reason: "BackoffLimitExceeded" }] }),
    [],
    ["The job failed: BackoffLimitExceeded."],
  ],
  ["a CronJob that has not run", object("CronJob", {}), [], []],
  ["a suspended CronJob", object("CronJob", { suspend: true }), [pod({ phase: "Failed" })], []],
  [
    "a CronJob is judged by its newest run",
    object("CronJob", {}),
    [pod({ name: "old", phase: "Failed", createdAt: "2029-01-01T00:00:00Z" }), pod({ name: "new", phase: "Succeeded" })],
    [],
  ],
  [
    "a CronJob whose newest run failed",
    object("CronJob", {}),
    [pod({ name: "new", phase: "Failed" }), pod({ name: "old", phase: "Succeeded", createdAt: "2029-01-01T00:00:00Z" })],
    ["Pod new of the newest run failed."],
  ],
  ["a ready Node", object("Node", {}, { conditions: ready }), [], []],
  [
    "a Node under pressure that has not reported",
    object("Node", {}, { conditions: [{ type: "MemoryPressure", status: "True" }] }),
    [],
    ["The node is not ready: it has not reported.", "The node reports MemoryPressure."],
  ],
  ["a bound claim", object("PersistentVolumeClaim", {}, { phase: "Bound" }), [], []],
  ["a pending claim", object("PersistentVolumeClaim", {}), [], ["The claim is Pending."]],
])("%s", (_name, subject, pods, expected) => {
  const health = workloadHealth({ apiVersion: "v1", kind: subject.kind, namespace: "shop", name: "web" }, subject, pods);
  expect(health.reasons).toEqual(expected.map((reason) => expect.stringContaining(reason)));
  expect(health.state).toBe(expected.length === 0 ? "Healthy" : "Unhealthy");
});

const reference = { apiVersion: "v1", kind: "Service", namespace: "shop", name: "web" };

test("what is not there is missing, and what has no health is unknown", () => {
  expect(workloadHealth(reference, undefined, [])).toMatchObject({ state: "Missing", reasons: ["Service shop/web does not exist."] });
  expect(workloadHealth(reference, object("Service", {}), []).state).toBe("Unknown");
});

test("restarts are summed up, and the last crash is remembered while the container runs again", () => {
  const pods = [pod({ restarts: 2, lastState: crashed }), pod({ name: "web-2", restarts: 3 })];
  const health = workloadHealth(reference, deployment({ replicas: 2 }, good), pods);
  expect(health).toEqual({ state: "Healthy", reasons: [], restarts: 5, crashedAtMs: Date.parse("2030-01-01T00:05:00Z") });
});

test("reasons are bounded", () => {
  const pods = Array.from({ length: 40 }, (_, index) => pod({ name: `web-${index}`, state: looping }));
  expect(workloadHealth(reference, deployment({ replicas: 40 }, good), pods).reasons).toHaveLength(10);
});
