// What a step affects, from its changes and the workload as it is.
import { expect, test } from "vitest";
import type { Change } from "#api/change.ts";
import type { KubeObject } from "#api/object.ts";
import { blastRadiusOf } from "#actions/blast-radius.ts";
import { referenceOf } from "#actions/change.ts";
import { deployment } from "#test/action-samples.ts";

const web = deployment({ replicas: 4 });
const none = deployment({ replicas: 0 });
const patch = (object: KubeObject, path: string, value: string | number = "x"): Change => ({
  type: "patch",
  object: referenceOf(object),
  uid: object.metadata.uid,
  operations: [
    { op: "test", path: "/spec/template/metadata/labels/app", value: "web" },
    { op: "replace", path, value },
  ],
});
const pod = { apiVersion: "v1", kind: "Pod", metadata: { ...web.metadata, name: "web-1", uid: "p" } } as KubeObject;
const evict: Change = { type: "evict", object: referenceOf(pod), uid: "p" };
const daemons = { ...web, kind: "DaemonSet", status: { desiredNumberScheduled: 7 } } as unknown as KubeObject;
const config = { apiVersion: "v1", kind: "ConfigMap", metadata: web.metadata } as KubeObject;

test.each<[string, readonly Change[], KubeObject | undefined, number, object]>([
  [
    "another template replaces every pod",
    [patch(web, "/spec/template/spec/containers/0/image")],
    web,
    0,
    { objects: 1, pods: 4, percent: 100 },
  ],
  ["a rollout that goes on replaces every pod", [patch(web, "/spec/paused")], web, 0, { objects: 1, pods: 4, percent: 100 }],
  [
    "a DaemonSet has a pod on each of its nodes",
    [patch(daemons, "/spec/template/spec")],
    daemons,
    0,
    { objects: 1, pods: 7, percent: 100 },
  ],
  ["more replicas add pods", [patch(web, "/spec/replicas", 6)], web, 0, { objects: 1, pods: 2, percent: 50 }],
  ["fewer replicas remove pods", [patch(web, "/spec/replicas", 1)], web, 0, { objects: 1, pods: 3, percent: 75 }],
  ["the first replicas are all there are", [patch(none, "/spec/replicas", 2)], none, 0, { objects: 1, pods: 2, percent: 100 }],
  ["a workload without replicas loses none", [patch(none, "/spec/template/spec")], none, 0, { objects: 1, pods: 0, percent: 0 }],
  ["an eviction takes one pod of its siblings", [evict], pod, 3, { objects: 1, pods: 1, percent: 34 }],
  ["an eviction of a pod without siblings takes all", [evict], pod, 0, { objects: 1, pods: 1, percent: 100 }],
  ["other fields of a workload affect no pod", [patch(web, "/metadata/annotations/a")], web, 0, { objects: 1, pods: 0, percent: 0 }],
  ["a ConfigMap has no pods", [patch(config, "/data/a")], config, 0, { objects: 1, pods: 0, percent: 0 }],
  ["an object counts once", [patch(config, "/data/a"), patch(config, "/data/b")], config, 0, { objects: 1, pods: 0, percent: 0 }],
  [
    "a target that does not exist yet has none",
    [{ type: "create", object: referenceOf(config), content: {} }],
    undefined,
    0,
    { objects: 1, pods: 0, percent: 0 },
  ],
])("%s", (_name, changes, target, siblings, expected) => {
  expect(blastRadiusOf(changes, { target, siblings: Array.from({ length: siblings }, () => pod) as never })).toEqual(expected);
});
