// Everything one testbed occupies on this machine, as data: derived from its name, its lane and its ports. Pure. Two testbeds with
// different lanes share no address, link, route, cgroup or port.
import { join } from "node:path";

export interface NodePlace {
  readonly name: string;
  readonly ip: string;
  readonly podCidr: string;
  /** The host's end of the node's cable. */
  readonly veth: string;
  readonly folder: string;
}

export interface PortPlan {
  readonly api: number;
  readonly etcdClient: number;
  readonly etcdPeer: number;
  readonly controllerManager: number;
  readonly scheduler: number;
  readonly registry: number;
  readonly prometheus: number;
  readonly alertmanager: number;
  readonly kubeStateMetrics: number;
  readonly kubeStateMetricsSelf: number;
}

export interface Place {
  readonly name: string;
  readonly stateFolder: string;
  readonly lane: number;
  readonly bridge: string;
  readonly hostIp: string;
  readonly nodeCidr: string;
  readonly podCidr: string;
  readonly serviceCidr: string;
  /** The first address of the Service range: the `kubernetes` Service. */
  readonly apiServiceIp: string;
  readonly cgroup: string;
  readonly nodes: readonly NodePlace[];
  readonly ports: PortPlan;
}

export const laneCount = 32;
export const portNames = [
  ...(["api", "etcdClient", "etcdPeer", "controllerManager", "scheduler", "registry"] as const),
  ...(["prometheus", "alertmanager", "kubeStateMetrics", "kubeStateMetricsSelf"] as const),
];

export const nameProblem = (name: string): string | undefined =>
  /^[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?$/.test(name)
    ? undefined
    : `"${name}" is no name for a testbed: use up to 32 lower-case letters, digits and dashes.`;

export const portPlanOf = (ports: readonly number[]): PortPlan => {
  if (ports.length !== portNames.length) throw new Error(`${portNames.length} ports are needed, ${ports.length} were given`);
  return Object.fromEntries(portNames.map((name, index) => [name, ports[index]])) as unknown as PortPlan;
};

export interface PlaceChoice {
  readonly name: string;
  readonly stateFolder: string;
  readonly lane: number;
  readonly nodeCount: number;
  readonly ports: readonly number[];
}

export const placeOf = ({ name, stateFolder, lane, nodeCount, ports }: PlaceChoice): Place => {
  const bridge = `kt${lane}`;
  const podPrefix = `10.${128 + lane}`;
  const nodes = Array.from({ length: nodeCount }, (_, index): NodePlace => {
    const number = index + 1;
    return {
      name: `n${number}`,
      ip: `10.99.${lane}.${10 + number}`,
      podCidr: `${podPrefix}.${number}.0/24`,
      veth: `${bridge}v${number}`,
      folder: join(stateFolder, "nodes", `n${number}`),
    };
  });
  return {
    name,
    stateFolder,
    lane,
    bridge,
    nodes,
    hostIp: `10.99.${lane}.1`,
    nodeCidr: `10.99.${lane}.0/24`,
    podCidr: `${podPrefix}.0.0/16`,
    serviceCidr: `10.${160 + lane}.0.0/16`,
    apiServiceIp: `10.${160 + lane}.0.1`,
    cgroup: `kintsugi-testbed-${lane}`,
    ports: portPlanOf(ports),
  };
};

const toNumber = (ip: string): number => ip.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);

/** True when the two IPv4 ranges share an address. A range without a length is one address. */
export const rangesOverlap = (a: string, b: string): boolean => {
  const bounds = (range: string): [number, number] => {
    const [ip = "", length = "32"] = range.split("/");
    const size = 2 ** (32 - Number(length));
    const start = Math.floor(toNumber(ip) / size) * size;
    return [start, start + size - 1];
  };
  const [aStart, aEnd] = bounds(a);
  const [bStart, bEnd] = bounds(b);
  return aStart <= bEnd && bStart <= aEnd;
};

/** The lanes that no route touches, lowest first. `routes` are destinations as `ip route` prints them; a default route is no claim. */
export const freeLanes = (routes: readonly string[]): number[] => {
  const claims = routes.filter((route) => /^\d+\.\d+\.\d+\.\d+(\/\d+)?$/.test(route) && route !== "0.0.0.0/0");
  return Array.from({ length: laneCount }, (_, lane) => lane).filter((lane) =>
    [`10.99.${lane}.0/24`, `10.${128 + lane}.0.0/16`, `10.${160 + lane}.0.0/16`].every((range) =>
      claims.every((claim) => !rangesOverlap(range, claim)),
    ),
  );
};
