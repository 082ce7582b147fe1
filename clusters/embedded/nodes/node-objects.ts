// The Node object and the Lease of a node as its kubelet registers them (pkg/kubelet/nodestatus). Pure.
import { type JsonRecord } from "#embedded/json.ts";

export interface NodeShape {
  readonly name: string;
  /** Default: 2. */
  readonly cpu?: string;
}

export const kubeletVersion = "v1.34.4";

const healthy = [
  ["MemoryPressure", "False", "KubeletHasSufficientMemory", "kubelet has sufficient memory available"],
  ["DiskPressure", "False", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"],
  ["PIDPressure", "False", "KubeletHasSufficientPID", "kubelet has sufficient PID available"],
  ["Ready", "True", "KubeletReady", "kubelet is posting ready status"],
] as const;

export const healthyConditions = (now: string, transitionOf: (type: string, status: string) => string | undefined): JsonRecord[] =>
  healthy.map(([type, status, reason, message]) => ({
    type,
    status,
    lastHeartbeatTime: now,
    lastTransitionTime: transitionOf(type, status) ?? now,
    reason,
    message,
  }));

export const nodeObject = (shape: NodeShape): JsonRecord => ({
  metadata: {
    name: shape.name,
    annotations: { "node.alpha.kubernetes.io/ttl": "0", "volumes.kubernetes.io/controller-managed-attach-detach": "true" },
    labels: {
      "beta.kubernetes.io/arch": "amd64",
      "beta.kubernetes.io/os": "linux",
      "kubernetes.io/arch": "amd64",
      "kubernetes.io/hostname": shape.name,
      "kubernetes.io/os": "linux",
    },
  },
  spec: {},
});

export const nodeStatus = (shape: NodeShape, ip: string, conditions: readonly JsonRecord[]): JsonRecord => {
  const resources = {
    cpu: shape.cpu ?? "2",
    "ephemeral-storage": "100Gi",
    "hugepages-1Gi": "0",
    "hugepages-2Mi": "0",
    memory: "8Gi",
    pods: "110",
  };
  return {
    addresses: [
      { address: ip, type: "InternalIP" },
      { address: shape.name, type: "Hostname" },
    ],
    allocatable: resources,
    capacity: resources,
    conditions,
    daemonEndpoints: { kubeletEndpoint: { Port: 10_250 } },
    nodeInfo: {
      architecture: "amd64",
      bootID: "",
      containerRuntimeVersion: "containerd://1.6.20",
      kernelVersion: "6.1.0",
      kubeProxyVersion: "",
      kubeletVersion,
      machineID: "",
      operatingSystem: "linux",
      osImage: "Debian GNU/Linux 12 (bookworm)",
      systemUUID: "",
    },
  };
};
