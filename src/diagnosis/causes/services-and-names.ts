// Services and names that lead elsewhere: an ExternalName that is an address, a selector that takes in another workload, a governing Service that does
// not exist, two autoscalers of one workload, and variables of a Service that override a program's own.
import { conditionOf } from "#api/conditions.ts";
import { HorizontalPodAutoscalers, type Service, Services, type StatefulSet } from "#api/kubernetes.ts";
import { referenceText } from "#api/object.ts";
import { complaintQuote, complaintsAbout, complaintsAboutService } from "#diagnosis/caller-complaints.ts";
import { failingWorkloads } from "#diagnosis/containers.ts";
import { lineIn, lineQuote } from "#diagnosis/log-lines.ts";
import { objectQuote, quoted } from "#diagnosis/quotes.ts";
import { cause } from "#diagnosis/rule.ts";
import type { View, Workload } from "#diagnosis/view.ts";

const ipv4 = /^\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}$/;

export const externalNameIsAddress = cause({
  code: "ExternalNameIsAddress",
  title: "An ExternalName that is an IP address",
  reads: "Services of type ExternalName, and the complaints of callers about them.",
  means: "DNS answers with a CNAME to the address as if it were a host name, and no such name resolves.",
  needs: ["objects.Service", "logs"],
  signs: ["Service"],
  of: (view: View) =>
    view.all(Services).flatMap((service) => {
      const { type, externalName = "" } = service.spec;
      const { name, namespace } = service.metadata;
      return type === "ExternalName" && (ipv4.test(externalName) || externalName.includes(":"))
        ? [{ service, externalName, callers: complaintsAbout(view, [name, `${name}.${namespace ?? ""}`]) }]
        : [];
    }),
  supports: [{ is: "a caller cannot resolve it", holds: ({ callers }) => callers.length > 0 }],
  object: ({ service }) => service,
  says: "{service} is an ExternalName with the IP address {externalName}; an ExternalName must be a DNS name.",
  chain: "externalName {externalName} is not a DNS name → the name of {service} does not resolve",
  quotes: ({ service, externalName, callers }) => [
    objectQuote(service, `type ExternalName, externalName ${externalName}`),
    ...callers.slice(0, 2).map(complaintQuote),
  ],
  explains: ({ callers }) => callers.map(({ workload }) => workload),
  otherwise: "replace it by a Service without a selector and an EndpointSlice with that address, or use a DNS name",
});

/** Ports that a template declares, or undefined where a container declares none: it may listen anywhere. */
const serves = ({ template }: Workload, port: number | string): boolean =>
  template.spec.containers.some(({ ports = [] }) => ports.some(({ containerPort, name }) => containerPort === port || name === port));

export const serviceSelectsOthers = cause({
  code: "ServiceSelectsOthers",
  title: "A Service that also selects another workload",
  reads: "Services, the workloads whose pods they select, and the ports that these declare.",
  means: "Some requests go to pods that do not serve the Service's port.",
  needs: ["objects.Service", "objects.Pod"],
  signs: ["Service"],
  of: (view: View) =>
    view.all(Services).flatMap((service) => {
      const selected = [...new Set(view.podsBehind(service).flatMap((pod) => view.workloadOf(pod) ?? []))];
      const targets = (service.spec.ports ?? []).map(({ port, targetPort }) => targetPort ?? port);
      const serving = selected.filter((workload) => targets.some((port) => serves(workload, port)));
      const others = selected.filter((workload) => !serving.includes(workload));
      const [owner] = serving;
      return owner === undefined || others.length === 0 ? [] : [{ service, owner, others, targets, label: distinguishing(owner, others) }];
    }),
  // Two revisions of one program, as of a canary, serve the same port.
  supports: [
    { is: "a label distinguishes the workloads", holds: ({ label }) => label !== "" },
    { is: "a caller is refused", holds: ({ service }, view) => complaintsAboutService(view, service).length > 0 || "unknown" },
  ],
  object: ({ service }) => service,
  says: "{service} selects pods of {others} besides those of {owner}; they do not serve port {targets}, so some requests are refused.",
  chain: "the selector of {service} matches {others} → some requests reach pods that do not serve port {targets}",
  quotes: ({ service, others }) => [
    objectQuote(service, `selector: ${JSON.stringify(service.spec.selector)}`),
    ...others.slice(0, 2).map((other) => objectQuote(other, `labels: ${JSON.stringify(other.template.metadata?.labels ?? {})}`)),
  ],
  explains: ({ others, owner }) => [owner, ...others],
  remedy: "Add a label to the selector that only the intended workload has.",
  otherwise: "add a label to the selector that only {owner} has: {label}",
});

/** `component=web`: a label of the first whose value no other has. */
const distinguishing = ({ template }: Workload, others: readonly Workload[]): string => {
  const found = Object.entries(template.metadata?.labels ?? {}).find(([key, value]) =>
    others.every((other) => other.template.metadata?.labels?.[key] !== value),
  );
  return found === undefined ? "" : found.join("=");
};

export const governingServiceMissing = cause({
  code: "GoverningServiceMissing",
  title: "A StatefulSet whose governing Service does not exist",
  reads: "The serviceName of StatefulSets, and the headless Services that select their pods.",
  means: "The pods have no DNS names of their own, and cannot find each other.",
  needs: ["objects.StatefulSet", "objects.Service"],
  signs: ["StatefulSet"],
  of: (view: View) =>
    view.workloads.flatMap((workload) => {
      if (workload.object.kind !== "StatefulSet") return [];
      const { serviceName = "" } = (workload.object as StatefulSet).spec;
      const { namespace } = workload.reference;
      if (serviceName === "" || view.get(Services, namespace, serviceName) !== undefined || !view.knows(Services, namespace)) return [];
      const headless = view.servicesOf(workload).filter(({ spec }) => spec.clusterIP === "None");
      const line = lineIn(view.logsOf(workload), (each) => each.includes(`.${serviceName}`));
      return [{ workload, serviceName, headless, line, other: headless[0]?.metadata.name ?? "none" }];
    }),
  supports: [
    { is: "a log names a host under it", holds: ({ line }) => line !== undefined },
    { is: "a headless Service of another name selects the pods", holds: ({ headless }) => headless.length > 0 },
  ],
  says: "{workload} has serviceName {serviceName}, but Service {serviceName} does not exist; headless Services of its pods: {other}.",
  chain: "Service {serviceName} does not exist → the pods of {workload} have no DNS names → they cannot find each other",
  quotes: ({ workload, serviceName, line }) => [objectQuote(workload, `serviceName: ${serviceName}`), quoted(line, lineQuote)],
  remedy: "Create a headless Service with the name that the StatefulSet expects.",
  otherwise: "create a headless Service {serviceName} that selects the pods; serviceName itself cannot be changed",
});

export const autoscalersConflict = cause({
  code: "AutoscalersConflict",
  title: "Two autoscalers of one workload",
  reads: "HorizontalPodAutoscalers, their targets and their conditions.",
  means: "The controller stops all of them (AmbiguousSelector), because each would undo the other.",
  needs: ["objects.HorizontalPodAutoscaler"],
  signs: ["HorizontalPodAutoscaler"],
  of: (view: View) => {
    const byTarget = Object.groupBy(view.all(HorizontalPodAutoscalers), ({ spec: { scaleTargetRef }, metadata }) =>
      referenceText({ ...scaleTargetRef, namespace: metadata.namespace }),
    );
    return Object.entries(byTarget).flatMap(([target, autoscalers = []]) => {
      const [first] = autoscalers;
      return first === undefined || autoscalers.length < 2 ? [] : [{ target, autoscalers, first, count: autoscalers.length }];
    });
  },
  supports: [
    {
      is: "the controller calls the selector ambiguous",
      holds: ({ autoscalers }) =>
        autoscalers.some(({ status }) => status?.conditions?.some(({ reason }) => reason === "AmbiguousSelector")),
      weight: 2,
    },
  ],
  object: ({ first }) => first,
  says: "{count} autoscalers target {target}: {autoscalers}. None of them scales it.",
  chain: "{autoscalers} have the same target → the controller stops them (AmbiguousSelector) → {target} is not scaled",
  quotes: ({ autoscalers }) =>
    autoscalers.map((autoscaler) => {
      const condition = conditionOf(autoscaler, "ScalingActive");
      return objectQuote(
        autoscaler,
        `scaleTargetRef ${autoscaler.spec.scaleTargetRef.name}; ${condition?.reason ?? ""}: ${condition?.message ?? ""}`,
      );
    }),
  explains: ({ autoscalers }) => autoscalers,
  remedy: "Keep one autoscaler with all metrics, and delete the others.",
  otherwise: "keep one of {autoscalers}, put all metrics into it, and delete the other",
});

/** Variables that the kubelet sets for a Service, unless `enableServiceLinks` is false (Docker links compatible). */
const linkVariable = ({ metadata }: Service): string => `${metadata.name.toUpperCase().replaceAll("-", "_")}_PORT`;

export const serviceLinkVariable = cause({
  code: "ServiceLinkVariable",
  title: "A variable of a Service that overrides a program's own",
  reads: "Logs of failing containers, the Services of their namespace, and enableServiceLinks.",
  means:
    "For every Service, the kubelet sets variables such as REDIS_PORT=tcp://10.0.0.1:6379; the program reads one of them as its own setting.",
  needs: ["objects.Service", "logs"],
  signs: ["log"],
  of: (view: View) =>
    failingWorkloads(view).flatMap((workload) => {
      if (workload.template.spec["enableServiceLinks"] === false) return [];
      const { namespace } = workload.reference;
      for (const service of view.all(Services, namespace)) {
        const variable = linkVariable(service);
        const own = workload.template.spec.containers.some(({ env = [] }) => env.some(({ name }) => name === variable));
        if (own || service.spec.clusterIP === undefined) continue;
        const address = `tcp://${service.spec.clusterIP}:`;
        const line = lineIn(
          view.logsOf(workload),
          (each) => each.includes(address) || (each.includes(variable) && /tcp:\/\/|NaN|invalid|port/i.test(each)),
        );
        if (line !== undefined) return [{ workload, service, variable, line }];
      }
      return [];
    }),
  supports: [
    { is: "the log names the variable", holds: ({ line, variable }) => line.text.includes(variable) },
    { is: "the log quotes its value", holds: ({ line }) => line.text.includes("tcp://") },
  ],
  says: "Containers of {workload} read {variable}, which the kubelet sets for {service} as a service link, as their own setting.",
  chain: "{service} exists → the kubelet sets {variable}=tcp://… in new pods → the program reads it as its own setting and fails",
  quotes: ({ line, service, variable }) => [
    lineQuote(line),
    objectQuote(service, `clusterIP ${service.spec.clusterIP ?? ""}; sets ${variable} in pods of its namespace`),
  ],
  explains: ({ service }) => [service],
  remedy: "Set enableServiceLinks: false in the pod template, or set the variable explicitly.",
  otherwise: "set enableServiceLinks: false in the pod template of {workload}, or set {variable} explicitly",
});
