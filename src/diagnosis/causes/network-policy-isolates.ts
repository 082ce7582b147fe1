// NetworkPolicies that isolate a workload: a policy without rules allows nothing. The rules of several policies add up, so that each pod is judged
// by all policies that select it.
import { NetworkPolicies, type NetworkPolicy } from "#api/kubernetes.ts";
import { selects } from "#api/selectors.ts";
import { complaintQuote, complaintsAboutService, hasOwnComplaint } from "#diagnosis/caller-complaints.ts";
import { lineQuote, linesSaying } from "#diagnosis/log-lines.ts";
import { unanswered } from "#diagnosis/name-resolution.ts";
import { objectQuote } from "#diagnosis/quotes.ts";
import { restoration } from "#diagnosis/remedies.ts";
import { cause } from "#diagnosis/rule.ts";
import { nameOf } from "#diagnosis/template.ts";
import { referenceTo, type View, type Workload } from "#diagnosis/view.ts";

type Direction = "Ingress" | "Egress";

const timedOut = /timed? ?out|deadline exceeded|ETIMEDOUT|i\/o timeout/i;

/** By default a policy is about Ingress, and about Egress where it has egress rules. */
const isAbout = ({ spec }: NetworkPolicy, direction: Direction): boolean =>
  spec?.policyTypes === undefined ? direction === "Ingress" || spec?.egress !== undefined : spec.policyTypes.includes(direction);

const isolated = (view: View, workload: Workload, direction: Direction) => {
  const policies = view
    .all(NetworkPolicies, workload.reference.namespace)
    .filter((policy) => isAbout(policy, direction) && selects(policy.spec?.podSelector ?? {}, workload.template.metadata?.labels));
  const rules = policies.flatMap(({ spec }) => (direction === "Ingress" ? spec?.ingress : spec?.egress) ?? []);
  const [policy] = policies;
  if (policy === undefined || rules.length > 0) return [];
  const isIngress = direction === "Ingress";
  const services = view.servicesOf(workload);
  const attempts = isIngress ? services.flatMap((service) => view.connectionsTo(service)) : [];
  const complaints = isIngress
    ? services.flatMap((service) => complaintsAboutService(view, service)).filter(({ line }) => timedOut.test(line))
    : [];
  const lines = isIngress ? [] : [...linesSaying(view, workload, timedOut), ...linesSaying(view, workload, unanswered)];
  const late = attempts.filter(({ result }) => result === "timeout");
  const callers = complaints.map((complaint) => complaint.workload).filter((caller) => caller !== workload);
  if (callers.length + lines.length + late.length === 0) return [];
  return [
    {
      ...{ workload, policy, policies, services, attempts, complaints, lines, late, callers },
      direction: direction.toLowerCase(),
      preposition: isIngress ? "to" : "from",
      selects: policies.length === 1 ? "selects" : "select",
      isOpen: attempts.some(({ result }) => result === "open"),
      change: view.changesOf(referenceTo(policy))[0],
    },
  ];
};

export const networkPolicyIsolates = cause({
  code: "NetworkPolicyIsolates",
  title: "NetworkPolicies that isolate a workload",
  reads:
    "All NetworkPolicies that select the pods of a workload, with their types and rules, and the timeouts of its callers and of its own calls.",
  means: "The policies together allow no traffic in one direction, and connections time out while both ends are ready.",
  needs: ["objects.NetworkPolicy", "logs"],
  signs: ["NetworkPolicy"],
  of: (view: View) => view.workloads.flatMap((workload) => [...isolated(view, workload, "Ingress"), ...isolated(view, workload, "Egress")]),
  // A network plugin without support for policies ignores them.
  unless: [{ is: ({ workload }) => `connections to ${nameOf(workload)} open`, holds: ({ isOpen }) => isOpen }],
  supports: [
    { is: "a policy was changed", holds: ({ change }) => change !== undefined || "unknown" },
    {
      is: "its own namespace reports the timeouts",
      holds: ({ complaints, lines, late, workload }) =>
        lines.length + late.length > 0 || hasOwnComplaint(complaints, workload.reference.namespace),
      weight: 2,
    },
    { is: "several report it", holds: ({ callers, lines, late }) => callers.length + lines.length + late.length > 1 },
  ],
  object: ({ policy }) => policy,
  field: () => "spec",
  detail: ({ direction }) => ({ direction }),
  hearsay: ({ complaints, lines, late, workload }) =>
    lines.length + late.length > 0 || hasOwnComplaint(complaints, workload.reference.namespace)
      ? undefined
      : "only logs of another namespace report the timeouts",
  says: "{policy} allows no {direction} traffic of {workload}: connections time out.",
  chain:
    "{policies} {selects} the pods without a rule for {direction} → packets {preposition} pods of {workload} are dropped → connections time out",
  quotes: ({ policy, direction, complaints, lines, late, workload }) => [
    objectQuote(
      policy,
      `podSelector: ${JSON.stringify(policy.spec?.podSelector ?? {})}; policyTypes: ${(policy.spec?.policyTypes ?? ["Ingress"]).join(", ")}; no ${direction} rules`,
    ),
    ...complaints.slice(0, 2).map(complaintQuote),
    ...lines.slice(0, 2).map(lineQuote),
    ...late.slice(0, 1).map(({ text }) => objectQuote(workload, text)),
  ],
  explains: ({ workload, services, callers }) => [workload, ...services, ...callers],
  repairs: ({ change, preposition, workload }) =>
    change?.kind === "changed" ? [restoration(change, `Connections ${preposition} ${nameOf(workload)} are allowed again.`)] : [],
  remedy: "`restore_object`, if the change journal has the earlier policy. Otherwise, allow the connection in the policy.",
  otherwise: "add the missing rule to the NetworkPolicy, or delete the policy if it is a mistake",
});
