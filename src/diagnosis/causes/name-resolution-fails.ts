// Pods whose own DNS settings cannot resolve names: dnsPolicy None uses the nameservers of dnsConfig alone, Default those of the node, which know no Services.
import { Pods, Services } from "#api/kubernetes.ts";
import { hasUnreadyPod, unreadyPods } from "#diagnosis/checks/pods.ts";
import { lineQuote, linesSaying } from "#diagnosis/log-lines.ts";
import { noSuchName, unanswered } from "#diagnosis/name-resolution.ts";
import { objectQuote } from "#diagnosis/quotes.ts";
import { cause } from "#diagnosis/rule.ts";
import type { View, Workload } from "#diagnosis/view.ts";

const dnsPort = 53;

interface DnsSettings {
  readonly policy: string;
  readonly nameservers: readonly string[];
}

const settingsOf = ({ template }: Workload): DnsSettings => {
  const { dnsPolicy, dnsConfig } = template.spec as { dnsPolicy?: unknown; dnsConfig?: { nameservers?: unknown } };
  const nameservers = Array.isArray(dnsConfig?.nameservers) ? dnsConfig.nameservers.filter((each) => typeof each === "string") : [];
  return { policy: typeof dnsPolicy === "string" ? dnsPolicy : "ClusterFirst", nameservers };
};

/** Addresses of the DNS servers in the cluster: of Services and of pods that declare the port. */
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

export const nameResolutionFails = cause({
  code: "NameResolutionFails",
  title: "Pods whose own DNS settings cannot resolve names",
  reads: "dnsPolicy and dnsConfig of pods, the Services that serve DNS, and the errors of programs that resolve a name.",
  means:
    "The pod template sends lookups to a nameserver that does not answer them, while pods with the cluster's own settings resolve names.",
  needs: ["objects.Pod", "logs"],
  signs: ["Pod"],
  of: (view: View) =>
    view.workloads.flatMap((workload) => {
      const { policy, nameservers } = settingsOf(workload);
      if (policy === "ClusterFirst" || policy === "ClusterFirstWithHostNet") return [];
      const lines = [...linesSaying(view, workload, unanswered), ...linesSaying(view, workload, noSuchName)];
      const isUnready = unreadyPods(workload).length > 0;
      if (lines.length === 0 && !(policy === "None" && isUnready)) return [];
      const servers =
        policy === "None" ? `nameservers ${nameservers.join(", ") || "(none)"} only` : "the node's nameservers, which know no Services";
      return [{ workload, policy, nameservers, lines, servers, effect: isUnready ? "its pods do not become ready" : "its calls fail" }];
    }),
  unless: [
    {
      // Then the cluster's DNS is the cause.
      is: "pods with the cluster's own DNS settings get no answer either",
      holds: ({ workload }, view) =>
        view.workloads.some(
          (other) => other !== workload && settingsOf(other).policy === "ClusterFirst" && linesSaying(view, other, unanswered).length > 0,
        ),
    },
  ],
  supports: [
    { is: "a program reports a failed lookup", holds: ({ lines }) => lines.length > 0, weight: 2 },
    {
      is: "the failed lookup was sent to one of these nameservers",
      holds: ({ lines, nameservers }) => nameservers.some((address) => lines.some(({ text }) => text.includes(address))) || "unknown",
    },
    {
      is: "no DNS server of the cluster has such an address",
      holds: ({ policy, nameservers }, view) => {
        const servers = dnsServersOf(view);
        return policy === "None" ? nameservers.some((address) => !servers.has(address)) : "unknown";
      },
    },
    hasUnreadyPod,
  ],
  field: () => "spec.template.spec.dns",
  says: "Pods of {workload} cannot resolve names: dnsPolicy {policy} sends lookups to {servers}.",
  chain: "dnsPolicy {policy} of {workload} sends lookups to {servers} → the names of other Services do not resolve → {effect}",
  quotes: ({ workload, policy, nameservers, lines }) => [
    objectQuote(workload, `dnsPolicy: ${policy}; dnsConfig.nameservers: ${nameservers.join(", ") || "none"}`),
    ...lines.slice(0, 2).map(lineQuote),
  ],
  remedy: "Set `dnsPolicy: ClusterFirst`, or correct the nameservers.",
  otherwise: "set dnsPolicy to ClusterFirst to use the cluster's DNS, or correct the nameservers",
});
