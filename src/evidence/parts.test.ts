import { describe, expect, test } from "vitest";
import type { ContainerStatus, Deployment, Event, Pod, ReplicaSet } from "#api/kubernetes.ts";
import type { KubeObject, ObjectMeta } from "#api/object.ts";
import { eventEvidence } from "#evidence/events.ts";
import { logsToRead } from "#evidence/logs.ts";
import { podEvidence } from "#evidence/pods.ts";
import { revisionsOf } from "#evidence/revisions.ts";
import { targetEvidence } from "#evidence/target.ts";

const meta = (name: string, more: Partial<ObjectMeta> = {}): ObjectMeta => ({
  name,
  namespace: "shop",
  uid: `uid-${name}`,
  resourceVersion: "1",
  generation: 3,
  creationTimestamp: "2027-03-01T13:00:00Z",
  ...more,
});
const template = { spec: { containers: [{ name: "web", image: "web:1" }] } };
const selector = { matchLabels: { app: "web" } };

describe("how many replicas a workload wants and has", () => {
  const object = (kind: string, spec: object, status?: object): KubeObject =>
    ({
      apiVersion: "apps/v1",
      kind,
      metadata: meta("web"),
      spec: { selector, template, ...spec },
      ...(status === undefined ? {} : { status }),
    }) as KubeObject;
  const none = { current: 0, updated: 0, ready: 0, available: 0 };
  const table: Record<string, [KubeObject, object]> = {
    "a Deployment without a status has none, and wants one": [
      object("Deployment", {}),
      { isObserved: false, isPaused: false, replicas: { desired: 1, ...none } },
    ],
    "a paused Deployment says so": [
      object("Deployment", { paused: true, replicas: 2 }, { observedGeneration: 3 }),
      { isObserved: true, isPaused: true },
    ],
    "a StatefulSet without a status": [object("StatefulSet", {}), { isObserved: false, replicas: { desired: 1, ...none } }],
    "a StatefulSet under way to a new revision counts what is updated": [
      object(
        "StatefulSet",
        { replicas: 3 },
        { observedGeneration: 3, replicas: 3, readyReplicas: 2, updatedReplicas: 1, currentRevision: "a", updateRevision: "b" },
      ),
      { isObserved: true, replicas: { desired: 3, current: 3, updated: 1, ready: 2, available: 2 } },
    ],
    "a StatefulSet under way that says nothing of it has updated none": [
      object("StatefulSet", { replicas: 3 }, { replicas: 3, currentRevision: "a", updateRevision: "b" }),
      { replicas: { desired: 3, current: 3, updated: 0, ready: 0, available: 0 } },
    ],
    "a DaemonSet wants what the nodes ask for": [
      object(
        "DaemonSet",
        {},
        { observedGeneration: 3, desiredNumberScheduled: 4, numberReady: 3, updatedNumberScheduled: 2, numberAvailable: 1 },
      ),
      { isObserved: true, replicas: { desired: 4, current: 4, updated: 2, ready: 3, available: 1 } },
    ],
    "a DaemonSet without a status": [object("DaemonSet", {}), { isObserved: false, replicas: { desired: 0, ...none } }],
    "a Pod has a template and no replicas": [
      { apiVersion: "v1", kind: "Pod", metadata: meta("web", { labels: { app: "web" } }), spec: template.spec } as KubeObject,
      { conditions: [], template: { metadata: { labels: { app: "web" } }, spec: template.spec } },
    ],
    "any other object has its conditions": [
      {
        apiVersion: "v1",
        kind: "Node",
        metadata: meta("n"),
        status: { conditions: [{ type: "Ready", status: "False", message: "password=x" }] },
      } as KubeObject,
      { conditions: [{ type: "Ready", status: "False", message: "password=[redacted]" }] },
    ],
    "and none where it has no status": [{ apiVersion: "v1", kind: "Service", metadata: meta("s") }, { conditions: [] }],
  };
  test.each(Object.entries(table))("%s", (_name, [given, expected]) => {
    const reference = { apiVersion: given.apiVersion, kind: given.kind, name: given.metadata.name };
    expect(targetEvidence(reference, given)).toMatchObject(expected);
  });
});

describe("when an event happened", () => {
  const event = (fields: Partial<Event>): Event => ({
    apiVersion: "v1",
    kind: "Event",
    metadata: meta("e"),
    involvedObject: { kind: "Pod", namespace: "shop", name: "web-1", uid: "uid-web-1" },
    ...fields,
  });
  const table: Record<string, [Partial<Event>, object]> = {
    "the old form has first and last": [
      { type: "Warning", reason: "BackOff", count: 7, firstTimestamp: "2027-03-01T13:00:00Z", lastTimestamp: "2027-03-01T13:05:00Z" },
      { type: "Warning", count: 7, firstAt: "2027-03-01T13:00:00Z", lastAt: "2027-03-01T13:05:00Z" },
    ],
    "the new form has a series, in microseconds": [
      {
        eventTime: "2027-03-01T13:00:00.123456Z",
        series: { count: 3, lastObservedTime: "2027-03-01T13:05:00.5Z" },
        firstTimestamp: null,
        lastTimestamp: null,
      },
      { type: "Normal", count: 3, firstAt: "2027-03-01T13:00:00Z", lastAt: "2027-03-01T13:05:00Z" },
    ],
    "one that happened once": [
      { eventTime: "2027-03-01T13:00:00.000001Z" },
      { count: 1, firstAt: "2027-03-01T13:00:00Z", lastAt: "2027-03-01T13:00:00Z" },
    ],
    "one that only has its first time": [{ firstTimestamp: "2027-03-01T13:00:00Z" }, { lastAt: "2027-03-01T13:00:00Z" }],
  };
  test.each(Object.entries(table))("%s", (_name, [fields, expected]) => {
    expect(eventEvidence(event(fields))).toMatchObject(expected);
  });
  test("one without any time has none, and one about nothing that can be named says so", () => {
    expect(eventEvidence(event({ reason: "A" }))).not.toHaveProperty("lastAt");
    expect(eventEvidence(event({ involvedObject: { uid: "uid-web-1" } }))).toMatchObject({ object: "Object ", reason: "" });
  });
});

describe("a pod", () => {
  const pod = (status: Pod["status"], spec: object = {}): Pod => ({
    apiVersion: "v1",
    kind: "Pod",
    metadata: meta("web-1"),
    spec: { containers: [], ...spec },
    ...(status === undefined ? {} : { status }),
  });
  const status = (fields: Partial<ContainerStatus>): ContainerStatus => ({
    name: "web",
    image: "web:1",
    ready: false,
    restartCount: 0,
    ...fields,
  });

  test("that has no status yet is unknown and not ready", () => {
    expect(podEvidence(pod(undefined))).toEqual({
      name: "web-1",
      uid: "uid-web-1",
      createdAt: "2027-03-01T13:00:00Z",
      phase: "Unknown",
      isReady: false,
      isDeleting: false,
      conditions: [],
      containers: [],
    });
  });
  test("has its init containers first, and the zero time of a run that never was is no time", () => {
    const never = {
      terminated: { exitCode: 128, reason: "StartError", signal: 9, startedAt: "1970-01-01T00:00:00Z", finishedAt: "2027-03-01T13:00:01Z" },
    };
    const { containers } = podEvidence(
      pod({ initContainerStatuses: [status({ name: "init", state: never })], containerStatuses: [status({})] }),
    );
    expect(containers).toEqual([
      {
        name: "init",
        role: "init",
        image: "web:1",
        isReady: false,
        restarts: 0,
        state: { kind: "terminated", exitCode: 128, signal: 9, reason: "StartError", finishedAt: "2027-03-01T13:00:01Z" },
      },
      { name: "web", role: "main", image: "web:1", isReady: false, restarts: 0, state: { kind: "unknown" } },
    ]);
  });
  test("whose init container failed has a log to read; one whose init container is done has none", () => {
    const ended = (exitCode: number) => status({ name: "init", ready: exitCode === 0, state: { terminated: { exitCode } } });
    const waits = status({ state: { waiting: { reason: "PodInitializing" } } });
    const logs = (exitCode: number) =>
      logsToRead([podEvidence(pod({ initContainerStatuses: [ended(exitCode)], containerStatuses: [waits] }))]);
    expect(logs(1)).toEqual([{ pod: "web-1", container: "init", run: "current" }]);
    expect(logs(0)).toEqual([]);
  });
});

describe("the revisions of a Deployment", () => {
  const deployment = (observedGeneration?: number): Deployment => ({
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: meta("web"),
    spec: { selector, template },
    ...(observedGeneration === undefined ? {} : { status: { observedGeneration } }),
  });
  const set = (revision: string | undefined, owner = "web", more: Record<string, string> = {}): ReplicaSet => ({
    apiVersion: "apps/v1",
    kind: "ReplicaSet",
    metadata: meta(`web-${revision}`, {
      annotations: { ...(revision === undefined ? {} : { "deployment.kubernetes.io/revision": revision }), ...more },
      ownerReferences: [{ apiVersion: "apps/v1", kind: "Deployment", name: owner, uid: `uid-${owner}`, controller: true }],
    }),
    spec: { selector, template },
  });
  test("are its own ReplicaSets that have a number, newest first by number", () => {
    const sets = [
      set("9"),
      set("10", "web", { "kubernetes.io/change-cause": "kubectl set image" }),
      set("11", "other"),
      set(undefined),
      set("x"),
    ];
    expect(revisionsOf(deployment(3), sets, [])).toMatchObject([
      { revision: 10, isCurrent: true, changeCause: "kubectl set image", replicas: 0, ready: 0 },
      { revision: 9, isCurrent: false },
    ]);
  });
  test("while the newest template has none, none is current", () => {
    expect(revisionsOf(deployment(2), [set("1")], []).map(({ isCurrent }) => isCurrent)).toEqual([false]);
    expect(revisionsOf(deployment(), [set("1")], []).map(({ isCurrent }) => isCurrent)).toEqual([false]);
  });
  test("one that is used again and has no pod counts from its first use", () => {
    const again = set("3", "web", { "deployment.kubernetes.io/revision-history": "1" });
    expect(revisionsOf(deployment(3), [again], [])[0]?.releasedAt).toBe("2027-03-01T13:00:00Z");
  });
  test("a ReplicaSet without annotations or owners is nobody's revision", () => {
    const bare = { ...set("1"), metadata: meta("bare") };
    expect(revisionsOf(deployment(3), [bare], [])).toEqual([]);
  });
});
