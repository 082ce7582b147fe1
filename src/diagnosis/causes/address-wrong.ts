// A workload is told to call an address that leads nowhere: no Service has that name, or the Service does not have that port.
import { ResourceQuotas, Services } from "#api/kubernetes.ts";
import { referenceText } from "#api/object.ts";
import { serviceSelects } from "#api/selectors.ts";
import { assess, objectQuote } from "#diagnosis/assess.ts";
import { type Called, calledBy, callersOf } from "#diagnosis/called-addresses.ts";
import { complaintsAbout } from "#diagnosis/caller-complaints.ts";
import type { Cause } from "#diagnosis/cause.ts";
import { quote } from "#diagnosis/explain.ts";
import type { Assessment } from "#diagnosis/finding.ts";
import { nearest } from "#diagnosis/nearest.ts";
import { remediesOr, rollbackWithout } from "#diagnosis/previous-revision.ts";
import { workloadSymptoms } from "#diagnosis/symptoms.ts";
import type { View, Workload } from "#diagnosis/view.ts";

const code = "EnvAddressWrong";

export const addressWrong: Cause = {
  code,
  title: "A variable with an address that leads nowhere",
  reads: "Addresses in variables, the Services that exist and their ports, and what the workload's own log says of that address.",
  means: "The variable names a Service or a port that does not exist.",
  remedy: "`rollback_deployment` to a revision whose address exists. Otherwise, correct the variable.",
  find: (view) => view.workloads.flatMap((workload) => calledBy(view, workload).map((called) => find(view, called))),
};

/** It or one of its callers has a symptom, or an alert fires for its namespace. */
const isTroubled = (view: View, workload: Workload): boolean =>
  [workload, ...view.servicesOf(workload).flatMap((service) => callersOf(view, service))].some(
    (each) => view.once(workloadSymptoms, each).length > 0,
  ) || view.evidence.alerts.some(({ labels }) => labels["namespace"] === workload.reference.namespace);

const find = (view: View, called: Called): Assessment => {
  const { workload, namespace, service: name, port, variable, container, value, host } = called;
  const service = view.get(Services, namespace, name);
  const ports = (service?.spec.ports ?? []).map((each) => each.port);
  const lacksPort =
    service !== undefined && port !== undefined && ports.length > 0 && !ports.includes(port) && service.spec.clusterIP !== "None";
  const ip = service?.spec.clusterIP;
  const spoken =
    service === undefined
      ? [host, `${host}:${port}`]
      : [`${host}:${port}`, ...(ip === undefined || ip === "None" ? [] : [`${ip}:${port}`])];
  const [complaint] = complaintsAbout(view, spoken, [workload]);
  // Whatever the variable says, a program does not call its own Service.
  const own = view.servicesOf(workload);
  const names = view
    .all(Services, namespace)
    .filter((each) => !own.includes(each))
    .map(({ metadata }) => metadata.name);
  const near = nearest(name, names);
  const meant = service === undefined ? (near ?? names.find((each) => name.startsWith(each) || each.startsWith(name))) : name;
  // Others who call it by that port have no trouble with their variable, but with the Service.
  const others = service === undefined ? [] : callersOf(view, service).filter((each) => each !== workload);
  const agreeing = others.filter((other) => calledBy(view, other).some((each) => each.service === name && each.port === port));
  // A program that nobody can reach by any Service: then it is its Service that is missing.
  const orphan = view.workloads.find(
    (other) =>
      other.reference.namespace === namespace &&
      other.reference.name === name &&
      view.servicesOf(other).length === 0 &&
      other.template.spec.containers.some(({ ports: declared = [] }) => declared.length > 0),
  );
  const isQuotaFull = view
    .all(ResourceQuotas, namespace)
    .some(({ status }) => status?.hard?.["services"] !== undefined && status.hard["services"] === status.used?.["services"]);
  const fault =
    service === undefined
      ? `there is no Service ${namespace}/${name}`
      : `Service ${namespace}/${name} has port ${ports.join(", ")}, not ${port}`;
  return assess(
    code,
    {
      required: [
        { claim: "Services of that namespace are known", holds: view.knows(Services, namespace) || service !== undefined },
        { claim: `the address ${value} leads nowhere`, holds: service === undefined || lacksPort },
        // What nobody complains of may be something that nobody calls; where no log was read, an address that is nearly right is a slip.
        {
          claim:
            "the workload's own log complains of that address, or none was read, something fails, and a Service has nearly that address",
          holds:
            complaint !== undefined ||
            (view.logsOf(workload).length === 0 && (lacksPort || near !== undefined) && isTroubled(view, workload)),
        },
      ],
      against: [
        { claim: "no more Services may be made in that namespace", holds: service === undefined && isQuotaFull },
        {
          claim: `Workload ${orphan?.reference.name} stands there without a Service`,
          holds: service === undefined && orphan !== undefined,
        },
        { claim: "others call it by the same port: the Service is wrong", holds: lacksPort && agreeing.length > 0 },
      ],
      supporting: [
        { claim: "the workload's own log complains of it", holds: complaint !== undefined, weight: 3 },
        { claim: "a Service of nearly that name exists", holds: meant !== undefined, weight: 2 },
        {
          claim: "others call the right one",
          holds:
            others.length > 0 ||
            (meant !== undefined &&
              view
                .all(Services, namespace)
                .some(
                  (each) =>
                    each.metadata.name === meant &&
                    view.podsBehind(each).some((pod) => serviceSelects(each.spec.selector, pod.metadata.labels)),
                )),
          weight: 1,
        },
      ],
    },
    () => ({
      object: workload.reference,
      detail: { variable },
      summary: `Variable ${variable} of container ${container} of ${referenceText(workload.reference)} is ${value}, and ${fault}${meant === undefined || service !== undefined ? "" : `; ${meant} exists`}.`,
      chain: [`${variable}=${value}`, fault, `${referenceText(workload.reference)} cannot reach what it calls`],
      quotes: [
        objectQuote(workload.reference, `container ${container}: ${variable}=${value}`),
        ...(complaint === undefined ? [] : [quote("log", `Pod ${complaint.log.namespace}/${complaint.log.pod}`, complaint.line)]),
        objectQuote(
          { kind: "Service", namespace, name: meant ?? name },
          service === undefined ? `Services: ${names.slice(0, 20).join(", ")}` : `ports: ${ports.join(", ")}`,
        ),
      ],
      explains: [
        workload.reference,
        ...view.servicesOf(workload).flatMap((each) => callersOf(view, each).map(({ reference }) => reference)),
      ],
      facts: remediesOr(
        rollbackWithout(view, workload, ({ spec }) =>
          spec.containers.some(({ env = [] }) => env.some((each) => each.name === variable && each.value === value)),
        ),
        `correct the variable ${variable}${meant === undefined ? "" : `, probably to ${meant}${ports[0] === undefined ? "" : `:${ports[0]}`}`}`,
      ),
    }),
  );
};
