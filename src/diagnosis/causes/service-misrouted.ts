// A Service that leads nowhere although its program runs: its selector matches no pod, its target port is none of theirs, or its protocol another.
import { isReady } from "#api/conditions.ts";
import type { Quote } from "#api/fields.ts";
import { type Container, EndpointSlices, Pods, type Service, Services } from "#api/kubernetes.ts";
import { serviceSelects } from "#api/selectors.ts";
import { callersAndComplainers, complaintQuote, complaintsAboutService, hasOwnComplaint } from "#diagnosis/caller-complaints.ts";
import { nearest } from "#diagnosis/nearest.ts";
import { objectQuote } from "#diagnosis/quotes.ts";
import { fixService } from "#diagnosis/remedies.ts";
import { cause, type Check } from "#diagnosis/rule.ts";
import { nameOf } from "#diagnosis/template.ts";
import type { View, Workload } from "#diagnosis/view.ts";

type Port = NonNullable<Service["spec"]["ports"]>[number];
type Labels = Readonly<Record<string, string>>;

const routedServices = (view: View): readonly Service[] =>
  view.all(Services).filter(({ spec }) => spec.type !== "ExternalName" && Object.keys(spec.selector ?? {}).length > 0);

const routedPorts = (view: View) =>
  routedServices(view).flatMap((service) => {
    const containers = view.podsBehind(service).flatMap(({ spec }) => spec.containers);
    return (service.spec.ports ?? []).map((each) => {
      const { port, targetPort: target = port } = each;
      return { service, each, port, target, protocol: each.protocol ?? "TCP", containers, matching: portsAt(containers, each) };
    });
  });

/** The container ports that a Service port leads to. */
const portsAt = (containers: readonly Container[], { port, targetPort = port }: Port) =>
  containers
    .flatMap(({ ports = [] }) => ports)
    .filter(({ containerPort, name }) => (typeof targetPort === "number" ? containerPort === targetPort : name === targetPort));

/** Tried, and not once open. */
const isUnreachable = (view: View, service: Service, port?: number): boolean | "unknown" => {
  const tried = view.connectionsTo(service).filter((each) => (port === undefined || each.port === port) && each.result !== "unknown");
  return tried.length === 0 ? "unknown" : tried.every(({ result }) => result !== "open");
};

const complaintQuotes = (view: View, service: Service): readonly Quote[] =>
  complaintsAboutService(view, service).slice(0, 1).map(complaintQuote);

interface OfService {
  readonly service: Service;
  readonly port?: number;
}

const isReadyBehind: Check<OfService> = {
  is: "its pods are ready",
  holds: ({ service }, view) => view.podsBehind(service).some(isReady),
  weight: 2,
};
const cannotBeReached: Check<OfService> = {
  is: "connections to it fail",
  holds: ({ service, port }, view) => isUnreachable(view, service, port),
  weight: 2,
};
const connects: Check<OfService> = {
  is: "connections to it succeed",
  holds: ({ service, port }, view) => isUnreachable(view, service, port) === false,
};
const hasComplaints: Check<OfService> = {
  is: "callers complain about it",
  holds: ({ service }, view) => complaintsAboutService(view, service).length > 0 || "unknown",
};

const labelsText = (labels: Labels = {}): string =>
  Object.entries(labels)
    .map(([key, value]) => `${key}=${value}`)
    .join(",");

/** A label that matches by key and value, or by value; a similar value; the name of the workload. Twice each, so that a free workload decides a tie. */
const likeness = { same: 6, similar: 4, name: 4, free: 3 };

/** A container may listen on a port that it does not declare, but not under a name. */
const mayServe = (containers: readonly Container[], port: Port): boolean =>
  portsAt(containers, port).length > 0 ||
  (typeof (port.targetPort ?? port.port) === "number" && containers.every(({ ports = [] }) => ports.length === 0));

/** The workload that listens on its target ports and whose labels are most similar; undefined where two are equal. */
const intendedWorkload = (
  view: View,
  { metadata: { namespace, name }, spec: { selector = {}, ports = [] } }: Service,
): Workload | undefined => {
  const candidates = view.workloads.filter(
    ({ reference, template }) => reference.namespace === namespace && ports.every((port) => mayServe(template.spec.containers, port)),
  );
  const [first, second] = candidates
    .map((workload) => {
      const labels = workload.template.metadata?.labels ?? {};
      const values = Object.values(labels);
      const byLabels = Object.values(selector).map((value) =>
        values.includes(value) ? likeness.same : nearest(value, values) === undefined ? 0 : likeness.similar,
      );
      const rate = byLabels.reduce<number>((sum, each) => sum + each, workload.reference.name === name ? likeness.name : 0);
      return { workload, rate: rate === 0 ? 0 : rate + (view.servicesOf(workload).length === 0 ? likeness.free : 0) };
    })
    .toSorted((a, b) => b.rate - a.rate);
  return first === undefined || first.rate === 0 || first.rate === second?.rate ? undefined : first.workload;
};

/** The template's labels with the selector's keys, else all of them. */
const labelsFor = (labels: Labels, selector: Labels): Labels => {
  const kept = Object.fromEntries(Object.entries(labels).filter(([key]) => key in selector));
  return Object.keys(kept).length > 0 ? kept : labels;
};

export const serviceSelectorMatchesNothing = cause({
  code: "ServiceSelectorMatchesNothing",
  title: "A Service whose selector matches no pod",
  reads: "Services with a selector, the labels of all pods and templates, and the ports of the pods.",
  means: "The selector matches no pod and no template, while the intended workload runs.",
  needs: ["objects.Service", "objects.Pod"],
  signs: ["Service"],
  of: (view: View) =>
    routedServices(view).flatMap((service) => {
      const { namespace = "" } = service.metadata;
      const { selector = {} } = service.spec;
      const isMatched =
        view.podsBehind(service).length > 0 ||
        view.workloads.some(
          ({ reference, template }) => reference.namespace === namespace && serviceSelects(selector, template.metadata?.labels),
        );
      const arePodsRead = view.all(Pods, namespace).length > 0 || view.knows(Pods, namespace);
      const workload = isMatched || !arePodsRead ? undefined : intendedWorkload(view, service);
      if (workload === undefined) return [];
      const labels = workload.template.metadata?.labels ?? {};
      return [{ service, workload, wanted: labelsFor(labels, selector), selector: labelsText(selector), labels: labelsText(labels) }];
    }),
  supports: [{ is: "its pods are ready", holds: ({ workload }) => workload.pods.some(isReady), weight: 2 }, cannotBeReached, hasComplaints],
  object: ({ service }) => service,
  says: "{service} selects {selector}, which no pod has; {workload} has {labels}.",
  chain: "the selector {selector} matches no pod → {service} has no endpoints → connections to it are refused",
  quotes: ({ service, workload, selector, labels }, view) => [
    objectQuote(service, `selector: ${selector}`),
    objectQuote(workload, `template labels: ${labels}`),
    ...complaintQuotes(view, service),
  ],
  explains: ({ service }, view) => callersAndComplainers(view, service),
  repairs: ({ service, workload, wanted }) => [
    fixService(
      service,
      { selector: labelsText(wanted) },
      `The pods of ${nameOf(workload)} have these labels, and listen on the Service's target port.`,
    ),
  ],
  remedy: "`fix_service` with the labels of the pods. Otherwise, correct the selector.",
  otherwise: "set the selector of the Service to the labels of its pods",
});

/** The endpoints controller leaves out a port whose name no container has, and lists one that it has found. */
const resolves = (view: View, { metadata }: Service, { name = "" }: Port): boolean =>
  view
    .all(EndpointSlices, metadata.namespace)
    .filter((slice) => slice.metadata.labels?.["kubernetes.io/service-name"] === metadata.name && (slice.endpoints ?? []).length > 0)
    .some(({ ports }) => (ports ?? []).some((each) => (each.name ?? "") === name && each.port !== undefined));

export const servicePortWrong = cause({
  code: "ServicePortWrong",
  title: "A Service whose target port is none of its pods'",
  reads: "The target ports of Services, the ports that the containers behind them declare, connections and complaints of callers.",
  means: "The Service leads to a port on which no program listens, or names one that no container has.",
  needs: ["objects.Service", "objects.Pod"],
  signs: ["Service"],
  of: (view: View) =>
    view.shared(routedPorts).flatMap((routed) => {
      const { service, port, target, containers, matching } = routed;
      const ports = containers.flatMap((container) => container.ports ?? []);
      if (ports.length === 0 || matching.length > 0) return [];
      const declared = [...new Set(ports.map(({ containerPort }) => containerPort))];
      return [
        {
          ...{ ...routed, ports, declared, isNamed: typeof target === "string" },
          intended: declared.length === 1 ? declared[0] : declared.find((each) => each === port),
          unreachable: isUnreachable(view, service, port),
          effect: typeof target === "string" ? "the Service has no endpoints" : "no program listens there",
        },
      ];
    }),
  // A container need not declare its ports: only a name has to exist.
  when: [
    {
      is: "connections fail",
      holds: ({ service, isNamed, unreachable }, view) =>
        isNamed || unreachable === true || (unreachable === "unknown" && complaintsAboutService(view, service).length > 0),
    },
  ],
  unless: [
    connects,
    {
      is: "its endpoints have a port with that name",
      holds: ({ service, each, isNamed }, view) => isNamed && resolves(view, service, each),
    },
  ],
  supports: [isReadyBehind, cannotBeReached, hasComplaints],
  object: ({ service }) => service,
  says: "{service} sends port {port} to port {target} of its pods, which declare {declared}.",
  chain: "targetPort {target} is none of the containers' ports → {effect} → connections to port {port} are refused",
  quotes: ({ service, port, target, ports }, view) => [
    objectQuote(service, `port ${port}, targetPort ${target}`),
    ...view
      .podsBehind(service)
      .slice(0, 1)
      .map((pod) =>
        objectQuote(
          pod,
          `containerPorts: ${ports.map(({ name, containerPort }) => (name === undefined ? containerPort : `${containerPort} (${name})`)).join(", ")}`,
        ),
      ),
    ...complaintQuotes(view, service),
  ],
  hearsay: ({ service, isNamed, unreachable }, view) =>
    isNamed || unreachable === true || hasOwnComplaint(complaintsAboutService(view, service), service.metadata.namespace)
      ? undefined
      : "only logs of another namespace say that it cannot be reached",
  explains: ({ service }, view) => callersAndComplainers(view, service),
  repairs: ({ service, port, intended }) =>
    intended === undefined
      ? []
      : [fixService(service, { port: String(port), targetPort: String(intended) }, `${intended} is the port that the containers declare.`)],
  remedy: "`fix_service` with the port that the containers declare. Otherwise, correct the target port.",
  otherwise: "set targetPort to the port that the program listens on",
});

export const serviceProtocolWrong = cause({
  code: "ServiceProtocolWrong",
  title: "A Service in another protocol than its pods",
  reads: "The protocol of Service ports and of the container ports that they lead to.",
  means: "The Service forwards UDP where the container listens for TCP, or the other way round.",
  needs: ["objects.Service", "objects.Pod"],
  signs: ["Service"],
  of: (view: View) =>
    view.shared(routedPorts).flatMap((routed) => {
      const { protocol, matching } = routed;
      const isOther = matching.every((each) => (each.protocol ?? "TCP") !== protocol);
      return matching.length === 0 || !isOther ? [] : [{ ...routed, other: matching[0]?.protocol ?? "TCP" }];
    }),
  unless: [
    connects,
    {
      is: "the Service has the port in both protocols",
      holds: ({ service, port, other }) =>
        (service.spec.ports ?? []).some((each) => each.port === port && (each.protocol ?? "TCP") === other),
    },
  ],
  supports: [isReadyBehind, cannotBeReached, hasComplaints],
  object: ({ service }) => service,
  says: "{service} forwards {protocol} on port {port}; its pods listen for {other}.",
  chain: "port {port} is {protocol} → the containers listen on {target} for {other} → {other} connections to the Service are refused",
  quotes: ({ service, port, protocol, target, other }, view) => [
    objectQuote(service, `port ${port}/${protocol}, targetPort ${target}`),
    ...view
      .podsBehind(service)
      .slice(0, 1)
      .map((pod) => objectQuote(pod, `containerPort ${target}/${other}`)),
    ...complaintQuotes(view, service),
  ],
  explains: ({ service }, view) => callersAndComplainers(view, service),
  repairs: ({ service, port, target, other }) => [
    fixService(service, { port: String(port), protocol: other }, `The containers declare ${target} for ${other}.`),
  ],
  remedy: "`fix_service` with the protocol of the container port. Otherwise, correct the protocol.",
  otherwise: "set the protocol of the Service port to the one of the container port",
});
