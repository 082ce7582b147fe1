// Pods that get no answer to any name because of what their own template says: nameservers that are none, or none at all.
// dnsPolicy None takes the nameservers of dnsConfig alone; Default takes the node's, which know no Services.
import { Pods, Services } from "#api/kubernetes.ts";
import { referenceText } from "#api/object.ts";
import { assess, objectQuote, person } from "#diagnosis/assess.ts";
import type { Cause } from "#diagnosis/cause.ts";
import type { Assessment } from "#diagnosis/finding.ts";
import { lineQuote, linesSaying } from "#diagnosis/log-lines.ts";
import { noSuchName, unanswered } from "#diagnosis/name-resolution.ts";
import type { View, Workload } from "#diagnosis/view.ts";

const code = "NameResolutionFails";

export const nameResolutionFails: Cause = {
  code,
  title: "Pods whose own DNS settings lead nowhere",
  reads: "dnsPolicy and dnsConfig of pods, the Services that answer DNS, and what programs say when a name has no address.",
  means:
    "The template sends its lookups to a nameserver that does not answer them, while pods with the cluster's own settings resolve names.",
  remedy: "Set `dnsPolicy: ClusterFirst`, or correct the nameservers.",
  find: (view) => view.workloads.flatMap((workload) => find(view, workload)),
};

interface DnsSettings {
  readonly policy: string;
  readonly nameservers: readonly string[];
}

const settingsOf = ({ template }: Workload): DnsSettings => {
  const { dnsPolicy, dnsConfig } = template.spec as { dnsPolicy?: unknown; dnsConfig?: { nameservers?: unknown } };
  const nameservers = Array.isArray(dnsConfig?.nameservers) ? dnsConfig.nameservers.filter((each) => typeof each === "string") : [];
  return { policy: typeof dnsPolicy === "string" ? dnsPolicy : "ClusterFirst", nameservers };
};

const find = (view: View, workload: Workload): readonly Assessment[] => {
  const { policy, nameservers } = settingsOf(workload);
  if (policy === "ClusterFirst" || policy === "ClusterFirstWithHostNet") return [];
  const { reference } = workload;
  const mute = linesSaying(view, workload, unanswered);
  const lines = [...mute, ...linesSaying(view, workload, noSuchName)];
  const isUnwell = view.inside(workload).pods.some(({ isReady, isDeleting }) => !isReady && !isDeleting);
  const servers = dnsServersOf(view);
  const strange = nameservers.filter((address) => !servers.has(address));
  // Others that say the same without settings of their own: then it is the cluster's DNS.
  const fellows = view.workloads.filter(
    (other) => other !== workload && settingsOf(other).policy === "ClusterFirst" && linesSaying(view, other, unanswered).length > 0,
  );
  const named = nameservers.find((address) => lines.some(({ text }) => text.includes(address)));
  const said =
    policy === "None" ? `nameservers ${nameservers.join(", ") || "(none)"} alone` : "the node's nameservers, which know no Services";
  return [
    assess(
      code,
      {
        required: [
          { claim: `pods of ${referenceText(reference)} ask ${said}`, holds: true },
          { claim: "names get no address, or the pods are not well", holds: lines.length > 0 || isUnwell },
          { claim: "its log says that a lookup failed", holds: lines.length > 0 ? true : policy === "None" && isUnwell ? true : "unknown" },
        ],
        against: [{ claim: "pods with the cluster's own settings get no answer either", holds: fellows.length > 0 }],
        supporting: [
          { claim: "a lookup failed by the words of a program", holds: lines.length > 0, weight: 2 },
          { claim: "the failed lookup was sent to one of these nameservers", holds: named === undefined ? "unknown" : true },
          { claim: "no Service or pod that was read answers at that address", holds: policy === "None" ? strange.length > 0 : "unknown" },
          { claim: "its pods are not ready", holds: isUnwell },
        ],
      },
      () => ({
        object: reference,
        summary: `Pods of ${referenceText(reference)} resolve no names: dnsPolicy ${policy} sends lookups to ${said}.`,
        chain: [
          `dnsPolicy ${policy} of ${referenceText(reference)} sends lookups to ${said}`,
          "the names of other services get no address",
          isUnwell ? "its pods do not become ready" : "its calls fail",
        ],
        quotes: [
          objectQuote(reference, `dnsPolicy: ${policy}; dnsConfig.nameservers: ${nameservers.join(", ") || "none"}`),
          ...lines.slice(0, 2).map(lineQuote),
        ],
        field: "spec.template.spec.dns",
        explains: [reference],
        facts: person("set dnsPolicy to ClusterFirst to use the cluster's DNS, or correct the nameservers"),
      }),
    ),
  ];
};

const dnsPort = 53;

/** Addresses where DNS is served inside of the cluster, as far as it was read. */
const dnsServersOf = (view: View): ReadonlySet<string> =>
  new Set([
    ...view
      .all(Services)
      .flatMap(({ spec }) =>
        (spec.ports ?? []).some(({ port }) => port === dnsPort) && spec.clusterIP !== undefined ? [spec.clusterIP] : [],
      ),
    ...view
      .all(Pods)
      .flatMap(({ spec, status }) =>
        spec.containers.some(({ ports = [] }) => ports.some(({ containerPort }) => containerPort === dnsPort)) &&
        status?.podIP !== undefined
          ? [status.podIP]
          : [],
      ),
  ]);
