// Causes of pods without a node, on sketches: each with its nearest neighbour and with what contradicts it.
import { describe, expect, test } from "vitest";
import type { Cause } from "#diagnosis/cause.ts";
import type { Deployment, Pod } from "#api/kubernetes.ts";
import type { KubeObject } from "#api/object.ts";
import type { Evidence } from "#evidence/evidence.ts";
import { capacityInsufficient } from "#diagnosis/causes/capacity-insufficient.ts";
import { schedulerDown } from "#diagnosis/causes/scheduler-down.ts";
import {
  antiAffinityConflict,
  nodeAffinityMatchesNothing,
  nodeCordoned,
  nodeSelectorMatchesNothing,
  taintNotTolerated,
} from "#diagnosis/causes/unscheduled-pods.ts";
import { createView } from "#diagnosis/view.ts";
import { evidence, objects, podsOf } from "#test/evidence-sketch.ts";

const all: readonly Cause[] = [
  antiAffinityConflict,
  capacityInsufficient,
  nodeCordoned,
  nodeAffinityMatchesNothing,
  nodeSelectorMatchesNothing,
  schedulerDown,
  taintNotTolerated,
];

const foundIn = (given: Evidence): string[] =>
  all.flatMap((cause) =>
    cause
      .find(createView(given))
      .flatMap((each) =>
        "found" in each
          ? [
              `${each.found.code}${each.found.detail === undefined ? "" : ` ${Object.values(each.found.detail).join()}`} ${each.found.object.kind}/${each.found.object.name}`,
            ]
          : [],
      ),
  );

const node = (name: string, more: { labels?: Record<string, string>; cordoned?: true; taint?: string } = {}): KubeObject =>
  ({
    apiVersion: "v1",
    kind: "Node",
    metadata: { name, uid: name, resourceVersion: "1", creationTimestamp: "2027-01-01T00:00:00Z", labels: more.labels ?? {} },
    spec: {
      ...(more.cordoned ? { unschedulable: true } : {}),
      taints: [
        ...(more.cordoned ? [{ key: "node.kubernetes.io/unschedulable", effect: "NoSchedule" }] : []),
        ...(more.taint === undefined ? [] : [{ key: more.taint, value: "yes", effect: "NoSchedule" }]),
      ],
    },
    status: { allocatable: { cpu: "4", memory: "8Gi" }, conditions: [{ type: "Ready", status: "True" }] },
  }) as KubeObject;
const controlPlane = node("cp", { labels: { "node-role.kubernetes.io/control-plane": "" }, cordoned: true });

const web = (spec = ""): Deployment =>
  objects(`
apiVersion: apps/v1
kind: Deployment
metadata: { name: web }
spec:
  replicas: 1
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec:
      containers: [{ name: main, image: web:1, resources: { requests: { cpu: "6", memory: 1Gi } } }]
${spec}
`)[0] as Deployment;

const waiting = (
  deployment: Deployment,
  message: string | undefined,
  nodes: readonly KubeObject[],
  more: Partial<Evidence> = {},
): Evidence => {
  const conditions = message === undefined ? [] : [{ type: "PodScheduled", status: "False", reason: "Unschedulable", message }];
  const status: Pod["status"] & object = { phase: "Pending", conditions, containerStatuses: [] };
  const made = podsOf(deployment, { status }).map((object) => {
    if (object.kind !== "Pod") return object;
    const { nodeName: _, ...spec } = (object as Pod).spec;
    return { ...object, spec } as Pod;
  });
  return evidence({ objects: [deployment, ...made, ...nodes], ...more });
};

describe("a nodeSelector that no node matches", () => {
  const selector = web("      nodeSelector: { disk: ssd }");
  const message =
    "0/3 nodes are available: 1 node(s) were unschedulable, 2 node(s) didn't match Pod's node affinity/selector. preemption: 0/3 nodes are available.";
  test("is found of the workload", () => {
    expect(foundIn(waiting(selector, message, [controlPlane, node("a"), node("b")]))).toEqual([
      "NodeSelectorMatchesNothing Deployment/web",
    ]);
  });
  test("also where all nodes are cordoned or tainted, so that the scheduler says nothing of the selector", () => {
    const silent = "0/2 nodes are available: 1 node(s) were unschedulable, 1 node(s) had untolerated taint {dedicated: yes}.";
    const nodes = [node("a", { cordoned: true }), node("b", { taint: "dedicated" })];
    expect(foundIn(waiting(selector, silent, nodes))).toEqual(["NodeSelectorMatchesNothing Deployment/web"]);
    // Without the constraint it is the taint of the nodes.
    expect(foundIn(waiting(web(), silent, nodes))).not.toContain("NodeSelectorMatchesNothing Deployment/web");
    const met = [node("a", { cordoned: true, labels: { disk: "ssd" } }), node("b", { taint: "dedicated" })];
    expect(foundIn(waiting(selector, silent, met))).toEqual(["NodeCordoned Node/a"]);
  });
  test("also where only the control plane, which is kept free, has the label", () => {
    const labelled = node("cp", { labels: { "node-role.kubernetes.io/control-plane": "", disk: "ssd" }, cordoned: true });
    expect(foundIn(waiting(selector, message, [labelled, node("a"), node("b")]))).toEqual(["NodeSelectorMatchesNothing Deployment/web"]);
  });
  test("not where the affinity is what matches none", () => {
    const both = web(`      nodeSelector: { disk: ssd }
      affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchExpressions: [{ key: zone, operator: In, values: [x] }] }] } } }`);
    expect(foundIn(waiting(both, message, [node("a", { labels: { disk: "ssd" } }), node("b")]))).toEqual([
      "NodeAffinityMatchesNothing Deployment/web",
    ]);
  });
  test("not where a node matches and is cordoned: then the cordon is at fault", () => {
    expect(foundIn(waiting(selector, message, [node("a", { labels: { disk: "ssd" }, cordoned: true }), node("b")]))).toEqual([
      "NodeCordoned Node/a",
    ]);
  });
  test("not where the pod has a node by now", () => {
    expect(foundIn(evidence({ objects: [selector, ...podsOf(selector, {}), node("a")] }))).toEqual([]);
  });
});

describe("a cordoned node", () => {
  test("counts where all nodes of the pod are cordoned", () => {
    const message = "0/2 nodes are available: 2 node(s) were unschedulable.";
    expect(foundIn(waiting(web(), message, [node("a", { cordoned: true }), controlPlane]))).toEqual(["NodeCordoned Node/a"]);
  });
  test("does not count where most nodes are full instead", () => {
    const message = "0/3 nodes are available: 1 node(s) were unschedulable, 2 Insufficient cpu.";
    expect(foundIn(waiting(web(), message, [controlPlane, node("a"), node("b")]))).toEqual(["CapacityInsufficient cpu Deployment/web"]);
  });
  test("does not count where the scheduler says nothing of cordons", () => {
    expect(foundIn(waiting(web(), "0/2 nodes are available: 2 Too many pods.", [node("a", { cordoned: true })]))).toEqual([]);
  });
});

describe("a taint", () => {
  const message = "0/3 nodes are available: 1 node(s) were unschedulable, 2 node(s) had untolerated taint {dedicated: yes}.";
  const nodes = [controlPlane, node("a", { taint: "dedicated" }), node("b", { taint: "dedicated" })];
  test("is found where most nodes have it and the pod does not tolerate it", () => {
    expect(foundIn(waiting(web(), message, nodes))).toEqual(["TaintNotTolerated Deployment/web"]);
  });
  test("is found where the one node that the pod asks for has it", () => {
    const mixed =
      "0/3 nodes are available: 1 node(s) had untolerated taint {dedicated: yes}, 2 node(s) didn't match Pod's node affinity/selector.";
    const wanted = node("a", { taint: "dedicated", labels: { disk: "ssd" } });
    expect(foundIn(waiting(web("      nodeSelector: { disk: ssd }"), mixed, [wanted, node("b"), node("c")]))).toEqual([
      "TaintNotTolerated Deployment/web",
    ]);
  });
  test("is not found where the pod tolerates it", () => {
    const tolerant = web("      tolerations: [{ key: dedicated, operator: Exists }]");
    expect(foundIn(waiting(tolerant, message, nodes))).toEqual([]);
  });
  test("is not found where it only says that a node is not well", () => {
    const sick = [node("a", { taint: "node.kubernetes.io/not-ready" })];
    expect(
      foundIn(waiting(web(), "0/1 nodes are available: 1 node(s) had untolerated taint {node.kubernetes.io/not-ready: }.", sick)),
    ).toEqual([]);
  });
});

describe("anti-affinity", () => {
  const rule = web(
    "      affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [{ labelSelector: { matchLabels: { app: web } }, topologyKey: kubernetes.io/hostname }] } }",
  );
  test("is found where it keeps the pod out of most nodes", () => {
    const message = "0/3 nodes are available: 1 node(s) were unschedulable, 2 node(s) didn't match pod anti-affinity rules.";
    expect(foundIn(waiting(rule, message, [controlPlane, node("a"), node("b")]))).toEqual(["AntiAffinityConflict Deployment/web"]);
  });
  test("is not found where most nodes are full", () => {
    const message = "0/4 nodes are available: 1 node(s) didn't match pod anti-affinity rules, 3 Insufficient memory.";
    expect(foundIn(waiting(rule, message, [node("a"), node("b"), node("c"), node("d")]))).toEqual([
      "CapacityInsufficient memory Deployment/web",
    ]);
  });
  test("is not found where the scheduler does not speak of it", () => {
    expect(foundIn(waiting(rule, "0/1 nodes are available: 1 Too many pods.", [node("a")]))).toEqual([]);
  });
});

describe("capacity", () => {
  test("what preemption could do is not counted twice", () => {
    const message = "0/2 nodes are available: 2 Insufficient memory. preemption: 0/2 nodes are available: 2 Insufficient cpu.";
    expect(foundIn(waiting(web(), message, [node("a"), node("b")]))).toEqual(["CapacityInsufficient memory Deployment/web"]);
  });
  test("is not found of pods that are being deleted", () => {
    const given = waiting(web(), "0/1 nodes are available: 1 Insufficient cpu.", [node("a")]);
    const ending = given.objects.map((object) =>
      object.kind === "Pod" ? { ...object, metadata: { ...object.metadata, deletionTimestamp: "2027-03-01T13:59:59Z" } } : object,
    );
    expect(foundIn({ ...given, objects: ending })).toEqual([]);
  });
});

describe("a scheduler that is down", () => {
  test("is found where pods wait without a word, and its state was seen", () => {
    const components: Evidence["components"] = [{ component: "kube-scheduler", node: "cp", state: "stopped", text: "inactive (dead)" }];
    expect(foundIn(waiting(web(), undefined, [node("a")], { components }))).toEqual(["SchedulerDown Node/cp"]);
  });
  test("is found where its state was not read and pods wait without a word", () => {
    expect(foundIn(waiting(web(), undefined, [node("a")]))).toEqual(["SchedulerDown Lease/kube-scheduler"]);
  });
  test("is not found where it says why pods wait", () => {
    expect(foundIn(waiting(web(), "0/1 nodes are available: 1 Insufficient cpu.", [node("a")]))).toEqual([
      "CapacityInsufficient cpu Deployment/web",
    ]);
  });
  test("is not found where it is seen to run", () => {
    const components: Evidence["components"] = [{ component: "kube-scheduler", node: "cp", state: "running", text: "active (running)" }];
    expect(foundIn(waiting(web(), undefined, [node("a")], { components }))).toEqual([]);
  });
});
