// A Service that leads nowhere although its program runs: its selector matches no pod, its target port is none of theirs, or its protocol another.
import { EndpointSlices, Pods, Services, type Container, type Service } from "#api/kubernetes.ts";
import { referenceText } from "#api/object.ts";
import { serviceSelects } from "#api/selectors.ts";
import { assess, objectQuote } from "#diagnosis/assess.ts";
import { callersAndComplainers, complaintsAboutService, hasOwnComplaint } from "#diagnosis/caller-complaints.ts";
import type { Cause } from "#diagnosis/cause.ts";
import { quote } from "#diagnosis/explain.ts";
import type { Assessment, Finding } from "#diagnosis/finding.ts";
import { nearest } from "#diagnosis/nearest.ts";
import { remediesOr } from "#diagnosis/previous-revision.ts";
import { referenceTo, type View, type Workload } from "#diagnosis/view.ts";
import { isReady } from "#api/conditions.ts";

type Port = NonNullable<Service["spec"]["ports"]>[number];

const routed = (view: View): readonly Service[] =>
  view.all(Services).filter(({ spec }) => spec.type !== "ExternalName" && Object.keys(spec.selector ?? {}).length > 0);

/** Tried, and not once open. */
const isUnreachable = (view: View, service: Service, port?: number): boolean | "unknown" => {
  const tried = view.connectionsTo(service).filter((each) => (port === undefined || each.port === port) && each.result !== "unknown");
  return tried.length === 0 ? "unknown" : tried.every(({ result }) => result !== "open");
};

const complaintQuotes = (view: View, service: Service): Finding["quotes"] =>
  complaintsAboutService(view, service)
    .slice(0, 1)
    .map(({ log, line }) => quote("log", `Pod ${log.namespace}/${log.pod}`, line));

const complains = (view: View, service: Service): boolean | "unknown" =>
  complaintsAboutService(view, service).length > 0 ? true : "unknown";

export const serviceSelectorMatchesNothing: Cause = {
  code: "ServiceSelectorMatchesNothing",
  title: "A Service whose selector matches no pod",
  reads: "Services with a selector, the labels of all pods and templates, and what the pods listen on.",
  means: "The selector matches no pod and no template, while a workload runs that the Service is for.",
  remedy: "`fix_service` with the labels of the pods. Otherwise, correct the selector.",
  find: (view) => routed(view).map((service) => findSelector(view, service)),
};

const findSelector = (view: View, service: Service): Assessment => {
  const { namespace = "", name } = service.metadata;
  const selector = service.spec.selector ?? {};
  const text = textOf(selector);
  const matched =
    view.podsBehind(service).length > 0 ||
    view.workloads.some(
      ({ reference, template }) => reference.namespace === namespace && serviceSelects(selector, template.metadata?.labels),
    );
  const intended = matched ? undefined : intendedWorkload(view, service);
  return assess(
    "ServiceSelectorMatchesNothing",
    {
      required: [
        { claim: "pods of its namespace are known", holds: view.all(Pods, namespace).length > 0 || view.knows(Pods, namespace) },
        { claim: "no pod and no template has the labels", holds: !matched },
        { claim: "a workload that it is for", holds: intended !== undefined },
      ],
      supporting: [
        {
          claim: "its pods are ready",
          holds: intended?.pods.some(isReady) ?? "unknown",
          weight: 2,
        },
        { claim: "it cannot be reached", holds: isUnreachable(view, service), weight: 2 },
        { claim: "callers complain", holds: intended === undefined ? "unknown" : complains(view, service), weight: 1 },
      ],
    },
    () => ({
      object: referenceTo(service),
      summary: `${referenceText(referenceTo(service))} selects ${text}, which no pod has; ${intended === undefined ? "" : referenceText(intended.reference)} has ${textOf(intended?.template.metadata?.labels ?? {})}.`,
      chain: [`the selector ${text} matches no pod`, `Service ${name} has no endpoints`, "connections to it are refused"],
      quotes: [
        objectQuote(referenceTo(service), `selector: ${text}`),
        ...(intended === undefined
          ? []
          : [objectQuote(intended.reference, `template labels: ${textOf(intended.template.metadata?.labels ?? {})}`)]),
        ...complaintQuotes(view, service),
      ],
      explains: callersAndComplainers(view, service).map(({ reference }) => reference),
      facts: remediesOr(
        intended === undefined
          ? []
          : [
              {
                action: "fix_service",
                target: referenceTo(service),
                parameters: { selector: textOf(labelsFor(intended, selector)) },
                rationale: `The pods of ${referenceText(intended.reference)} have these labels, and listen on the Service's target port.`,
                expected: `${referenceText(referenceTo(service))} has endpoints.`,
              },
            ],
        "set the selector of the Service to the labels of its pods",
      ),
    }),
  );
};

/** The workload that listens on its target ports and whose labels are nearest, or that is called as it is; none that another Service leads to already comes before one that is free. */
const intendedWorkload = (view: View, service: Service): Workload | undefined => {
  const { namespace, name } = service.metadata;
  const selector = Object.entries(service.spec.selector ?? {});
  const rated = view.workloads
    .filter(
      ({ reference, template }) =>
        reference.namespace === namespace &&
        (service.spec.ports ?? []).every((port) => targetOf(template.spec.containers, port) !== undefined),
    )
    .map((workload) => {
      const labels = workload.template.metadata?.labels ?? {};
      const values = Object.values(labels);
      const likeness = selector.reduce(
        (sum, [key, value]) => {
          if (labels[key] === value) return sum + 3;
          if (values.includes(value)) return sum + 3;
          return sum + (nearest(value, values) === undefined ? 0 : 2);
        },
        workload.reference.name === name ? 2 : 0,
      );
      const isFree = view.servicesOf(workload).length === 0;
      return { workload, rate: likeness === 0 ? 0 : likeness * 2 + (isFree ? 3 : 0) };
    })
    .toSorted((a, b) => b.rate - a.rate);
  const [first, second] = rated;
  if (first === undefined || first.rate < 3 || first.rate === second?.rate) return undefined;
  return first.workload;
};

/** The template's labels of the selector's own keys where it has them, else all that it has. */
const labelsFor = ({ template }: Workload, selector: Readonly<Record<string, string>>): Record<string, string> => {
  const labels = template.metadata?.labels ?? {};
  const kept = Object.fromEntries(Object.keys(selector).flatMap((key) => (labels[key] === undefined ? [] : [[key, labels[key]]])));
  return Object.keys(kept).length > 0 ? kept : labels;
};

/** The container port that a Service port leads to; undefined where no container declares it. */
const targetOf = (
  containers: readonly Container[],
  { port, targetPort }: Port,
): { containerPort: number; protocol?: string } | undefined => {
  const target = targetPort ?? port;
  return containers
    .flatMap(({ ports = [] }) => ports)
    .find(({ containerPort, name }) => (typeof target === "number" ? containerPort === target : name === target));
};

export const servicePortWrong: Cause = {
  code: "ServicePortWrong",
  title: "A Service whose target port is none of its pods'",
  reads: "The target ports of Services, the ports that the containers behind them declare, connections and what callers say.",
  means: "The Service leads to a port on which nothing listens, or names one that no container has.",
  remedy: "`fix_service` with the port that the containers declare. Otherwise, correct the target port.",
  find: (view) => routed(view).flatMap((service) => (service.spec.ports ?? []).map((port) => findPort(view, service, port))),
};

const behind = (view: View, service: Service): { containers: readonly Container[]; ready: boolean } => {
  const pods = view.podsBehind(service);
  return {
    containers: pods.flatMap(({ spec }) => spec.containers),
    ready: pods.some(isReady),
  };
};

/** The endpoints controller leaves out a port whose name no container has: one that it lists it has found. */
const resolves = (view: View, { metadata }: Service, { name = "" }: Port): boolean =>
  view
    .all(EndpointSlices, metadata.namespace)
    .filter((slice) => slice.metadata.labels?.["kubernetes.io/service-name"] === metadata.name && (slice.endpoints ?? []).length > 0)
    .some(({ ports }) => (ports ?? []).some((each) => (each.name ?? "") === name && each.port !== undefined));

const findPort = (view: View, service: Service, port: Port): Assessment => {
  const { containers, ready } = behind(view, service);
  const declared = containers.flatMap(({ ports = [] }) => ports);
  const target = port.targetPort ?? port.port;
  const isNamed = typeof target === "string";
  const unreachable = isUnreachable(view, service, port.port);
  // Logs are only searched where something else speaks for it: there are many Services and few that are wrong.
  const isUndeclared = declared.length > 0 && targetOf(containers, port) === undefined;
  const complaints = isUndeclared ? complaintsAboutService(view, service) : [];
  const complaint = complaints.length > 0;
  const isHearsay = !isNamed && unreachable !== true && !hasOwnComplaint(complaints, service.metadata.namespace);
  const free = [...new Set(declared.map(({ containerPort }) => containerPort))];
  const intended = free.length === 1 ? free[0] : free.find((each) => each === port.port);
  return assess(
    "ServicePortWrong",
    {
      required: [
        { claim: "it has pods", holds: containers.length > 0 },
        {
          claim: "their containers declare ports, and the target port is none of them",
          holds: isUndeclared,
        },
        // A container need not declare what it listens on: only a name has to exist.
        { claim: "connections fail", holds: isNamed || unreachable === true || (unreachable === "unknown" && complaint) },
      ],
      against: [
        { claim: "connections to it succeed", holds: unreachable === false },
        { claim: "its endpoints have a port for that name", holds: isNamed && isUndeclared && resolves(view, service, port) },
      ],
      supporting: [
        { claim: "its pods are ready", holds: ready, weight: 2 },
        { claim: "it cannot be reached", holds: unreachable, weight: 2 },
        { claim: "callers complain", holds: complaint ? true : "unknown", weight: 1 },
      ],
    },
    () => ({
      object: referenceTo(service),
      summary: `${referenceText(referenceTo(service))} sends port ${port.port} to port ${target} of its pods, which declare ${free.join(", ")}.`,
      chain: [
        `targetPort ${target} is none of the containers' ports`,
        isNamed ? "the Service has no endpoints" : "nothing listens there",
        `connections to port ${port.port} are refused`,
      ],
      quotes: [
        objectQuote(referenceTo(service), `port ${port.port}, targetPort ${target}`),
        ...view
          .podsBehind(service)
          .slice(0, 1)
          .map((pod) =>
            objectQuote(
              referenceTo(pod),
              `containerPorts: ${declared.map(({ name, containerPort }) => (name === undefined ? containerPort : `${containerPort} (${name})`)).join(", ")}`,
            ),
          ),
        ...complaintQuotes(view, service),
      ],
      ...(isHearsay ? { hearsay: "only logs of another namespace say that it cannot be reached" } : {}),
      explains: callersAndComplainers(view, service).map(({ reference }) => reference),
      facts: remediesOr(
        intended === undefined
          ? []
          : [
              {
                action: "fix_service",
                target: referenceTo(service),
                parameters: { port: String(port.port), targetPort: String(intended) },
                rationale: `${intended} is the port that the containers declare.`,
                expected: `Connections to ${referenceText(referenceTo(service))} succeed.`,
              },
            ],
        "set targetPort to the port that the program listens on",
      ),
    }),
  );
};

export const serviceProtocolWrong: Cause = {
  code: "ServiceProtocolWrong",
  title: "A Service in another protocol than its pods",
  reads: "The protocol of Service ports and of the container ports they lead to.",
  means: "The Service forwards UDP where the container listens for TCP, or the other way round.",
  remedy: "`fix_service` with the protocol of the container port. Otherwise, correct the protocol.",
  find: (view) => routed(view).flatMap((service) => (service.spec.ports ?? []).map((port) => findProtocol(view, service, port))),
};

const findProtocol = (view: View, service: Service, port: Port): Assessment => {
  const { containers, ready } = behind(view, service);
  const protocol = port.protocol ?? "TCP";
  const target = port.targetPort ?? port.port;
  const matching = containers
    .flatMap(({ ports = [] }) => ports)
    .filter(({ containerPort, name }) => (typeof target === "number" ? containerPort === target : name === target));
  const other = matching[0]?.protocol ?? "TCP";
  const isOther = matching.length > 0 && matching.every((each) => (each.protocol ?? "TCP") !== protocol);
  const isBoth = (service.spec.ports ?? []).some((each) => each.port === port.port && (each.protocol ?? "TCP") === other);
  return assess(
    "ServiceProtocolWrong",
    {
      required: [
        { claim: "the container port that it leads to", holds: matching.length > 0 },
        { claim: "is of another protocol", holds: matching.every((each) => (each.protocol ?? "TCP") !== protocol) },
      ],
      against: [
        { claim: "connections to it succeed", holds: isUnreachable(view, service, port.port) === false },
        { claim: "the Service has the port in the other protocol, too", holds: isBoth },
      ],
      supporting: [
        { claim: "its pods are ready", holds: ready, weight: 2 },
        { claim: "it cannot be reached", holds: isUnreachable(view, service, port.port), weight: 2 },
        { claim: "callers complain", holds: isOther ? complains(view, service) : "unknown", weight: 1 },
      ],
    },
    () => ({
      object: referenceTo(service),
      summary: `${referenceText(referenceTo(service))} forwards ${protocol} on port ${port.port}; its pods listen for ${other}.`,
      chain: [
        `port ${port.port} is ${protocol}`,
        `the containers listen on ${target} for ${other}`,
        `${other} connections to the Service are refused`,
      ],
      quotes: [
        objectQuote(referenceTo(service), `port ${port.port}/${protocol}, targetPort ${target}`),
        ...view
          .podsBehind(service)
          .slice(0, 1)
          .map((pod) => objectQuote(referenceTo(pod), `containerPort ${target}/${other}`)),
        ...complaintQuotes(view, service),
      ],
      explains: callersAndComplainers(view, service).map(({ reference }) => reference),
      facts: remediesOr(
        [
          {
            action: "fix_service",
            target: referenceTo(service),
            parameters: { port: String(port.port), protocol: other },
            rationale: `The containers declare ${target} for ${other}.`,
            expected: `Connections to ${referenceText(referenceTo(service))} succeed.`,
          },
        ],
        "set the protocol of the Service port to the one of the container port",
      ),
    }),
  );
};

const textOf = (labels: Readonly<Record<string, string>>): string =>
  Object.entries(labels)
    .map(([key, value]) => `${key}=${value}`)
    .join(",");
