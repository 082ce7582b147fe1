// Nodes: what they say of themselves, and what they refuse.
import { expect } from "vitest";
import { ok } from "#test/contract/cluster.ts";
import { core, type Part } from "#test/contract/samples.ts";
import { createPod, isRunning, podOf, runs, untilPod } from "#test/contract/workloads/told-containers.ts";
import { conditionOf, type WorkloadCluster, type WorkloadTopic } from "#test/contract/workloads/workload-cluster.ts";

const nodes = "/api/v1/nodes";
const onN1 = { nodeSelector: { "kubernetes.io/hostname": "n1" } };
const noClaims = "no new claims to deallocate, preemption: 0/2 nodes are available: 2 Preemption is not helpful for scheduling.";

/** Changes a node, and takes it back whatever happens. */
const withNode = async (cluster: WorkloadCluster, spec: Part, work: () => Promise<void>): Promise<void> => {
  await ok(cluster.patch("merge", `${nodes}/n1`, { spec }));
  try {
    await work();
  } finally {
    await ok(cluster.patch("merge", `${nodes}/n1`, { spec: Object.fromEntries(Object.keys(spec).map((field) => [field, null])) }));
  }
};

const refused = async (cluster: WorkloadCluster, namespace: string, reason: string): Promise<void> => {
  await createPod(cluster, namespace, podOf(runs(), onN1));
  const message = `0/2 nodes are available: 1 node(s) didn't match Pod's node affinity/selector, ${reason}. ${noClaims}`;
  await untilPod(cluster, namespace, (pod) => conditionOf(pod, "PodScheduled")?.message === message);
};

const taint = (effect: string): Part => ({ taints: [{ key: "example.com/maintenance", value: "yes", effect }] });

export const nodesTopic: WorkloadTopic = {
  title: "Nodes",
  // They change nodes, which all cases share.
  isSerial: true,
  cases: [
    {
      name: "a node that is well: conditions, labels, room, and a lease that says when it was last seen",
      run: async (cluster) => {
        const node = await ok(cluster.get(`${nodes}/n1`));
        expect(node.metadata.labels).toMatchObject({ "kubernetes.io/hostname": "n1", "kubernetes.io/os": "linux" });
        expect((node.status["conditions"] as Part[]).map(({ type, status, reason }) => [type, status, reason])).toEqual([
          ["MemoryPressure", "False", "KubeletHasSufficientMemory"],
          ["DiskPressure", "False", "KubeletHasNoDiskPressure"],
          ["PIDPressure", "False", "KubeletHasSufficientPID"],
          ["Ready", "True", "KubeletReady"],
        ]);
        expect(conditionOf(node, "Ready")?.message).toBe("kubelet is posting ready status");
        const room = { cpu: expect.any(String), memory: expect.any(String), pods: expect.any(String) };
        expect(node.status).toMatchObject({
          capacity: room,
          allocatable: room,
          addresses: [{ type: "InternalIP" }, { type: "Hostname", address: "n1" }],
          nodeInfo: { kubeletVersion: "v1.34.4", operatingSystem: "linux" },
        });
        const lease = await ok(cluster.get("/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/n1"));
        expect(lease.spec).toMatchObject({ holderIdentity: "n1", leaseDurationSeconds: 40, renewTime: expect.stringMatching(/\.\d{6}Z$/) });
      },
    },
    {
      name: "a node that is cordoned takes no new pods, and keeps those it has",
      run: async (cluster, namespace) => {
        await createPod(cluster, namespace, podOf(runs(), onN1, { name: "there" }));
        await untilPod(cluster, namespace, isRunning, "there");
        await withNode(cluster, { unschedulable: true }, () => refused(cluster, namespace, "1 node(s) were unschedulable"));
        await untilPod(cluster, namespace, isRunning);
        expect((await ok(cluster.get(core(namespace, "pods", "there")))).metadata).not.toHaveProperty("deletionTimestamp");
      },
    },
    {
      name: "a taint keeps pods away that do not tolerate it",
      run: async (cluster, namespace) => {
        await withNode(cluster, taint("NoSchedule"), async () => {
          await refused(cluster, namespace, "1 node(s) had untolerated taint(s)");
          const tolerations = [{ key: "example.com/maintenance", operator: "Equal", value: "yes", effect: "NoSchedule" }];
          await createPod(cluster, namespace, podOf(runs(), { ...onN1, tolerations }, { name: "tolerant" }));
          await untilPod(cluster, namespace, isRunning, "tolerant");
        });
      },
    },
  ],
};
