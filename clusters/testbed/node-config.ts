// The configuration files of one node, rendered: CNI, containerd, kubelet, kube-proxy. Pure.
import { join } from "node:path";
import type { NodePlace, Place } from "#testbed/place.ts";

export interface RenderedFile {
  /** Relative to the node's `etc` folder. */
  readonly path: string;
  readonly text: string;
}

const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;

const cniConfig = (node: NodePlace): unknown => ({
  cniVersion: "1.0.0",
  name: "testbed",
  plugins: [
    {
      type: "bridge",
      bridge: "cni0",
      isGateway: true,
      hairpinMode: true,
      ipMasq: false,
      mtu: 1450,
      ipam: {
        type: "host-local",
        ranges: [[{ subnet: node.podCidr }]],
        routes: [{ dst: "0.0.0.0/0" }],
      },
    },
    { type: "portmap", capabilities: { portMappings: true }, snat: true },
  ],
});

const containerdConfig = (etc: string): string => `version = 2
disabled_plugins = ["io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.zfs", "io.containerd.snapshotter.v1.devmapper", "io.containerd.snapshotter.v1.aufs", "io.containerd.tracing.processor.v1.otlp", "io.containerd.internal.v1.tracing"]
[plugins."io.containerd.internal.v1.opt"]
  path = "/var/lib/containerd/opt"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "testbed.local/pause:1"
  # A container host may lack CAP_SYS_RESOURCE.
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "${etc}/cni"
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "overlayfs"
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
      SystemdCgroup = false
  [plugins."io.containerd.grpc.v1.cri".registry]
    config_path = "${etc}/certs.d"
`;

/** Every registry name leads to the local registry: a pull is real, and an image that is not there is a true "not found". */
const registryHosts = (place: Place): string => {
  const url = `http://${place.hostIp}:${place.ports.registry}`;
  return `server = "${url}"\n[host."${url}"]\n  capabilities = ["pull", "resolve"]\n`;
};

const kubeletConfig = (place: Place, node: NodePlace, etc: string): unknown => ({
  apiVersion: "kubelet.config.k8s.io/v1beta1",
  kind: "KubeletConfiguration",
  authentication: {
    anonymous: { enabled: false },
    webhook: { enabled: true },
    x509: { clientCAFile: join(place.stateFolder, "pki", "ca.crt") },
  },
  authorization: { mode: "Webhook" },
  containerRuntimeEndpoint: "unix:///run/containerd/containerd.sock",
  cgroupDriver: "cgroupfs",
  cgroupRoot: `/${place.cgroup}/${node.name}`,
  failCgroupV1: false,
  failSwapOn: false,
  clusterDNS: [place.hostIp],
  clusterDomain: "cluster.local",
  resolvConf: join(etc, "resolv.conf"),
  volumePluginDir: "/var/lib/kubelet/plugins-exec",
  evictionHard: { "memory.available": "100Mi", "nodefs.available": "1%", "imagefs.available": "1%", "nodefs.inodesFree": "1%" },
  imageGCHighThresholdPercent: 100,
  imageMaximumGCAge: "0s",
  maxPods: 200,
  nodeStatusUpdateFrequency: "5s",
  // The kubelet looks again 10–15 s after a crash and only then publishes CrashLoopBackOff. A shorter maximum would restart the
  // container at that very look, and the state would pass unseen; a longer one would delay recovery.
  featureGates: { KubeletCrashLoopBackOffMax: true },
  crashLoopBackOff: { maxContainerRestartPeriod: "20s" },
});

const kubeProxyConfig = (place: Place, etc: string): unknown => ({
  apiVersion: "kubeproxy.config.k8s.io/v1alpha1",
  kind: "KubeProxyConfiguration",
  mode: "nftables",
  clientConnection: { kubeconfig: join(etc, "kube-proxy.kubeconfig") },
  clusterCIDR: place.podCidr,
  healthzBindAddress: "127.0.0.1:10256",
  metricsBindAddress: "127.0.0.1:10249",
  conntrack: { maxPerCore: 0, min: 0, tcpEstablishedTimeout: "0s", tcpCloseWaitTimeout: "0s" },
});

export const nodeFiles = (place: Place, node: NodePlace): RenderedFile[] => {
  const etc = join(node.folder, "etc");
  return [
    { path: "cni/10-testbed.conflist", text: json(cniConfig(node)) },
    { path: "containerd.toml", text: containerdConfig(etc) },
    { path: "certs.d/_default/hosts.toml", text: registryHosts(place) },
    { path: "resolv.conf", text: `nameserver ${place.hostIp}\n` },
    { path: "kubelet.yaml", text: json(kubeletConfig(place, node, etc)) },
    { path: "kube-proxy.yaml", text: json(kubeProxyConfig(place, etc)) },
  ];
};

/** Pods of the other nodes are reached through those nodes. */
export const podRoutes = (place: Place, node: NodePlace): string[] =>
  place.nodes.filter((other) => other.name !== node.name).map((other) => `${other.podCidr}=${other.ip}`);
