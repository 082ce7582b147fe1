import { describe, expect, test } from "vitest";
import { createManualClock } from "#lib/manual-clock.ts";
import { collect } from "#evidence/collect.ts";
import { bounds } from "#evidence/workload-evidence.ts";
import {
  alert,
  configMap,
  crashAfterRelease,
  crashLoop,
  healthy,
  readerOf,
  running,
  sceneNow,
  target,
  type RevisionSketch,
  type Scene,
} from "#test/scene.ts";

const collected = (scene: Scene, about = target, signal?: AbortSignal) =>
  collect(readerOf(scene), createManualClock(sceneNow), { target: about, alert }, signal);

test("everything about a Deployment comes together in one value", async () => {
  const evidence = await collected(crashAfterRelease);
  expect(evidence).toMatchObject({
    collectedAt: "2027-03-01T14:00:00.000Z",
    target: { state: "found", isObserved: true, replicas: { desired: 2, current: 3, updated: 1, ready: 2, available: 2 } },
    revisions: [
      { revision: 2, name: "web-5d4f8c7b9", isCurrent: true, ready: 0 },
      { revision: 1, name: "web-6c8d5f9b7", isCurrent: false, ready: 2 },
    ],
    configs: [{ name: "web-settings", state: "found", readBy: ["web"], editedBy: "kubectl-edit" }],
    nodes: [{ name: "node-1", state: "found" }],
    gaps: [],
  });
  expect(evidence.pods.map(({ name }) => name)).toEqual(["web-6c8d5f9b7-abcd0", "web-6c8d5f9b7-abcd1", "web-5d4f8c7b9-abcd0"]);
  expect(evidence.logs).toHaveLength(1);
  expect(evidence.events).toHaveLength(1);
});

test("it is plain data: nothing is lost on the way through JSON", async () => {
  const evidence = await collected(crashAfterRelease);
  expect(JSON.parse(JSON.stringify(evidence))).toEqual(evidence);
});

test("no Secret is asked for, and no value of a ConfigMap is kept", async () => {
  const reader = readerOf(crashAfterRelease);
  const evidence = await collect(reader, createManualClock(sceneNow), { target, alert });
  expect(reader.asked.filter((each) => each.includes("secret"))).toEqual([]);
  expect(JSON.stringify(evidence)).not.toContain("not looked at");
});

test("the log of a container that waits to be restarted is that of its last run; of one that runs again, both", async () => {
  const [old, bad] = crashAfterRelease.revisions as [RevisionSketch, RevisionSketch];
  const waits = readerOf(crashAfterRelease);
  await collect(waits, createManualClock(sceneNow), { target, alert });
  expect(waits.asked.filter((each) => each.startsWith("log"))).toEqual(["log web-5d4f8c7b9-abcd0 web"]);
  const again = { ...crashLoop({}).status, state: { running: { startedAt: "2027-03-01T13:59:59Z" } } };
  const runs = readerOf({ ...crashAfterRelease, revisions: [old, { ...bad, pods: [{ created: 90, status: again }] }] });
  await collect(runs, createManualClock(sceneNow), { target, alert });
  expect(runs.asked.filter((each) => each.startsWith("log"))).toEqual([
    "log web-5d4f8c7b9-abcd0 web",
    "log web-5d4f8c7b9-abcd0 web previous",
  ]);
});

test("the kubelet's excuse for a log that has gone is no log", async () => {
  const logs = { "web-5d4f8c7b9-abcd0": "unable to retrieve container logs for containerd://789b0cfd9cfa" };
  expect((await collected({ ...crashAfterRelease, logs })).logs).toEqual([]);
});

test("a healthy workload has no log that is worth reading", async () => {
  const reader = readerOf(healthy);
  await collect(reader, createManualClock(sceneNow), { target, alert });
  expect(reader.asked.filter((each) => each.startsWith("log"))).toEqual([]);
});

describe("what cannot be read", () => {
  test.each(["events", "configmaps", "nodes", "pods/log"])("%s: stands in the gaps, redacted, and the rest is told", async (plural) => {
    const evidence = await collected({ ...crashAfterRelease, unreadable: [plural] });
    expect(evidence.gaps).toHaveLength(1);
    expect(evidence.gaps[0]).toContain("forbidden");
    expect(evidence.gaps[0]).not.toContain("hunter2");
    expect(evidence.pods).toHaveLength(3);
  });
  test.each(["deployments", "pods", "replicasets"])("%s: without them every answer would be a guess, so it throws", async (plural) => {
    await expect(collected({ ...crashAfterRelease, unreadable: [plural] })).rejects.toThrow("forbidden");
  });
  test("an abort is not a gap", async () => {
    const signal = AbortSignal.abort(new Error("stopped"));
    await expect(collected({ ...crashAfterRelease, unreadable: ["events"] }, target, signal)).rejects.toThrow("stopped");
  });
});

test("an object that is gone is told as gone, one of an unknown kind as unknown", async () => {
  expect(await collected(healthy, { ...target, name: "other" })).toMatchObject({ target: { state: "gone" }, pods: [], gaps: [] });
  const unknown = await collected(healthy, { apiVersion: "databases.example/v1", kind: "Database", namespace: "shop", name: "orders" });
  expect(unknown).toMatchObject({ target: { state: "unknown" }, gaps: ["objects of kind Database cannot be looked into"] });
});

test("a Pod is its own only pod, a Node has none", async () => {
  const pod = await collected(healthy, { apiVersion: "v1", kind: "Pod", namespace: "shop", name: "web-6c8d5f9b7-abcd0" });
  expect(pod.pods.map(({ name }) => name)).toEqual(["web-6c8d5f9b7-abcd0"]);
  expect(pod.revisions).toEqual([]);
  const node = await collected(healthy, { apiVersion: "v1", kind: "Node", name: "node-1" });
  expect(node).toMatchObject({ target: { state: "found", conditions: [{ type: "Ready" }, { type: "MemoryPressure" }] }, pods: [] });
});

test("a StatefulSet and its pods are found by selector and owner", async () => {
  const scene: Scene = { ...healthy, statefulSet: true };
  const evidence = await collected(scene, { ...target, kind: "StatefulSet" });
  expect(evidence.pods.map(({ name }) => name)).toEqual(["web-0", "web-1"]);
  expect(evidence.target.replicas).toEqual({ desired: 2, current: 2, updated: 2, ready: 2, available: 2 });
});

test("a thousand pods stay within bounds, and what is left out is said", async () => {
  const [revision] = healthy.revisions as [RevisionSketch];
  const pods = Array.from({ length: 1000 }, (_, index) => ({ created: 2000 - index, ...running(100) }));
  const evidence = await collected({ ...healthy, revisions: [{ ...revision, pods }] });
  expect(evidence.pods).toHaveLength(bounds.pods);
  expect(evidence.pods.at(-1)?.createdAt).toBe("2027-03-01T13:43:19Z");
  expect(evidence.gaps).toEqual(["950 of 1000 pods were left out"]);
});

test("a ReplicaSet that is used again counts from its oldest pod, not from its first use", async () => {
  const [old, bad] = crashAfterRelease.revisions as [RevisionSketch, RevisionSketch];
  const evidence = await collected({ ...crashAfterRelease, revisions: [old, { ...bad, reused: true }] });
  expect(evidence.revisions[0]?.releasedAt).toBe("2027-03-01T13:58:30Z");
});

describe("when a ConfigMap was edited", () => {
  test("is when its content changed, not when somebody labelled it", async () => {
    const evidence = await collected({ ...healthy, configMaps: [configMap("web-settings", 9000, 600)] });
    expect(evidence.configs[0]).toMatchObject({ editedAt: "2027-03-01T13:50:00Z", createdAt: "2027-03-01T11:30:00Z", keys: ["settings"] });
  });
  test("is not known of one that is missing", async () => {
    const evidence = await collected({ ...healthy, configMaps: [] });
    expect(evidence.configs).toEqual([{ name: "web-settings", readBy: ["web"], state: "missing", keys: [] }]);
  });
});

test("events of pods that are gone are kept where the workload made them, others are not", async () => {
  const about = (name: string, kind = "Pod") => ({ about: { kind, name }, reason: "BackOff", message: "m", first: 30 });
  const evidence = await collected({
    ...healthy,
    events: [about("web-6c8d5f9b7-zzzz9"), about("web-6c8d5f9b7-api-xyz12"), about("other-6c8d5f9b7-abcd0"), about("web", "Deployment")],
  });
  expect(evidence.events.map(({ object }) => object)).toEqual(["Pod shop/web-6c8d5f9b7-zzzz9", "Deployment shop/web"]);
});
