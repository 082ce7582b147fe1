// Scheduling: which pods get a node, and how that is reported.
import { expect } from "vitest";
import { type Body, ok } from "#test/contract/cluster.ts";
import { core } from "#test/contract/samples.ts";
import { createPod, podOf, runs, untilPod } from "#test/contract/workloads/scripted-containers.ts";
import { conditionOf, untilEvent, type WorkloadTopic } from "#test/contract/workloads/workload-cluster.ts";

const isScheduled = (pod: Body): boolean => pod.spec["nodeName"] !== undefined;

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
          reportingComponent: "default-scheduler",
        });
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
