// A StatefulSet whose template was corrected while a pod of the faulty revision failed: which pod has to be deleted, and who would do it anyway.
import { describe, expect, test } from "vitest";
import type { StatefulSet } from "#api/kubernetes.ts";
import type { KubeObject } from "#api/object.ts";
import { supersededPodStuck } from "#diagnosis/causes/superseded-pod-stuck.ts";
import { diagnoseCluster } from "#diagnosis/diagnose.ts";
import { answers, containerStatus, crashed, evidence, failing, objects, podsOf, type PodSketch } from "#test/evidence-sketch.ts";

const set = (spec = "", kind = "StatefulSet"): KubeObject =>
  objects(`
apiVersion: apps/v1
kind: ${kind}
metadata: { name: db, generation: 3 }
spec: { replicas: 2, selector: { matchLabels: { app: db } }, ${spec} template: { metadata: { labels: { app: db } }, spec: { containers: [{ name: db, image: "testbed.local/busybox:1" }] } } }
status: { observedGeneration: 3, replicas: 2, desiredNumberScheduled: 2, currentRevision: db-good, updateRevision: db-good }
`)[0] as KubeObject;
const revisions = (kind = "StatefulSet"): KubeObject[] =>
  objects(`
{ apiVersion: apps/v1, kind: ControllerRevision, metadata: { name: db-good, labels: { controller-revision-hash: db-good }, ownerReferences: [{ apiVersion: apps/v1, kind: ${kind}, name: db, uid: uid-${kind}-shop-db }] }, revision: 3 }
---
{ apiVersion: apps/v1, kind: ControllerRevision, metadata: { name: db-bad, labels: { controller-revision-hash: db-bad }, ownerReferences: [{ apiVersion: apps/v1, kind: ${kind}, name: db, uid: uid-${kind}-shop-db }] }, revision: 2 }
`);
const wrong = "testbed.local/busybox:9.9.9";
const pod = (revision: string, more: PodSketch = {}): PodSketch => ({
  labels: { app: "db", "controller-revision-hash": revision },
  ...more,
});
const waits = containerStatus(
  "db",
  {
    waiting: { reason: "ErrImagePull", message: `failed to pull and unpack image "${wrong}": not found` },
  },
  { image: wrong },
);
const unpullable = pod("db-bad", { ...failing(waits), spec: { containers: [{ name: "db", image: wrong }] } });
const crashing = pod("db-bad", failing(crashed("db", 1)));
const world = (owner: KubeObject, ...pods: PodSketch[]): KubeObject[] => [owner, ...revisions(owner.kind), ...podsOf(owner, ...pods)];

test("the image is the pod's, the pod that has to go is named, and restart_pod replaces it", () => {
  const { findings } = diagnoseCluster(evidence({ objects: world(set(), pod("db-good"), unpullable) }));
  expect(findings.map(({ code }) => code)).toEqual(["SupersededPodStuck"]);
  const [finding] = findings;
  expect(finding?.summary).toBe(
    "Pod shop/db-1 of StatefulSet shop/db still runs revision 2 (image testbed.local/busybox:9.9.9) and fails; the template is already at revision 3 (image testbed.local/busybox:1). A StatefulSet does not replace a pod that is not ready: it waits for it.",
  );
  expect(finding?.advice).toMatchObject({
    remedies: [{ action: "restart_pod", target: { kind: "Pod", namespace: "shop", name: "db-1" }, parameters: {} }],
    otherwise: "delete the pod: kubectl -n shop delete pod db-1",
  });
});

describe.each([
  ["waits for its image", unpullable],
  ["crashes", crashing],
])("a pod that %s", (_, stuck) => {
  test.each<[string, readonly KubeObject[]]>([
    ["a StatefulSet replaces its pods in order", world(set(), pod("db-good"), stuck)],
    ["pods are only replaced after they were deleted", world(set("updateStrategy: { type: OnDelete },"), pod("db-good"), stuck)],
    ["the same holds for a DaemonSet", world(set("updateStrategy: { type: OnDelete },", "DaemonSet"), pod("db-good"), stuck)],
    ["no other pod was made yet", world(set(), stuck)],
  ])("stays where %s", (__, all) => {
    expect(answers(supersededPodStuck, { objects: [...all] })).toEqual([
      expect.stringMatching(/^SupersededPodStuck \w+ db → restart_pod$/),
    ]);
  });

  test.each<[string, readonly KubeObject[]]>([
    ["pods are replaced all at once", world(set("podManagementPolicy: Parallel,"), pod("db-good"), stuck)],
    ["a DaemonSet replaces pods that are not ready first", world(set("", "DaemonSet"), pod("db-good"), stuck)],
    [
      "it is below the partition",
      world(set("updateStrategy: { type: RollingUpdate, rollingUpdate: { partition: 2 } },"), pod("db-good"), stuck),
    ],
    ["the newest revision fails, too", world(set(), pod("db-good", failing(crashed("db", 1))), stuck)],
    ["it is of the newest revision", world(set(), pod("db-good"), { ...stuck, labels: pod("db-good").labels ?? {} })],
  ])("is not this where %s", (__, all) => {
    expect(answers(supersededPodStuck, { objects: [...all] })).toEqual([]);
  });
});

test("of several the one with the lowest number goes first: the controller waits for it", () => {
  const owner = set();
  (owner as StatefulSet).spec.replicas = 3;
  const { findings } = diagnoseCluster(evidence({ objects: world(owner, pod("db-good"), unpullable, unpullable) }));
  expect(findings[0]?.advice).toMatchObject({ remedies: [{ target: { name: "db-1" } }] });
});
