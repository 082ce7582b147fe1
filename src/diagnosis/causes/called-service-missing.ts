// A program looks up a host that would be a Service of this cluster, and no Service has that name. Known from its log alone, where no variable names the host:
// what a log says may be anybody's text, so the finding is for people and never leads to a change.
import { Services } from "#api/kubernetes.ts";
import { referenceText } from "#api/object.ts";
import { assess, objectQuote, person } from "#diagnosis/assess.ts";
import type { Cause } from "#diagnosis/cause.ts";
import type { Assessment } from "#diagnosis/finding.ts";
import { lineQuote, linesSaying, type LogLine } from "#diagnosis/log-lines.ts";
import { hostNotFound, noSuchName } from "#diagnosis/name-resolution.ts";
import { nearest } from "#diagnosis/nearest.ts";
import type { View, Workload } from "#diagnosis/view.ts";

const code = "CalledServiceMissing";

export const calledServiceMissing: Cause = {
  code,
  title: "A call to a Service that does not exist",
  reads: "Hosts that programs could not look up, by their own log, and the Services that exist.",
  means: "The program calls a Service that does not exist, or no longer does.",
  remedy: "Correct the host in the program's configuration, or create the Service.",
  // A change that brought it in says more, and can be undone.
  suppressedBy: [
    "ReleaseCrashes",
    "ConfigEdited",
    "UpdateStuck",
    "SupersededPodStuck",
    "EnvAddressWrong",
    "DatabaseHostWrong",
    "DatabasePortWrong",
    "NameResolutionFails",
    "ClusterDnsDown",
  ],
  find: (view) => view.workloads.flatMap((workload) => find(view, workload)),
};

const hostsAtMost = 3;

const find = (view: View, workload: Workload): readonly Assessment[] => {
  const byHost = new Map<string, LogLine>();
  for (const line of linesSaying(view, workload, noSuchName)) {
    const host = hostNotFound(line.text);
    if (host !== undefined && !byHost.has(host)) byHost.set(host, line);
  }
  return [...byHost].slice(0, hostsAtMost).flatMap(([host, line]) => assessment(view, workload, host, line));
};

const assessment = (view: View, workload: Workload, host: string, line: LogLine): readonly Assessment[] => {
  const { reference } = workload;
  const [name = "", namespace = reference.namespace ?? "", svc] = host.split(".");
  // Other hosts are outside of the cluster.
  if (host.split(".").length > 2 && svc !== "svc") return [];
  const isKnown = view.knows(Services, namespace);
  const services = view.all(Services, namespace);
  if (host.includes(".") && svc === undefined && services.length === 0) return [];
  const own = view.servicesOf(workload);
  const names = services.filter((each) => !own.includes(each)).map(({ metadata }) => metadata.name);
  const near = nearest(name, names);
  const behind = view.workloads.find((each) => each.reference.namespace === namespace && each.reference.name === name);
  const full = namespace === reference.namespace ? name : `${namespace}/${name}`;
  const isNear = near !== undefined || behind !== undefined;
  const isUnwell = view.inside(workload).pods.some(({ isReady, isDeleting }) => !isReady && !isDeleting);
  const instead =
    near !== undefined ? `; ${near} does` : behind === undefined ? "" : `; ${referenceText(behind.reference)} has no Service of that name`;
  return [
    assess(
      code,
      {
        required: [
          { claim: `Services of namespace ${namespace} were read`, holds: isKnown },
          // A failed look-up without a symptom may be one that the program can do without.
          { claim: "its pods are not well, or that name is nearly right", holds: isUnwell || isNear },
          { claim: `Service ${full} does not exist`, holds: !services.some(({ metadata }) => metadata.name === name) },
        ],
        supporting: [
          { claim: "a Service of nearly that name exists, or a workload of that name", holds: isNear, weight: 2 },
          { claim: "its pods are not well", holds: isUnwell, weight: 1 },
        ],
      },
      () => ({
        object: reference,
        detail: { host },
        summary: `${referenceText(reference)} calls Service ${full}, which does not exist${instead}: "${line.text.trim().slice(0, lineAtMost)}".`,
        chain: [`Service ${full} does not exist${instead}`, `${referenceText(reference)} looks up ${host} and gets no address`],
        quotes: [
          lineQuote(line),
          objectQuote({ kind: "Service", namespace, name: near ?? name }, `Services: ${names.slice(0, 20).join(", ") || "none"}`),
        ],
        explains: [reference],
        facts: person(
          near === undefined ? `create Service ${full}, or correct the host ${host}` : `correct the host ${host}, probably to ${near}`,
        ),
      }),
    ),
  ];
};

const lineAtMost = 160;
