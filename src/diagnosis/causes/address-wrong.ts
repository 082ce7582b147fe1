// A workload that is configured to call an address that leads nowhere: the Service or its port does not exist.
import { ResourceQuotas, Services } from "#api/kubernetes.ts";
import { type Called, calledBy, callersOf, callersOfWorkload } from "#diagnosis/called-addresses.ts";
import { complaintQuote, complaintsAbout } from "#diagnosis/caller-complaints.ts";
import { nearest } from "#diagnosis/nearest.ts";
import { isQuotaFull } from "#diagnosis/quotas.ts";
import { objectQuote, quoted } from "#diagnosis/quotes.ts";
import { rollbackWithout } from "#diagnosis/remedies.ts";
import { cause } from "#diagnosis/rule.ts";
import { workloadSymptoms } from "#diagnosis/symptoms.ts";
import { nameOf } from "#diagnosis/template.ts";
import type { View, Workload } from "#diagnosis/view.ts";

/** It or one of its callers has a symptom, or an alert fires for its namespace. */
const isTroubled = (view: View, workload: Workload): boolean =>
  [workload, ...callersOfWorkload(view, workload)].some((each) => view.once(workloadSymptoms, each).length > 0) ||
  view.evidence.alerts.some(({ labels }) => labels["namespace"] === workload.reference.namespace);

/** A workload with that name whose declared ports no Service serves. */
const workloadWithoutService = (view: View, namespace: string, name: string): Workload | undefined =>
  view.workloads.find(
    (each) =>
      each.reference.namespace === namespace &&
      each.reference.name === name &&
      view.servicesOf(each).length === 0 &&
      each.template.spec.containers.some(({ ports = [] }) => ports.length > 0),
  );

const deadAddresses = (view: View, called: Called) => {
  const { workload, namespace, service: name, port, host } = called;
  const service = view.get(Services, namespace, name);
  if (service === undefined && !view.knows(Services, namespace)) return [];
  const { clusterIP = "None", ports: declared = [] } = service?.spec ?? {};
  const ports = declared.map((each) => each.port);
  const lacksPort = port !== undefined && ports.length > 0 && !ports.includes(port) && clusterIP !== "None";
  if (service !== undefined && !lacksPort) return [];
  const addresses = service === undefined ? [host, `${host}:${port}`] : [`${host}:${port}`, `${clusterIP}:${port}`];
  const [complaint] = complaintsAbout(view, addresses, [workload]);
  // A program does not call its own Service, whatever the variable says.
  const own = view.servicesOf(workload);
  const names = view
    .all(Services, namespace)
    .filter((each) => !own.includes(each))
    .map(({ metadata }) => metadata.name);
  const near = nearest(name, names);
  const similar = near ?? names.find((each) => name.startsWith(each) || each.startsWith(name));
  const intended = service === undefined ? similar : name;
  const others = service === undefined ? [] : callersOf(view, service).filter((each) => each !== workload);
  return [
    {
      ...{ ...called, isMissing: service === undefined, complaint, near, intended, names, ports, others },
      fault:
        service === undefined
          ? `Service ${namespace}/${name} does not exist`
          : `${nameOf(service)} has port ${ports.join(", ")}, not ${port}`,
      instead: service === undefined && intended !== undefined ? `; Service ${intended} exists` : "",
      hint: intended === undefined ? "" : `, probably to ${intended}${ports[0] === undefined ? "" : `:${ports[0]}`}`,
    },
  ];
};

export const addressWrong = cause({
  code: "EnvAddressWrong",
  title: "A variable with an address that leads nowhere",
  reads: "Addresses in variables, the Services and their ports, and the complaints of the workload's own log about the address.",
  means: "The variable names a Service or a port that does not exist.",
  needs: ["objects.Pod", "objects.Service"],
  signs: ["Service", "log"],
  of: (view: View) => view.workloads.flatMap((workload) => calledBy(view, workload).flatMap((called) => deadAddresses(view, called))),
  when: [
    {
      // A program may never call the address. Where no log was read, an address that is nearly right is a typing error.
      is: "its log complains about the address, or no log was read, it is in trouble, and a Service has a similar address",
      holds: ({ complaint, workload, isMissing, near }, view) =>
        complaint !== undefined || (view.logsOf(workload).length === 0 && (!isMissing || near !== undefined) && isTroubled(view, workload)),
    },
  ],
  unless: [
    {
      is: ({ namespace }) => `a ResourceQuota allows no more Services in namespace ${namespace}`,
      holds: ({ isMissing, namespace }, view) =>
        isMissing && view.all(ResourceQuotas, namespace).some((quota) => isQuotaFull(quota, "services")),
    },
    {
      is: ({ service }) => `workload ${service} has no Service`,
      holds: ({ isMissing, namespace, service }, view) => isMissing && workloadWithoutService(view, namespace, service) !== undefined,
    },
    {
      is: "other workloads call the same port: the Service is wrong",
      holds: ({ isMissing, others, service, port }, view) =>
        !isMissing && others.some((other) => calledBy(view, other).some((each) => each.service === service && each.port === port)),
    },
  ],
  supports: [
    { is: "the workload's own log complains about the address", holds: ({ complaint }) => complaint !== undefined, weight: 3 },
    { is: "a Service has a similar name", holds: ({ intended }) => intended !== undefined, weight: 2 },
    {
      is: "that Service has callers or pods",
      holds: ({ others, namespace, intended = "" }, view) => {
        const service = view.get(Services, namespace, intended);
        return others.length > 0 || (service !== undefined && view.podsBehind(service).length > 0);
      },
    },
  ],
  detail: ({ variable }) => ({ variable }),
  says: "Variable {variable} of container {container} of {workload} is {value}, and {fault}{instead}.",
  chain: "{variable}={value} → {fault} → {workload} cannot reach {host}",
  quotes: ({ workload, container, variable, value, complaint, isMissing, namespace, service, intended, names, ports }) => [
    objectQuote(workload, `container ${container}: ${variable}=${value}`),
    quoted(complaint, complaintQuote),
    objectQuote(
      { kind: "Service", namespace, name: intended ?? service },
      isMissing ? `Services: ${names.slice(0, 20).join(", ") || "none"}` : `ports: ${ports.join(", ")}`,
    ),
  ],
  explains: ({ workload }, view) => callersOfWorkload(view, workload),
  repairs: ({ workload, variable, value }, view) =>
    rollbackWithout(view, workload, ({ spec }) =>
      spec.containers.some(({ env = [] }) => env.some((each) => each.name === variable && each.value === value)),
    ),
  remedy: "`rollback_deployment` to a revision whose address exists. Otherwise, correct the variable.",
  otherwise: "correct the variable {variable}{hint}",
});
