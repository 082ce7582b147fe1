// A pod template that names a ServiceAccount which does not exist: the API server refuses its pods.
import { ServiceAccounts } from "#api/kubernetes.ts";
import { repeated } from "#diagnosis/checks/events.ts";
import { nearest } from "#diagnosis/nearest.ts";
import { eventQuote, objectQuote } from "#diagnosis/quotes.ts";
import { refusedPods } from "#diagnosis/refused-pods.ts";
import { rollbackWithout } from "#diagnosis/remedies.ts";
import { cause } from "#diagnosis/rule.ts";
import type { View } from "#diagnosis/view.ts";

export const serviceAccountMissing = cause({
  code: "ServiceAccountMissing",
  title: "A ServiceAccount that does not exist",
  reads: "FailedCreate events of workloads that have fewer pods than they want, and the ServiceAccounts of their namespace.",
  means: "The pod template names a ServiceAccount that does not exist.",
  needs: ["objects.Pod", "objects.ServiceAccount", "events"],
  signs: ["event FailedCreate"],
  of: (view: View) =>
    refusedPods(view).flatMap(({ workload, event }) => {
      const name = /serviceaccounts? "([^"]+)" not found/.exec(event.message)?.[1];
      if (name === undefined) return [];
      const { namespace } = workload.reference;
      const names = view.all(ServiceAccounts, namespace).map(({ metadata }) => metadata.name);
      const similar = nearest(name, names) ?? names.find((each) => each === workload.reference.name);
      return [{ workload, event, name, names, hint: similar === undefined ? "no ServiceAccount" : `ServiceAccount ${similar}` }];
    }),
  // The next try of the controller succeeds.
  unless: [{ is: ({ name }) => `ServiceAccount ${name} exists now`, holds: ({ name, names }) => names.includes(name) }],
  supports: [
    {
      is: "all ServiceAccounts of the namespace were read",
      holds: ({ workload }, view) => view.knows(ServiceAccounts, workload.reference.namespace) || "unknown",
      weight: 2,
    },
    { is: "the pod template names it", holds: ({ workload, name }) => workload.template.spec.serviceAccountName === name },
    repeated,
  ],
  says: "{workload} runs as ServiceAccount {name}, which does not exist: none of its pods can be created.",
  chain: "ServiceAccount {name} does not exist → the API server refuses the pods → {workload} lacks pods",
  quotes: ({ workload, event }) => [
    eventQuote(event),
    objectQuote(workload, `serviceAccountName: ${workload.template.spec.serviceAccountName ?? "default"}`),
  ],
  repairs: ({ workload, name }, view) => rollbackWithout(view, workload, ({ spec }) => spec.serviceAccountName === name),
  remedy: "`rollback_deployment` to a revision whose ServiceAccount exists. Otherwise, create the ServiceAccount or correct its name.",
  // An account is rights: a person chooses it, however similar the name.
  otherwise: "create ServiceAccount {name} with its rights, or correct the name; {hint} has a similar name",
});
