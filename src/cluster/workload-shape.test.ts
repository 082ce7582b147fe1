// Replicas and pod templates of each kind of workload, read from fields of its own.
import { describe, expect, test } from "vitest";
import type { KubeObject } from "#api/object.ts";
import { isObserved, replicasOf, templateOf } from "#cluster/workload-shape.ts";

const meta = (name: string, more: object = {}) => ({
  name,
  uid: name,
  resourceVersion: "1",
  creationTimestamp: "",
  generation: 3,
  ...more,
});
const template = { metadata: { labels: { app: "web" } }, spec: { containers: [{ name: "web", image: "web:1" }] } };
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
      { isObserved: false, replicas: { desired: 1, ...none } },
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
    "a ReplicaSet runs one template": [
      object("ReplicaSet", { replicas: 2 }, { replicas: 2, readyReplicas: 1 }),
      { isObserved: false, replicas: { desired: 2, current: 2, updated: 2, ready: 1, available: 0 } },
    ],
  };
  test.each(Object.entries(table))("%s", (_name, [given, expected]) => {
    expect({ isObserved: isObserved(given), replicas: replicasOf(given) }).toMatchObject(expected);
  });
});

describe("the pod template", () => {
  const of = (kind: string, spec: object): KubeObject =>
    ({ apiVersion: "v1", kind, metadata: meta("web", { labels: { app: "web" } }), spec }) as KubeObject;
  test.each<[string, KubeObject, unknown]>([
    ["of a Pod is the pod itself", of("Pod", template.spec), template],
    ["of a CronJob is two levels down", of("CronJob", { jobTemplate: { spec: { template } } }), template],
    ["of a Job is in its spec", of("Job", { template }), template],
    ["of a Service is none", of("Service", {}), undefined],
  ])("%s", (_name, object, expected) => expect(templateOf(object)).toEqual(expected));
});
