// What is reported as wrong, and what is not: one line for each kind of symptom and for what is mistaken for it.
import { describe, expect, test } from "vitest";
import type { Reference } from "#api/fields.ts";
import type { KubeObject } from "#api/object.ts";
import { symptomsOf } from "#diagnosis/symptoms.ts";
import { createView } from "#diagnosis/view.ts";
import type { Evidence } from "#evidence/evidence.ts";
import { containerStatus, crashed, deployment, evidence, failing, objects, podsOf, type PodSketch } from "#test/evidence-sketch.ts";

const symptomsIn = (parts: Partial<Evidence>): string[] =>
  symptomsOf(createView(evidence(parts))).map(({ kind, object, text }) => `${kind} ${object.kind} ${object.name}: ${text}`);
const web = deployment("web");
const target: Reference = { apiVersion: "apps/v1", kind: "Deployment", namespace: "shop", name: "web" };
const symptomsOfPod = (pod: PodSketch): string[] => symptomsIn({ objects: [web, ...podsOf(web, pod)] });
const conditions = (ready: object, scheduled: object = { status: "True" }): PodSketch["status"] => ({
  conditions: [
    { type: "PodScheduled", status: "True", ...scheduled },
    { type: "Ready", status: "True", ...ready },
  ],
});

describe("of a workload's pods", () => {
  const runs = { running: { startedAt: "2027-03-01T13:59:00Z" } };
  const ended = (exitCode: number, finishedAt: string) => ({
    terminated: { exitCode, reason: exitCode === 0 ? "Completed" : "Error", startedAt: "2027-03-01T13:00:00Z", finishedAt },
  });

  test.each<[string, PodSketch, string[]]>([
    ["nothing of one that runs", {}, []],
    [
      "that a node is wanting, in the scheduler's words",
      { spec: { nodeName: undefined } as never, status: conditions({}, { status: "False", message: "0/2 nodes are available" }) },
      ["PodNotScheduled Deployment web: 0/2 nodes are available"],
    ],
    [
      "that a node is wanting, where the scheduler says no more",
      { spec: { nodeName: undefined } as never, status: conditions({}, { status: "False" }) },
      ["PodNotScheduled Deployment web: not scheduled"],
    ],
    ["why a container waits", failing(crashed("web", 1)), ["ContainerFails Deployment web: CrashLoopBackOff"]],
    [
      "nothing of a failure while it is still being made but that it is not ready",
      failing(containerStatus("web", { waiting: { reason: "ContainerCreating" } })),
      ["PodNotReady Deployment web: not ready"],
    ],
    [
      "that it ended with an error",
      failing(containerStatus("web", ended(1, "2027-03-01T13:59:50Z"))),
      ["ContainerFails Deployment web: Error"],
    ],
    [
      "that it restarts, where it runs at this moment and is not ready",
      failing(containerStatus("web", runs, { restartCount: 3, lastState: ended(1, "2027-03-01T13:59:00Z") })),
      ["ContainerFails Deployment web: restarts"],
    ],
    [
      "that it restarts, where it is ready and failed a short while ago",
      {
        status: {
          containerStatuses: [containerStatus("web", runs, { ready: true, restartCount: 1, lastState: ended(1, "2027-03-01T13:59:00Z") })],
        },
      },
      ["ContainerFails Deployment web: restarts"],
    ],
    [
      "nothing of a failure of yesterday",
      {
        status: {
          containerStatuses: [containerStatus("web", runs, { ready: true, restartCount: 1, lastState: ended(1, "2027-02-28T13:59:00Z") })],
        },
      },
      [],
    ],
    [
      "nothing of a run that ended well",
      {
        status: {
          containerStatuses: [containerStatus("web", runs, { ready: true, restartCount: 1, lastState: ended(0, "2027-03-01T13:59:00Z") })],
        },
      },
      [],
    ],
    [
      "that it runs and is not ready, in the kubelet's words",
      { status: conditions({ status: "False", message: "containers with unready status: [web]" }) },
      ["PodNotReady Deployment web: containers with unready status: [web]"],
    ],
    ["nothing of one that is being deleted", { deletionTimestamp: "2027-03-01T13:59:50Z", ...failing(crashed("web", 1)) }, []],
  ])("%s", (_, pod, expected) => {
    expect(symptomsOfPod(pod)).toEqual(expected);
  });

  test("how many are missing", () => {
    const wanted = deployment("web", {}, { spec: { replicas: 3 } });
    expect(symptomsIn({ objects: [wanted, ...podsOf(wanted, {})] })).toEqual(["PodsMissing Deployment web: 1 of 3 pods exist"]);
  });

  test("forty of one workload are one symptom", () => {
    const pods = podsOf(web, ...Array.from({ length: 40 }, () => failing(crashed("web", 1))));
    expect(symptomsIn({ objects: [web, ...pods] })).toEqual(["ContainerFails Deployment web: CrashLoopBackOff"]);
  });
});

describe("of latency", () => {
  const slow = (value: number, usual?: number): string[] =>
    symptomsIn({
      objects: [web, ...podsOf(web, {})],
      metrics: [{ object: target, name: "request_latency_seconds_p99", value, ...(usual === undefined ? {} : { usual }) }],
    });
  test.each<[string, number, number | undefined, string[]]>([
    ["several times the usual", 0.4, 0.1, ["Slow Deployment web: request_latency_seconds_p99 0.400, usually 0.100"]],
    ["twice the usual", 0.2, 0.1, []],
    ["many times the usual, and still nothing that anybody notices", 0.015, 0.001, []],
    ["what is usual is not known", 3, undefined, []],
  ])("%s", (_, value, usual, expected) => {
    expect(slow(value, usual)).toEqual(expected);
  });
});

describe("of a Service", () => {
  const service = (spec: string): KubeObject[] => objects(`{ apiVersion: v1, kind: Service, metadata: { name: web }, spec: ${spec} }`);
  const ports = "ports: [{ port: 80 }]";
  const attempt = (result: "open" | "refused" | "unknown") => ({
    namespace: "shop",
    service: "web",
    port: 80,
    result,
    text: `port 80: ${result}`,
  });
  const pods = [web, ...podsOf(web, {})];

  test.each<[string, Partial<Evidence>, string[]]>([
    ["with a ready pod", { objects: [...pods, ...service(`{ selector: { app: web }, ${ports} }`)] }, []],
    [
      "that selects nothing",
      { objects: [...pods, ...service(`{ selector: { app: api }, ${ports} }`)] },
      ["ServiceWithoutEndpoints Service web: no ready pod is behind it"],
    ],
    ["without a selector, whose endpoints another writer sets", { objects: service(`{ ${ports} }`) }, []],
    ["that is a name elsewhere", { objects: service("{ type: ExternalName, externalName: example.com, selector: { app: api } }") }, []],
    [
      "that refuses though its pod is ready",
      { objects: [...pods, ...service(`{ selector: { app: web }, ${ports} }`)], connections: [attempt("open"), attempt("refused")] },
      ["ServiceUnreachable Service web: port 80: refused"],
    ],
    [
      "of which it is not known whether it answers",
      { objects: [...pods, ...service(`{ selector: { app: web }, ${ports} }`)], connections: [attempt("unknown")] },
      [],
    ],
  ])("%s", (_, parts, expected) => {
    expect(symptomsIn(parts)).toEqual(expected);
  });
});

test.each<[string, string, string[]]>([
  [
    "a node that is ready",
    "{ apiVersion: v1, kind: Node, metadata: { name: n1 }, status: { conditions: [{ type: Ready, status: 'True' }] } }",
    [],
  ],
  ["a node that says nothing yet", "{ apiVersion: v1, kind: Node, metadata: { name: n1 } }", []],
  [
    "a node whose kubelet is silent",
    "{ apiVersion: v1, kind: Node, metadata: { name: n1 }, status: { conditions: [{ type: Ready, status: Unknown, message: Kubelet stopped posting node status. }] } }",
    ["NodeNotReady Node n1: Kubelet stopped posting node status."],
  ],
  [
    "a node with a reason only",
    "{ apiVersion: v1, kind: Node, metadata: { name: n1 }, status: { conditions: [{ type: Ready, status: 'False', reason: KubeletNotReady }] } }",
    ["NodeNotReady Node n1: KubeletNotReady"],
  ],
  [
    "a node with neither",
    "{ apiVersion: v1, kind: Node, metadata: { name: n1 }, status: { conditions: [{ type: Ready, status: 'False' }] } }",
    ["NodeNotReady Node n1: not ready"],
  ],
  [
    "a claim that is bound",
    "{ apiVersion: v1, kind: PersistentVolumeClaim, metadata: { name: data }, spec: {}, status: { phase: Bound } }",
    [],
  ],
  [
    "a claim that waits",
    "{ apiVersion: v1, kind: PersistentVolumeClaim, metadata: { name: data }, spec: {}, status: { phase: Pending } }",
    ["ClaimPending PersistentVolumeClaim data: phase Pending"],
  ],
  [
    "a claim that lost its volume",
    "{ apiVersion: v1, kind: PersistentVolumeClaim, metadata: { name: data }, spec: {}, status: { phase: Lost } }",
    ["ClaimPending PersistentVolumeClaim data: phase Lost"],
  ],
])("of %s", (_, yaml, expected) => {
  expect(symptomsIn({ objects: objects(yaml) })).toEqual(expected);
});

test.each<[string, object, string[]]>([
  ["that runs", { active: 1 }, []],
  ["that is complete", { conditions: [{ type: "Complete", status: "True" }] }, []],
  ["that is not failed any more", { conditions: [{ type: "Failed", status: "False" }] }, []],
  [
    "that has failed, in the Job controller's words",
    {
      conditions: [
        { type: "Failed", status: "True", reason: "BackoffLimitExceeded", message: "Job has reached the specified backoff limit" },
      ],
    },
    ["JobFailed Job nightly: Job has reached the specified backoff limit"],
  ],
  [
    "that has failed, by its reason",
    { conditions: [{ type: "Failed", status: "True", reason: "DeadlineExceeded" }] },
    ["JobFailed Job nightly: DeadlineExceeded"],
  ],
  ["that has failed, without a reason", { conditions: [{ type: "Failed", status: "True" }] }, ["JobFailed Job nightly: failed"]],
])("of a Job %s", (_, status, expected) => {
  const template = "{ metadata: {}, spec: { containers: [{ name: c, image: i }] } }";
  const job = `{ apiVersion: batch/v1, kind: Job, metadata: { name: nightly }, spec: { template: ${template} }, status: ${JSON.stringify(status)} }`;
  expect(symptomsIn({ objects: objects(job) })).toEqual(expected);
});

test("of the cluster's own programs only what is down, and on which node", () => {
  const component = (state: "running" | "stopped" | "failing" | "unknown", node?: string) => ({
    component: "kubelet",
    state,
    text: state,
    ...(node === undefined ? {} : { node }),
  });
  expect(
    symptomsIn({ components: [component("running", "n1"), component("stopped", "n2"), component("failing"), component("unknown", "n3")] }),
  ).toEqual(["ComponentDown Node n2: kubelet: stopped", "ComponentDown Node kubelet: kubelet: failing"]);
});
