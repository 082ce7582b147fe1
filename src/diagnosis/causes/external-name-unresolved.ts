// A Service of type ExternalName whose name does not resolve: its callers say so, and no object of the cluster can.
import { Services } from "#api/kubernetes.ts";
import { objectQuote } from "#diagnosis/quotes.ts";
import { restoration } from "#diagnosis/remedies.ts";
import { complaintQuote, complaintsAbout } from "#diagnosis/caller-complaints.ts";
import { cause } from "#diagnosis/rule.ts";
import { referenceTo, type View } from "#diagnosis/view.ts";

const unresolved = /no such host|name or service not known|ENOTFOUND|EAI_AGAIN|NXDOMAIN|could not resolve|name resolution|unknown ?host/i;

export const externalNameUnresolved = cause({
  code: "ExternalNameUnresolved",
  title: "An ExternalName that does not resolve",
  reads: "Services of type ExternalName, and the logs of programs that look up their names.",
  means: "The Service is an alias of a DNS name that does not exist, or that the cluster's DNS cannot resolve.",
  needs: ["objects.Service", "logs"],
  signs: ["Service"],
  suppressedBy: ["ExternalNameIsAddress", "ClusterDnsDown"],
  of: (view: View) =>
    view.all(Services).flatMap((service) => {
      const { type, externalName = "" } = service.spec;
      if (type !== "ExternalName") return [];
      const { name, namespace = "" } = service.metadata;
      const names = [name, `${name}.${namespace}`, `${name}.${namespace}.svc`, `${name}.${namespace}.svc.cluster.local`, externalName];
      const callers = complaintsAbout(view, names).filter(
        ({ workload, line }) => workload.reference.namespace === namespace && unresolved.test(line),
      );
      const change = view.changesOf(referenceTo(service))[0];
      return callers.length === 0 ? [] : [{ service, externalName, callers, change, workloads: callers.map(({ workload }) => workload) }];
    }),
  supports: [
    { is: "several callers say so", holds: ({ callers }) => callers.length > 1 },
    { is: "the Service was changed", holds: ({ change }) => change !== undefined || "unknown" },
  ],
  object: ({ service }) => service,
  field: () => "spec.externalName",
  hearsay: () => "only logs of the callers report it",
  says: "{service} is an alias of {externalName}, which does not resolve.",
  chain: "externalName {externalName} does not resolve → lookups of {service} fail → {workloads} cannot connect",
  quotes: ({ service, externalName, callers }) => [
    objectQuote(service, `type ExternalName, externalName ${externalName}`),
    ...callers.slice(0, 2).map(complaintQuote),
  ],
  explains: ({ workloads }) => workloads,
  repairs: ({ change }) => (change?.kind === "changed" ? [restoration(change, "The name resolves again.")] : []),
  remedy: "`restore_object`, if the change journal has the earlier Service. Otherwise, correct spec.externalName.",
  otherwise: "correct spec.externalName, or restore the DNS record {externalName}",
});
