// The machines of the cluster, and the Node objects as their kubelets register them (pkg/kubelet/nodestatus).
import { Nodes } from "#api/kubernetes.ts";
import type { Account, ControlPlane } from "#embedded/controllers/control-plane.ts";
import { writeStatus } from "#embedded/controllers/status.ts";
import { toTimestamp } from "#lib/clock.ts";

export interface NodeMachine {
  readonly name: string;
  readonly ip: string;
  /** Images that were pulled once, by their full names. */
  readonly images: Set<string>;
  nextPodIp(): string;
}

export const createMachine = (name: string, index: number): NodeMachine => {
  let addresses = 1;
  return {
    name,
    ip: `10.0.0.${10 + index}`,
    images: new Set(),
    nextPodIp: () => {
      addresses += 1;
      return `10.${128 + index}.${Math.floor(addresses / 256)}.${addresses % 256}`;
    },
  };
};

export const kubeletOf = (node: string): Account => ({
  ...{ user: `system:node:${node}`, group: "system:nodes", component: "kubelet", manager: "kubelet" },
});

/** Does nothing where the Node exists already, as in a cluster that begins with a snapshot. */
export const register = async (plane: ControlPlane, { name, ip }: NodeMachine): Promise<void> => {
  if (plane.storeOf(Nodes).get({ name }) !== undefined) return;
  const { kube } = plane.actAs(kubeletOf(name));
  const labels = {
    ...{ "beta.kubernetes.io/arch": "amd64", "beta.kubernetes.io/os": "linux" },
    ...{ "kubernetes.io/arch": "amd64", "kubernetes.io/hostname": name, "kubernetes.io/os": "linux" },
  };
  const node = await kube.create(Nodes, { apiVersion: "v1", kind: "Node", metadata: { name, labels }, spec: {} });
  await writeStatus(kube, Nodes, node, statusOf(name, ip, toTimestamp(plane.clock.now())));
};

const healthy = [
  ["MemoryPressure", "False", "KubeletHasSufficientMemory", "kubelet has sufficient memory available"],
  ["DiskPressure", "False", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"],
  ["PIDPressure", "False", "KubeletHasSufficientPID", "kubelet has sufficient PID available"],
  ["Ready", "True", "KubeletReady", "kubelet is posting ready status"],
] as const;

const resources = { cpu: "2", "ephemeral-storage": "100Gi", memory: "8Gi", pods: "110" };

const statusOf = (name: string, ip: string, now: string): object => ({
  addresses: [
    { address: ip, type: "InternalIP" },
    { address: name, type: "Hostname" },
  ],
  allocatable: resources,
  capacity: resources,
  conditions: healthy.map(([type, status, reason, message]) => ({
    ...{ type, status, reason, message, lastHeartbeatTime: now, lastTransitionTime: now },
  })),
  daemonEndpoints: { kubeletEndpoint: { Port: 10_250 } },
  nodeInfo: {
    architecture: "amd64",
    bootID: "",
    containerRuntimeVersion: "containerd://1.6.20",
    kernelVersion: "6.1.0",
    kubeProxyVersion: "",
    kubeletVersion: "v1.34.4",
    machineID: "",
    operatingSystem: "linux",
    osImage: "Debian GNU/Linux 12 (bookworm)",
    systemUUID: "",
  },
});
