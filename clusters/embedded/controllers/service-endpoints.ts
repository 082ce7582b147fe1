// The addresses behind a Service, as Endpoints and EndpointSlices: pkg/controller/endpoint and staging/src/k8s.io/endpointslice. Services
// without a selector are left to whoever fills them by hand.
import { jsonEqual } from "#lib/canonical-json.ts";
import type { Client, Controller } from "#embedded/controllers/controller.ts";
import { controllerReference } from "#embedded/controllers/ownership.ts";
import { isFinished, isReady, isTerminating } from "#embedded/pod-state.ts";
import { type JsonRecord, type Stored, at, isRecord, listOf, numberOf, recordOf, textOf } from "#embedded/json.ts";
import type { Change } from "#embedded/object-store.ts";
import type { Place } from "#embedded/objects.ts";
import { builtIn, podsOf, storageKeyOf } from "#embedded/resources.ts";
import { matchesSelector } from "#embedded/selectors.ts";

const services = builtIn("v1", "Service");
const endpoints = builtIn("v1", "Endpoints");
const slices = builtIn("discovery.k8s.io/v1", "EndpointSlice");

const managedBy = "endpointslice.kubernetes.io/managed-by";
const manager = "endpointslice-controller.k8s.io";
const serviceName = "kubernetes.io/service-name";

export const endpointsController = (client: Client): Controller => ({
  resource: services,
  affected: (change) => servicesOf(client, change, storageKeyOf(endpoints), (object) => object.metadata.name),
  sync: (service) => {
    if (!hasSelector(service)) return;
    const { namespace, name } = service.metadata;
    const subsets = subsetsOf(service, podsBehind(client, service));
    const labels = { ...service.metadata.labels, "endpoints.kubernetes.io/managed-by": "endpoint-controller" };
    const old = client.find(endpoints, namespace, name);
    if (old === undefined)
      client.create(endpoints, namespace, { metadata: { name, labels }, ...(subsets.length === 0 ? {} : { subsets }) });
    else if (!jsonEqual(old["subsets"] ?? [], subsets))
      client.update(old, (stored) => ({ ...stored, subsets: subsets.length === 0 ? undefined : subsets }));
  },
  gone: ({ namespace, name }) => {
    const left = client.find(endpoints, namespace, name);
    if (left !== undefined) client.remove(left);
  },
});

export const endpointSliceController = (client: Client): Controller => ({
  resource: services,
  affected: (change) => servicesOf(client, change, storageKeyOf(slices), serviceOfSlice),
  sync: (service) => {
    if (!hasSelector(service) || isTerminating(service)) return;
    const { namespace, name } = service.metadata;
    const wanted = slicesOf(service, podsBehind(client, service));
    const unused = new Set(client.list(slices, namespace).filter((slice) => serviceOfSlice(slice) === name && !isTerminating(slice)));
    const labels = {
      ...service.metadata.labels,
      ...(isHeadless(service) ? { "service.kubernetes.io/headless": "" } : {}),
      [managedBy]: manager,
      [serviceName]: name,
    };
    for (const slice of wanted) {
      const same =
        [...unused].find((each) => jsonEqual(each["ports"], slice.ports)) ??
        [...unused].find((each) => listOf(each["endpoints"]).length === 0);
      if (same !== undefined) unused.delete(same);
      const metadata = { generateName: `${name}-`, labels, ownerReferences: [controllerReference(service)] };
      if (same === undefined) client.create(slices, namespace, { metadata, addressType: "IPv4", ...slice });
      else if (!jsonEqual(same, { ...same, ...slice }) || !jsonEqual(same.metadata.labels, labels))
        client.update(same, (old) => ({ ...old, metadata: { ...old.metadata, labels }, ...slice }));
    }
    for (const each of unused) client.remove(each);
  },
});

/** Of one that is ours. */
const serviceOfSlice = ({ metadata: { labels } }: Stored): string => (labels?.[managedBy] === manager ? textOf(labels[serviceName]) : "");

const servicesOf = (client: Client, change: Change, ownKey: string, nameOf: (object: Stored) => string): readonly Place[] => {
  const { object, previous, storageKey } = change;
  const { namespace } = object.metadata;
  if (storageKey === ownKey) {
    const name = nameOf(object);
    return name === "" || client.find(services, namespace, name) === undefined ? [] : [{ namespace, name }];
  }
  if (storageKey !== storageKeyOf(podsOf)) return [];
  return client
    .list(services, namespace)
    .filter((service) => [object, previous].some((pod) => pod !== undefined && isBehind(service, pod)))
    .map(({ metadata }) => ({ namespace, name: metadata.name }));
};

const hasSelector = (service: Stored): boolean =>
  isRecord(at(service, "spec", "selector")) && at(service, "spec", "type") !== "ExternalName";
const isBehind = (service: Stored, pod: Stored): boolean =>
  hasSelector(service) && matchesSelector({ matchLabels: at(service, "spec", "selector") }, recordOf(pod.metadata.labels));
const isHeadless = (service: Stored): boolean => at(service, "spec", "clusterIP") === "None";
const publishesAll = (service: Stored): boolean => at(service, "spec", "publishNotReadyAddresses") === true;

const addressOf = (pod: Stored): string => textOf(at(pod, "status", "podIP"));

const podsBehind = (client: Client, service: Stored): readonly Stored[] =>
  client
    .list(podsOf, service.metadata.namespace)
    .filter((pod) => isBehind(service, pod) && addressOf(pod) !== "" && !isFinished(pod))
    .toSorted((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));

interface Port {
  readonly name?: string;
  readonly port: number;
  readonly protocol: string;
}

/** Those of the Service's ports that this pod has. */
const portsOf = (service: Stored, pod: Stored): readonly Port[] =>
  listOf(at(service, "spec", "ports")).flatMap((port) => {
    const protocol = textOf(at(port, "protocol")) || "TCP";
    const target = at(port, "targetPort") ?? at(port, "port");
    const number = typeof target === "number" ? target : containerPort(pod, textOf(target), protocol);
    const name = textOf(at(port, "name"));
    return number === undefined ? [] : [{ ...(name === "" ? {} : { name }), port: number, protocol }];
  });

const containerPort = (pod: Stored, name: string, protocol: string): number | undefined => {
  const ports = listOf(at(pod, "spec", "containers")).flatMap((container) => listOf(at(container, "ports")));
  const found = ports.find((port) => at(port, "name") === name && (textOf(at(port, "protocol")) || "TCP") === protocol);
  return numberOf(at(found, "containerPort"));
};

const targetOf = ({ metadata }: Stored): JsonRecord => ({
  kind: "Pod",
  name: metadata.name,
  namespace: metadata.namespace,
  uid: metadata.uid,
});
const nodeOf = (pod: Stored): JsonRecord => {
  const nodeName = textOf(at(pod, "spec", "nodeName"));
  return nodeName === "" ? {} : { nodeName };
};

const hostnameOf = (service: Stored, pod: Stored): JsonRecord => {
  const hostname = textOf(at(pod, "spec", "hostname"));
  return hostname !== "" && at(pod, "spec", "subdomain") === service.metadata.name ? { hostname } : {};
};

const groupedByPorts = (
  service: Stored,
  pods: readonly Stored[],
  fits: (ports: readonly Port[]) => boolean = () => true,
): readonly { readonly ports: readonly Port[]; readonly pods: readonly Stored[] }[] => {
  const groups = new Map<string, { ports: readonly Port[]; pods: Stored[] }>();
  for (const pod of pods) {
    const ports = portsOf(service, pod);
    if (!fits(ports)) continue;
    const key = JSON.stringify(ports);
    const group = groups.get(key) ?? { ports, pods: [] };
    groups.set(key, group);
    group.pods.push(pod);
  }
  return [...groups.values()];
};

const subsetsOf = (service: Stored, pods: readonly Stored[]): readonly JsonRecord[] => {
  const counted = pods.filter((pod) => publishesAll(service) || !isTerminating(pod));
  // A pod that has none of the Service's ports is in a slice all the same, but not in Endpoints.
  const needsPort = listOf(at(service, "spec", "ports")).length > 0;
  return groupedByPorts(service, counted, (ports) => ports.length > 0 || !needsPort).map(({ ports, pods: members }) => {
    const addressed = (pod: Stored): JsonRecord => ({
      ip: addressOf(pod),
      ...hostnameOf(service, pod),
      ...nodeOf(pod),
      targetRef: targetOf(pod),
    });
    const isServed = (pod: Stored): boolean => publishesAll(service) || isReady(pod);
    const ready = members.filter(isServed).map(addressed);
    const others = members.filter((pod) => !isServed(pod)).map(addressed);
    return {
      ...(ready.length === 0 ? {} : { addresses: ready }),
      ...(others.length === 0 ? {} : { notReadyAddresses: others }),
      ...(ports.length === 0 ? {} : { ports }),
    };
  });
};

const slicesOf = (
  service: Stored,
  pods: readonly Stored[],
): readonly { readonly endpoints: readonly JsonRecord[] | null; readonly ports: readonly JsonRecord[] | null }[] => {
  const groups = groupedByPorts(service, pods);
  // A Service without a pod has one slice all the same, with a Go program's empty lists.
  if (groups.length === 0) return [{ endpoints: null, ports: null }];
  return groups.map(({ ports, pods: members }) => {
    const found = members.map((pod) => ({
      addresses: [addressOf(pod)],
      conditions: {
        ready: publishesAll(service) || (isReady(pod) && !isTerminating(pod)),
        serving: isReady(pod),
        terminating: isTerminating(pod),
      },
      ...hostnameOf(service, pod),
      ...nodeOf(pod),
      targetRef: targetOf(pod),
    }));
    const named = ports.map((port) => ({ name: port.name ?? "", port: port.port, protocol: port.protocol }));
    return { endpoints: found, ports: named.length === 0 ? null : named };
  });
};
