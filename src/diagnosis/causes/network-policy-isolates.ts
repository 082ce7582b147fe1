// NetworkPolicies that let nobody in, or nothing out: an empty podSelector selects every pod of the namespace, and a policy without rules allows
// nothing. What several policies allow adds up, so that each pod is judged by all that select it.
import { NetworkPolicies, type NetworkPolicy } from "#api/kubernetes.ts";
import { referenceText } from "#api/object.ts";
import { selects } from "#cluster/selectors.ts";
import { assess, objectQuote, person, restored } from "#diagnosis/assess.ts";
import { type Complaint, complaintsAboutService, hasOwnComplaint } from "#diagnosis/caller-complaints.ts";
import type { Cause } from "#diagnosis/cause.ts";
import { quote } from "#diagnosis/explain.ts";
import type { Assessment } from "#diagnosis/finding.ts";
import { type LogLine, lineQuote, linesSaying } from "#diagnosis/log-lines.ts";
import { unanswered } from "#diagnosis/name-resolution.ts";
import { referenceTo, type View, type Workload } from "#diagnosis/view.ts";

const code = "NetworkPolicyIsolates";

export const networkPolicyIsolates: Cause = {
  code,
  title: "NetworkPolicies that cut a workload off",
  reads:
    "All NetworkPolicies that select a workload's pods, by selector, type and rules, and the timeouts of those who call it or whom it calls.",
  means: "The policies together allow nothing in (or nothing out), and connections time out while both ends are ready.",
  remedy: "`restore_object`, if the change journal has the earlier policy. Otherwise, allow the connection in the policy.",
  find: (view) => view.workloads.flatMap((workload) => directions.flatMap((direction) => find(view, workload, direction))),
};

type Direction = "Ingress" | "Egress";
const directions: readonly Direction[] = ["Ingress", "Egress"];

const decision = "add the missing rule to the NetworkPolicy, or delete the policy if it is a mistake";

const timedOut = /timed? ?out|deadline exceeded|ETIMEDOUT|i\/o timeout/i;

/** Absent policyTypes mean Ingress, and Egress where there are egress rules. */
const isAbout = ({ spec }: NetworkPolicy, direction: Direction): boolean =>
  spec?.policyTypes === undefined ? direction === "Ingress" || spec?.egress !== undefined : spec.policyTypes.includes(direction);

const find = (view: View, workload: Workload, direction: Direction): readonly Assessment[] => {
  const { reference, template } = workload;
  const policies = view
    .all(NetworkPolicies, reference.namespace)
    .filter((policy) => isAbout(policy, direction) && selects(policy.spec?.podSelector ?? {}, template.metadata?.labels));
  const rules = policies.flatMap(({ spec }) => (direction === "Ingress" ? spec?.ingress : spec?.egress) ?? []);
  const [policy] = policies;
  if (policy === undefined || rules.length > 0) return [];
  const services = view.servicesOf(workload);
  const complaints: readonly Complaint[] =
    direction === "Ingress"
      ? services.flatMap((service) => complaintsAboutService(view, service)).filter(({ line }) => timedOut.test(line))
      : [];
  const own: readonly LogLine[] =
    direction === "Egress" ? [...linesSaying(view, workload, timedOut), ...linesSaying(view, workload, unanswered)] : [];
  const attempts = services.flatMap((service) => view.connectionsTo(service));
  const late = direction === "Ingress" ? attempts.filter(({ result }) => result === "timeout") : [];
  const changed = view.changesOf(referenceTo(policy))[0];
  const callers = complaints.map(({ workload: caller }) => caller).filter((caller) => caller !== workload);
  return [
    assess(
      code,
      {
        required: [
          { claim: `${policies.length} policies select it and allow nothing ${direction === "Ingress" ? "in" : "out"}`, holds: true },
          { claim: "connections time out", holds: callers.length + own.length + late.length > 0 },
        ],
        // A network plugin that does not know policies leaves them without effect.
        against: [
          { claim: "connections to it were opened", holds: direction === "Ingress" && attempts.some(({ result }) => result === "open") },
        ],
        supporting: [
          { claim: "a policy was changed", holds: changed === undefined ? "unknown" : true },
          { claim: "no policy allows anything", holds: true, weight: 2 },
          { claim: "several say so", holds: callers.length + own.length + late.length > 1 },
        ],
      },
      () => ({
        object: referenceTo(policy),
        summary: `${referenceText(referenceTo(policy))} lets nothing ${direction === "Ingress" ? "in to" : "out of"} ${referenceText(reference)}: connections time out.`,
        chain: [
          `${policies.map((each) => referenceText(referenceTo(each))).join(", ")} ${policies.length === 1 ? "selects" : "select"} the pods and ${policies.length === 1 ? "has" : "have"} no ${direction.toLowerCase()} rule`,
          `packets ${direction === "Ingress" ? "to" : "from"} pods of ${referenceText(reference)} are dropped`,
          "connections time out",
        ],
        quotes: [
          objectQuote(
            referenceTo(policy),
            `podSelector: ${JSON.stringify(policy.spec?.podSelector ?? {})}; policyTypes: ${(policy.spec?.policyTypes ?? ["Ingress"]).join(", ")}; no ${direction.toLowerCase()} rules`,
          ),
          ...complaints
            .slice(0, 2)
            .map(({ log, line }) => quote("log", referenceText({ kind: "Pod", namespace: log.namespace, name: log.pod }), line)),
          ...own.slice(0, 2).map(lineQuote),
          ...late.slice(0, 1).map(({ text }) => objectQuote(reference, text)),
        ],
        field: "spec",
        detail: { direction: direction.toLowerCase() },
        ...(own.length + late.length > 0 || hasOwnComplaint(complaints, reference.namespace)
          ? {}
          : { hearsay: "only logs of another namespace say that connections time out" }),
        explains: [reference, ...services.map(referenceTo), ...callers.map((caller) => caller.reference)],
        facts:
          changed?.kind === "changed"
            ? restored(
                changed,
                `Connections ${direction === "Ingress" ? "to" : "from"} ${referenceText(reference)} are let through again.`,
                decision,
              )
            : person(decision),
      }),
    ),
  ];
};
