// What the caches keep: little of any object, whatever it holds, and nothing that stops them.
import { expect, test } from "vitest";
import type { Pod } from "#api/kubernetes.ts";
import type { KubeObject } from "#api/object.ts";
import * as views from "#cluster/cached-kinds.ts";
import type { View } from "#kube/caches.ts";
import { cached } from "#test/cached.ts";
import { largePod } from "#test/large-pod.ts";

const sizeOf = (object: unknown): number => JSON.stringify(object).length;
const large = "x".repeat(100_000);
/** The fields that an account with the right to create pods can fill with text. */
const hostile = (pod: Pod): Pod => ({
  ...pod,
  metadata: {
    ...pod.metadata,
    labels: { large },
    annotations: { large },
    finalizers: [large],
    ownerReferences: [...(pod.metadata.ownerReferences ?? []), { apiVersion: "v1", kind: "ConfigMap", name: large, uid: large }],
  },
  spec: { ...pod.spec, schedulerName: large },
  status: {
    ...pod.status,
    message: large,
    containerStatuses: (pod.status?.containerStatuses ?? []).map((each) => ({
      ...each,
      state: { terminated: { exitCode: 1, reason: "Error", message: large } },
    })),
  },
});

test("of 20,000 pods of the usual size the caches hold less than 32 MiB of text", () => {
  const pod = largePod(1);
  expect(sizeOf(pod)).toBeGreaterThan(11_000);
  expect(sizeOf(cached(views.CachedPods, pod)) * 20_000).toBeLessThan(32 * 1024 * 1024);
});

test("text that a tenant may write into a pod is not held", () => {
  const pod = largePod(1);
  expect(sizeOf(cached(views.CachedPods, hostile(pod)))).toBeLessThan(sizeOf(cached(views.CachedPods, pod)) + 200);
});

test("what controllers read of a pod is held", () => {
  expect(cached(views.CachedPods, largePod(7))).toMatchObject({
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: expect.stringContaining("7") as string, ownerReferences: [{ kind: "ReplicaSet", controller: true }] },
    spec: { nodeName: expect.any(String) as string },
    status: {
      phase: "Running",
      conditions: [
        { type: "Ready", status: "True" },
        { type: "PodScheduled", status: "True" },
      ],
    },
  });
});

const each = Object.entries(views as unknown as Readonly<Record<string, View>>);
const metadata = { name: "odd", uid: "u", resourceVersion: "1", creationTimestamp: "2030-01-01T00:00:00Z" };
test.each(each)("an object of %s that has only metadata does not stop the cache", (_, view) => {
  for (const rest of [{}, { spec: {}, status: {} }])
    expect(cached(view, { apiVersion: "v1", kind: view.kind, metadata, ...rest } as KubeObject).metadata).toMatchObject({
      name: "odd",
      uid: "u",
    });
});
