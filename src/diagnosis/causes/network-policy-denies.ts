// NetworkPolicies whose rules leave out a caller: connections of it time out while the policies let others in.
import { Namespaces, NetworkPolicies, type NetworkPolicy, type NetworkPolicyPeer } from "#api/kubernetes.ts";
import { referenceText } from "#api/object.ts";
import { selects } from "#api/selectors.ts";
import { objectQuote } from "#diagnosis/quotes.ts";
import { restoration } from "#diagnosis/remedies.ts";
import { complaintQuote, complaintsAbout, complaintsAboutService } from "#diagnosis/caller-complaints.ts";
import { cause } from "#diagnosis/rule.ts";
import { referenceTo, type View, type Workload } from "#diagnosis/view.ts";

const timedOut = /timed? ?out|deadline exceeded|ETIMEDOUT|i\/o timeout/i;

const namespaceLabels = (view: View, name: string | undefined): Readonly<Record<string, string>> => ({
  "kubernetes.io/metadata.name": name ?? "",
  ...view.all(Namespaces).find(({ metadata }) => metadata.name === name)?.metadata.labels,
});

/** An address range may hold the caller's address: it counts as a match. */
const admits = (view: View, policy: NetworkPolicy, peer: NetworkPolicyPeer, caller: Workload): boolean => {
  if (peer.ipBlock !== undefined) return true;
  const own = policy.metadata.namespace;
  const inNamespace =
    peer.namespaceSelector === undefined
      ? caller.reference.namespace === own
      : selects(peer.namespaceSelector, namespaceLabels(view, caller.reference.namespace));
  return inNamespace && (peer.podSelector === undefined || selects(peer.podSelector, caller.template.metadata?.labels));
};

const policiesOn = (view: View, { reference, template }: Workload): readonly NetworkPolicy[] =>
  view
    .all(NetworkPolicies, reference.namespace)
    .filter(
      ({ spec }) => (spec?.policyTypes ?? ["Ingress"]).includes("Ingress") && selects(spec?.podSelector ?? {}, template.metadata?.labels),
    );

export const networkPolicyDenies = cause({
  code: "NetworkPolicyDenies",
  title: "NetworkPolicies that leave out a caller",
  reads: "The ingress rules of all NetworkPolicies that select a workload, the labels of its callers, and their timeouts.",
  means: "The policies let some callers in and drop the packets of others, whose connections time out.",
  needs: ["objects.NetworkPolicy", "logs"],
  signs: ["NetworkPolicy"],
  of: (view: View) =>
    view.workloads.flatMap((workload) => {
      const policies = policiesOn(view, workload);
      const rules = policies.flatMap((policy) => (policy.spec?.ingress ?? []).map((rule) => ({ policy, rule })));
      const [policy] = policies;
      // A rule without `from` admits every caller.
      if (policy === undefined || rules.length === 0 || rules.some(({ rule }) => (rule.from ?? []).length === 0)) return [];
      const services = view.servicesOf(workload);
      const complaints = services
        .flatMap((service) => [...complaintsAboutService(view, service), ...complaintsAbout(view, [service.metadata.name])])
        .filter(({ line }) => timedOut.test(line));
      const left = [...new Set(complaints.map((complaint) => complaint.workload))].filter(
        (caller) =>
          caller !== workload && !rules.some(({ policy: of, rule }) => (rule.from ?? []).some((peer) => admits(view, of, peer, caller))),
      );
      const change = policies.flatMap((each) => view.changesOf(referenceTo(each)))[0];
      return left.length === 0
        ? []
        : [{ workload, policy, policies, callers: left, complaints: complaints.filter((each) => left.includes(each.workload)), change }];
    }),
  supports: [
    { is: "a policy was changed", holds: ({ change }) => change !== undefined || "unknown" },
    {
      is: "its pods are ready",
      holds: ({ workload }) =>
        workload.pods.some(({ status }) => status?.conditions?.some(({ type, status: is }) => type === "Ready" && is === "True")),
    },
  ],
  object: ({ policy }) => policy,
  field: () => "spec.ingress",
  hearsay: ({ complaints, policy }) =>
    complaints.some(({ workload }) => workload.reference.namespace === policy.metadata.namespace)
      ? undefined
      : "only logs of another namespace report the timeouts",
  says: "{policy} does not let {callers} reach {workload}: connections time out.",
  chain: "no ingress rule of {policies} matches {callers} → packets to pods of {workload} are dropped → connections time out",
  quotes: ({ policy, complaints, callers }) => [
    objectQuote(policy, `ingress: ${JSON.stringify(policy.spec?.ingress ?? []).slice(0, 400)}`),
    ...callers.slice(0, 2).map((caller) => objectQuote(caller, `labels: ${JSON.stringify(caller.template.metadata?.labels ?? {})}`)),
    ...complaints.slice(0, 2).map(complaintQuote),
  ],
  explains: ({ callers }) => callers,
  repairs: ({ change, callers }) =>
    change?.kind === "changed"
      ? [restoration(change, `${callers.map(({ reference }) => referenceText(reference)).join(", ")} can connect again.`)]
      : [],
  remedy: "`restore_object`, if the change journal has the earlier policy. Otherwise, add the caller to an ingress rule.",
  otherwise: "add an ingress rule that matches the labels of {callers}, if they should call {workload}",
});
