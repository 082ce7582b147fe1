import { expect, test } from "vitest";
import type { KubeObject } from "#api/object.ts";
import { storageExceeded } from "#diagnosis/causes/storage-exceeded.ts";
import { diagnoseCluster } from "#diagnosis/diagnose.ts";
import { answers, crashed, deployment, evidence, failing, podsOf } from "#test/evidence-sketch.ts";

const web = deployment("web");
const logs = [
  {
    namespace: "shop",
    pod: "web-7d9c5b8f6-bx2z4",
    container: "web",
    run: "previous" as const,
    text: "write /data/queue.db: No space left on device\n",
  },
];

test("a failing program whose volume is full", () => {
  expect(answers(storageExceeded, { objects: [web, ...podsOf(web, failing(crashed("web", 1)))], logs })).toEqual([
    "StorageExceeded Deployment web → person",
  ]);
});

test("a pod evicted for its own emptyDir", () => {
  const pods = podsOf(web, {
    status: { phase: "Failed", reason: "Evicted", message: 'Usage of EmptyDir volume "cache" exceeds the limit "10Mi".' },
  });
  expect(answers(storageExceeded, { objects: [web, ...pods] })).toEqual(["StorageExceeded Deployment web → person"]);
});

test("a pod evicted because its node was low is the node's trouble", () => {
  const pods = podsOf(web, { status: { phase: "Failed", reason: "Evicted", message: "The node was low on resource: memory." } });
  expect(answers(storageExceeded, { objects: [web, ...pods] })).toEqual([]);
});

test("a release that makes the file system read-only is one finding, the release that can be undone", () => {
  const readOnly = deployment("web", { securityContext: { readOnlyRootFilesystem: true } });
  const [set, pod] = podsOf(readOnly, failing(crashed("web", 1)));
  const creationTimestamp = "2027-03-01T13:57:00Z";
  const newer = { ...set!, metadata: { ...set!.metadata, creationTimestamp, annotations: { "deployment.kubernetes.io/revision": "2" } } };
  const [old] = podsOf(web) as [KubeObject];
  const older = { ...old, metadata: { ...old.metadata, name: "web-5d9c", uid: "old", creationTimestamp: "2027-03-01T12:00:00Z" } };
  const says = [{ ...logs[0]!, text: "open /data/queue.db: read-only file system" }];
  const { findings } = diagnoseCluster(evidence({ objects: [readOnly, older, newer, pod!], logs: says }));
  expect(findings.map(({ code }) => code)).toEqual(["ReleaseCrashes"]);
  expect(diagnoseCluster(evidence({ objects: [readOnly, newer, pod!], logs: says })).findings.map(({ code }) => code)).toEqual([
    "FileSystemReadOnly",
  ]);
});

test("a program that runs well contradicts an old line in its log", () => {
  expect(answers(storageExceeded, { objects: [web, ...podsOf(web, {})], logs })).toEqual([]);
});
