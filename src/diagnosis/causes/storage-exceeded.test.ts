import { expect, test } from "vitest";
import { storageExceeded } from "#diagnosis/causes/storage-exceeded.ts";
import { answers, crashed, deployment, failing, podsOf } from "#test/evidence-sketch.ts";

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

test("a program that runs well contradicts an old line in its log", () => {
  expect(answers(storageExceeded, { objects: [web, ...podsOf(web, {})], logs })).toEqual([]);
});
