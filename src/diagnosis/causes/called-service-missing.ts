// A program that looks up a Service which does not exist. Known from its log alone, where no variable names the host: the finding is for people and never
// leads to a change.
import { Services } from "#api/kubernetes.ts";
import { hasUnreadyPod, unreadyPods } from "#diagnosis/checks/pods.ts";
import { lineQuote, linesSaying, type LogLine } from "#diagnosis/log-lines.ts";
import { hostNotFound, noSuchName } from "#diagnosis/name-resolution.ts";
import { nearest } from "#diagnosis/nearest.ts";
import { objectQuote } from "#diagnosis/quotes.ts";
import { cause } from "#diagnosis/rule.ts";
import { nameOf } from "#diagnosis/template.ts";
import type { View, Workload } from "#diagnosis/view.ts";

const hostsAtMost = 3;
const maxLine = 160;

const missingHosts = (view: View, workload: Workload): readonly (readonly [host: string, line: LogLine])[] => {
  const byHost = new Map<string, LogLine>();
  for (const line of linesSaying(view, workload, noSuchName)) {
    const host = hostNotFound(line.text);
    if (host !== undefined && !byHost.has(host)) byHost.set(host, line);
  }
  return [...byHost].slice(0, hostsAtMost);
};

const missingService = (view: View, workload: Workload, host: string, line: LogLine) => {
  const { reference } = workload;
  const [name = "", namespace = reference.namespace ?? "", svc] = host.split(".");
  // Other hosts are outside of the cluster.
  if (host.split(".").length > 2 && svc !== "svc") return [];
  const services = view.all(Services, namespace);
  if (host.includes(".") && svc === undefined && services.length === 0) return [];
  if (!view.knows(Services, namespace) || services.some(({ metadata }) => metadata.name === name)) return [];
  const own = view.servicesOf(workload);
  const names = services.filter((each) => !own.includes(each)).map(({ metadata }) => metadata.name);
  const similar = nearest(name, names);
  const namesake = view.workloads.find((each) => each.reference.namespace === namespace && each.reference.name === name);
  const isNear = similar !== undefined || namesake !== undefined;
  // A program may do without a lookup that fails.
  if (!isNear && unreadyPods(workload).length === 0) return [];
  const service = namespace === reference.namespace ? name : `${namespace}/${name}`;
  const instead =
    similar !== undefined ? `; ${similar} exists` : namesake === undefined ? "" : `; ${nameOf(namesake)} has no Service of that name`;
  return [
    {
      ...{ workload, host, line, names, service, instead, isNear },
      quoted: line.text.trim().slice(0, maxLine),
      object: { apiVersion: "v1", kind: "Service", namespace, name: similar ?? name },
      step:
        similar === undefined
          ? `create Service ${service}, or correct the host ${host}`
          : `correct the host ${host}, probably to ${similar}`,
    },
  ];
};

export const calledServiceMissing = cause({
  code: "CalledServiceMissing",
  title: "A call to a Service that does not exist",
  reads: "Hosts that programs could not look up, from their own log, and the Services.",
  means: "The program calls a Service that does not exist, or no longer does.",
  // A change that introduced it explains more, and can be undone.
  suppressedBy: [
    ...(["ReleaseCrashes", "ConfigEdited", "UpdateStuck", "SupersededPodStuck", "EnvAddressWrong"] as const),
    ...(["DatabaseHostWrong", "DatabasePortWrong", "NameResolutionFails", "ClusterDnsDown"] as const),
  ],
  needs: ["logs", "objects.Service"],
  signs: ["log"],
  of: (view: View) =>
    view.workloads.flatMap((workload) =>
      missingHosts(view, workload).flatMap(([host, line]) => missingService(view, workload, host, line)),
    ),
  supports: [{ is: "a Service or workload has a similar name", holds: ({ isNear }) => isNear, weight: 2 }, hasUnreadyPod],
  detail: ({ host }) => ({ host }),
  says: '{workload} calls Service {service}, which does not exist{instead}: "{quoted}".',
  chain: "Service {service} does not exist{instead} → {workload} looks up {host} and gets no address",
  quotes: ({ line, object, names }) => [lineQuote(line), objectQuote(object, `Services: ${names.slice(0, 20).join(", ") || "none"}`)],
  remedy: "Correct the host in the program's configuration, or create the Service.",
  otherwise: "{step}",
});
