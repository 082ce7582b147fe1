// Nodes: their labels and status.
import { expect } from "vitest";
import { ok } from "#test/contract/cluster.ts";
import { type Part } from "#test/contract/samples.ts";
import { conditionOf, type WorkloadTopic } from "#test/contract/workloads/workload-cluster.ts";

const nodes = "/api/v1/nodes";

export const nodesTopic: WorkloadTopic = {
  title: "Nodes",
  cases: [
    {
      name: "a node that is well: conditions, labels, room",
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
      },
    },
  ],
};
