// Three cases for each cause in a node, and in what is measured.
import type { KubeObject } from "#api/object.ts";
import type { ComponentState, Evidence, Metric } from "#evidence/evidence.ts";
import { deployment, podsOf, warning } from "#test/evidence-sketch.ts";
import { one, service, type CasesByCode, withPod } from "#test/three-cases/three-cases.ts";

const node = (name: string, conditions: string): KubeObject =>
  one(`{ apiVersion: v1, kind: Node, metadata: { name: ${name} }, spec: {}, status: { conditions: [${conditions}] } }`);
const ready = '{ type: Ready, status: "True", message: kubelet is posting ready status }';
const silent = "{ type: Ready, status: Unknown, message: Kubelet stopped posting node status. }";
const nodesLike = (conditions = ready): KubeObject[] => [node("node-a", conditions), node("node-b", ready)];
const component = (name: string, state: ComponentState["state"]): readonly ComponentState[] => [
  { component: name, node: "node-a", state, text: state === "running" ? "active (running)" : "inactive (dead)" },
];
const web = deployment("web", { resources: { limits: { cpu: "200m" } }, env: [{ name: "API_ADDR", value: "api:80" }] });
const api = deployment("api");
const both = [...withPod(web), ...withPod(api)];
const pending = withPod(web, { status: { phase: "Pending", conditions: [{ type: "Ready", status: "False" }], containerStatuses: [] } });
const withoutSandbox: Partial<Evidence> = {
  objects: [...nodesLike(), ...pending],
  events: [
    warning(
      pending.at(-1)!,
      "FailedCreatePodSandBox",
      "Failed to create pod sandbox: rpc error: connection error: dial unix /run/containerd/containerd.sock: connect: connection refused",
    ),
  ],
};
const tried = ["x", "y", "z"].flatMap((name) =>
  (["node-a", "node-b"] as const).map((from) => ({
    from: { apiVersion: "v1", kind: "Node", name: from },
    namespace: "shop",
    service: name,
    port: 80,
    result: from === "node-a" ? ("failed" as const) : ("open" as const),
    text: "tried",
  })),
);
const evictedAt = (creationTimestamp: string) =>
  podsOf(web, {
    creationTimestamp,
    status: { phase: "Failed", reason: "Evicted", message: "The node was low on resource: ephemeral-storage." },
  });
const evicted = evictedAt("2027-03-01T13:30:00Z");
const pressure = (status: string): string =>
  `${ready}, { type: DiskPressure, status: "${status}", reason: KubeletHasDiskPressure, message: kubelet has disk pressure }`;

/** Each as usual and now. */
const measured = ({ apiVersion, kind, metadata }: KubeObject, values: Readonly<Record<string, readonly [number, number]>>): Metric[] =>
  Object.entries(values).map(([name, [usual, value]]) => ({
    object: { apiVersion, kind, name: metadata.name, ...(metadata.namespace === undefined ? {} : { namespace: metadata.namespace }) },
    name,
    usual,
    value,
  }));
const [nodeA, nodeB] = nodesLike() as [KubeObject, KubeObject];
const measuring = (...metrics: readonly Metric[][]): Partial<Evidence> => ({
  objects: [nodeA, nodeB, ...both, service("web"), service("api")],
  metrics: metrics.flat(),
});
const retransmits = (usual: number, value: number): Metric[] => [
  ...measured(nodeA, { tcp_retransmits: [usual, value] }),
  ...measured(nodeB, { tcp_retransmits: [0, 0] }),
];
const latency = (
  object: KubeObject,
  p50: readonly [number, number],
  p90: readonly [number, number],
  packets: readonly [number, number],
): Metric[] =>
  measured(object, {
    request_latency_seconds_p50: p50,
    request_latency_seconds_p90: p90,
    network_receive_packets_per_second: packets,
    requests_per_second: [10, 9],
  });
const tails = [web, api].flatMap((each) => measured(each, { request_latency_seconds_p90: [0.03, 0.9] }));
const medians = [web, api].flatMap((each) => measured(each, { request_latency_seconds_p50: [0.02, 2] }));
const throttled = (usual: number): Metric[] =>
  measured(web, { cpu_usage_cores: [0.03, 0.18], cpu_throttled_seconds: [usual, 1.2], requests_per_second: [90, 90] });
const busy = { packets: [100, 400], quick: [0.02, 0.02] } as const;

export const cases: CasesByCode = {
  KubeletDown: {
    holds: { objects: [...nodesLike(silent), ...both] },
    neighbour: "ContainerRuntimeDown",
    contradicted: { objects: [...nodesLike(silent), ...both], components: component("kubelet", "running") },
  },
  ContainerRuntimeDown: {
    holds: withoutSandbox,
    neighbour: "KubeletDown",
    contradicted: { ...withoutSandbox, components: component("containerd", "running") },
  },
  KubeProxyDown: {
    holds: { objects: [...nodesLike(), ...both], connections: tried },
    neighbour: "KubeletDown",
    contradicted: { objects: [...nodesLike(), ...both], connections: tried, components: component("kube-proxy", "running") },
  },
  NodeUnderPressure: {
    holds: { objects: [...nodesLike(pressure("True")), web, ...evicted] },
    neighbour: "KubeletDown",
    contradicted: { objects: [...nodesLike(pressure("False")), web, ...evictedAt("2027-03-01T11:00:00Z")] },
  },
  NodePacketLoss: {
    holds: measuring(retransmits(0, 7), tails),
    neighbour: "NodeNetworkDelay",
    contradicted: measuring(retransmits(6, 7), tails),
  },
  NodeNetworkDelay: {
    holds: measuring(retransmits(0, 0.9), medians),
    neighbour: "NodePacketLoss",
    contradicted: measuring(retransmits(0.8, 0.9), medians),
  },
  PodNetworkDelay: {
    holds: measuring(latency(web, [0.02, 2], [0.05, 4], [100, 52]), latency(api, [0.02, 2], [0.05, 4], [100, 120])),
    neighbour: "PodPacketLoss",
    contradicted: measuring(latency(web, busy.quick, busy.quick, busy.packets), latency(api, busy.quick, busy.quick, busy.packets)),
  },
  PodPacketLoss: {
    holds: measuring(latency(web, [0.03, 0.03], [0.06, 3], [100, 95]), latency(api, [0.02, 0.021], [0.05, 3], [100, 160])),
    neighbour: "PodNetworkDelay",
    contradicted: measuring(latency(web, busy.quick, busy.quick, busy.packets), latency(api, busy.quick, busy.quick, busy.packets)),
  },
  CpuOverload: { holds: measuring(throttled(0.01)), neighbour: "PodNetworkDelay", contradicted: measuring(throttled(1)) },
};
