// Scheduling: where pods go, and in which words the scheduler says that there is no place.
import { expect } from "vitest";
import { type Body, ok } from "#test/contract/cluster.ts";
import { core, type Part } from "#test/contract/samples.ts";
import { createPod, podOf, runs, untilPod } from "#test/contract/workloads/told-containers.ts";
import {
  conditionOf,
  untilEvent,
  type WorkloadCase,
  type WorkloadCluster,
  type WorkloadTopic,
} from "#test/contract/workloads/workload-cluster.ts";

const isScheduled = (pod: Body): boolean => pod.spec["nodeName"] !== undefined;
const noClaims = "no new claims to deallocate,";
const notHelpful = `${noClaims} preemption: 0/2 nodes are available: 2 Preemption is not helpful for scheduling.`;
const noVictims = `${noClaims} preemption: 0/2 nodes are available: 2 No preemption victims found for incoming pod.`;

const on = (node: string): Part => ({ nodeSelector: { "kubernetes.io/hostname": node } });

/** A pod of which nothing comes, and what is said of it. */
const nowhere = (name: string, podFor: (namespace: string) => Part, message: string, prepare: Prepare = async () => {}): WorkloadCase => ({
  name,
  run: async (cluster, namespace) => {
    await prepare(cluster, namespace);
    await createPod(cluster, namespace, podFor(namespace));
    const pod = await untilPod(cluster, namespace, (object) => conditionOf(object, "PodScheduled")?.message === message);
    expect(conditionOf(pod, "PodScheduled")).toMatchObject({ status: "False", reason: "Unschedulable" });
    expect(pod.status).toMatchObject({ phase: "Pending" });
    const event = await untilEvent(cluster, namespace, { kind: "Pod", name: "a" }, "FailedScheduling", message);
    expect(event).toMatchObject({ type: "Warning", reportingComponent: "default-scheduler", action: "Scheduling" });
  },
});
type Prepare = (cluster: WorkloadCluster, namespace: string) => Promise<void>;

const placed = async (cluster: WorkloadCluster, namespace: string, name: string, node: string, pod: Part): Promise<void> => {
  await createPod(cluster, namespace, {
    ...pod,
    metadata: { ...(pod["metadata"] as Part), name },
    spec: { ...(pod["spec"] as Part), ...on(node) },
  });
  await untilPod(cluster, namespace, isScheduled, name);
};
const onBoth =
  (pod: Part): Prepare =>
  async (cluster, namespace) => {
    await placed(cluster, namespace, "first", "n1", pod);
    await placed(cluster, namespace, "second", "n2", pod);
  };

const asking = (requests: Part): Part => podOf(runs({ resources: { requests } }));
const withPort = (hostPort: number): Part => runs({ ports: [{ containerPort: 8080, hostPort }] });
const nodeAffinity = (operator: string, values: readonly string[]): Part => ({
  affinity: {
    nodeAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: {
        nodeSelectorTerms: [{ matchExpressions: [{ key: "kubernetes.io/hostname", operator, values }] }],
      },
    },
  },
});
const mounting = (claimName: string): Part => ({ volumes: [{ name: "data", persistentVolumeClaim: { claimName } }] });

export const scheduling: WorkloadTopic = {
  title: "Scheduling",
  cases: [
    {
      name: "a pod gets a node, and both the condition and an event say so",
      run: async (cluster, namespace) => {
        await createPod(cluster, namespace, podOf(runs()));
        const pod = await untilPod(cluster, namespace, isScheduled);
        expect(conditionOf(pod, "PodScheduled")).toMatchObject({ status: "True" });
        const node = String(pod.spec["nodeName"]);
        const event = await untilEvent(cluster, namespace, { kind: "Pod", name: "a" }, "Scheduled");
        expect(event).toMatchObject({
          type: "Normal",
          message: `Successfully assigned ${namespace}/a to ${node}`,
          action: "Binding",
          reportingComponent: "default-scheduler",
          source: {},
        });
        expect(event).toHaveProperty("eventTime", expect.stringMatching(/\.\d{6}Z$/));
      },
    },
    {
      name: "a pod that names its node asks no scheduler",
      run: async (cluster, namespace) => {
        await createPod(cluster, namespace, podOf(runs(), { nodeName: "n1" }));
        const pod = await untilPod(cluster, namespace, ({ status }) => status["phase"] === "Running");
        expect(conditionOf(pod, "PodScheduled")).toMatchObject({ status: "True" });
        const { items } = await ok(cluster.get(`${core(namespace, "events")}?fieldSelector=reason=Scheduled`));
        expect(items).toEqual([]);
      },
    },
    {
      name: "node affinity leads to the node it describes",
      run: async (cluster, namespace) => {
        await createPod(cluster, namespace, podOf(runs(), nodeAffinity("NotIn", ["n1"])));
        expect((await untilPod(cluster, namespace, isScheduled)).spec).toMatchObject({ nodeName: "n2" });
      },
    },
    nowhere(
      "more than any node has: what is insufficient is named, and nobody's leaving would help",
      () => asking({ cpu: "500", memory: "100Ti" }),
      `0/2 nodes are available: 2 Insufficient cpu, 2 Insufficient memory. ${notHelpful}`,
    ),
    nowhere(
      "a resource that no node offers",
      () => podOf(runs({ resources: { limits: { "example.com/gpu": "1" } } })),
      `0/2 nodes are available: 2 Insufficient example.com/gpu. ${notHelpful}`,
    ),
    nowhere(
      "a node selector that no node has",
      () => podOf(runs(), { nodeSelector: { disk: "ssd" } }),
      `0/2 nodes are available: 2 node(s) didn't match Pod's node affinity/selector. ${notHelpful}`,
    ),
    nowhere(
      "a node affinity that no node meets",
      () => podOf(runs(), nodeAffinity("In", ["n7"])),
      `0/2 nodes are available: 2 node(s) didn't match Pod's node affinity/selector. ${notHelpful}`,
    ),
    nowhere(
      "a host port that is taken on every node",
      () => podOf(withPort(31_901)),
      `0/2 nodes are available: 2 node(s) didn't have free ports for the requested pod ports. ${noVictims}`,
      onBoth(podOf(withPort(31_901))),
    ),
    nowhere(
      "each node has a reason of its own",
      () => podOf(withPort(31_902), on("n1")),
      `0/2 nodes are available: 1 node(s) didn't have free ports for the requested pod ports, 1 node(s) didn't match Pod's node affinity/selector. ${noClaims} preemption: 0/2 nodes are available: 1 No preemption victims found for incoming pod, 1 Preemption is not helpful for scheduling.`,
      (cluster, namespace) => placed(cluster, namespace, "first", "n1", podOf(withPort(31_902))),
    ),
    nowhere(
      "a claim that does not exist",
      () => podOf(runs(), mounting("data")),
      `0/2 nodes are available: persistentvolumeclaim "data" not found. not found`,
    ),
    {
      name: "what becomes possible happens: the label comes, the pod goes",
      run: async (cluster, namespace) => {
        const label = `example.com/${namespace}`;
        await createPod(cluster, namespace, podOf(runs(), { nodeSelector: { [label]: "yes" } }));
        await untilPod(cluster, namespace, (pod) => conditionOf(pod, "PodScheduled") !== undefined);
        await ok(cluster.patch("merge", "/api/v1/nodes/n2", { metadata: { labels: { [label]: "yes" } } }));
        try {
          expect((await untilPod(cluster, namespace, isScheduled)).spec).toMatchObject({ nodeName: "n2" });
        } finally {
          await cluster.patch("merge", "/api/v1/nodes/n2", { metadata: { labels: { [label]: null } } });
        }
      },
    },
    {
      name: "what becomes possible happens: the port is free, the pod goes",
      run: async (cluster, namespace) => {
        await onBoth(podOf(withPort(31_904)))(cluster, namespace);
        await createPod(cluster, namespace, podOf(withPort(31_904)));
        await untilPod(cluster, namespace, (pod) => conditionOf(pod, "PodScheduled") !== undefined);
        await ok(cluster.delete(core(namespace, "pods", "second")));
        expect((await untilPod(cluster, namespace, isScheduled)).spec).toMatchObject({ nodeName: "n2" });
      },
    },
    {
      name: "another scheduler's pods are left alone",
      run: async (cluster, namespace) => {
        await createPod(cluster, namespace, podOf(runs(), { schedulerName: "other" }));
        await createPod(cluster, namespace, podOf(runs(), {}, { name: "b" }));
        await untilPod(cluster, namespace, isScheduled, "b");
        const other = await ok(cluster.get(core(namespace, "pods", "a")));
        expect(other.spec["nodeName"]).toBeUndefined();
        expect(conditionOf(other, "PodScheduled")).toBeUndefined();
      },
    },
  ],
};
