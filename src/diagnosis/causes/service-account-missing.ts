// A template names a ServiceAccount that does not exist: the API server refuses its pods.
import type { Reference } from "#api/fields.ts";
import { ServiceAccounts } from "#api/kubernetes.ts";
import { referenceText } from "#api/object.ts";
import { assess, eventQuote, objectQuote } from "#diagnosis/assess.ts";
import type { Cause } from "#diagnosis/cause.ts";
import type { Assessment } from "#diagnosis/finding.ts";
import { nearest } from "#diagnosis/nearest.ts";
import { remediesOr, rollbackWithout } from "#diagnosis/previous-revision.ts";
import { type Refusal, refusedPods } from "#diagnosis/refused-pods.ts";
import type { View } from "#diagnosis/view.ts";

const code = "ServiceAccountMissing";

export const serviceAccountMissing: Cause = {
  code,
  title: "A ServiceAccount that does not exist",
  reads: "FailedCreate events of workloads that have fewer pods than they want, and the ServiceAccounts there are.",
  means: "The template names an account that does not exist.",
  remedy: "`rollback_deployment` to a revision whose ServiceAccount exists. Otherwise, create the ServiceAccount or correct its name.",
  find: (view) => refusedPods(view).map((refusal) => find(view, refusal)),
};

const find = (view: View, { workload, event }: Refusal): Assessment => {
  const { reference, template } = workload;
  const name = /serviceaccounts? "([^"]+)" not found/.exec(event.message)?.[1];
  const exists = name !== undefined && view.get(ServiceAccounts, reference.namespace, name) !== undefined;
  return assess(
    code,
    {
      required: [{ claim: "the API server refuses its pods for a ServiceAccount that it does not find", holds: name !== undefined }],
      // It came meanwhile: the controller's next try will do.
      against: [{ claim: `ServiceAccount ${name} exists by now`, holds: exists }],
      supporting: [
        { claim: "it is not among the accounts", holds: view.knows(ServiceAccounts, reference.namespace) ? !exists : "unknown", weight: 2 },
        { claim: "the template names it", holds: template.spec.serviceAccountName === name, weight: 1 },
        { claim: "it was refused more than once", holds: event.count > 1, weight: 1 },
      ],
    },
    () => ({
      object: reference,
      summary: `${referenceText(reference)} runs as ServiceAccount ${name}, which does not exist: none of its pods can be created.`,
      chain: [`there is no ServiceAccount ${name}`, "the API server refuses the pods", `${referenceText(reference)} lacks pods`],
      quotes: [eventQuote(event), objectQuote(reference, `serviceAccountName: ${template.spec.serviceAccountName ?? "default"}`)],
      explains: [reference],
      facts: remediesOr(
        rollbackWithout(view, workload, ({ spec }) => spec.serviceAccountName === name),
        adviceOn(view, reference, name ?? ""),
      ),
    }),
  );
};

/** An account is rights: another one is a person's choice, however similar its name. */
const adviceOn = (view: View, { namespace, name: workload }: Reference, name: string): string => {
  const names = view.all(ServiceAccounts, namespace).map(({ metadata }) => metadata.name);
  const meant = nearest(name, names) ?? names.find((each) => each === workload);
  return meant === undefined
    ? `create ServiceAccount ${name} with its rights, or correct the name; no ServiceAccount has a similar name`
    : `create ServiceAccount ${name} with its rights, or correct the name; ServiceAccount ${meant} has a similar name`;
};
