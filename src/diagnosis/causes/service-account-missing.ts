// A template names a ServiceAccount that does not exist: the API server refuses its pods.
import { ServiceAccounts } from "#api/kubernetes.ts";
import { referenceText } from "#api/object.ts";
import { assess, eventQuote, objectQuote } from "#diagnosis/assess.ts";
import type { Cause } from "#diagnosis/cause.ts";
import type { Assessment, Remedy } from "#diagnosis/finding.ts";
import { nearest } from "#diagnosis/nearest.ts";
import { remediesOr, rollbackWithout } from "#diagnosis/previous-revision.ts";
import { type Refusal, refusedPods } from "#diagnosis/refused-pods.ts";
import type { View } from "#diagnosis/view.ts";

const code = "ServiceAccountMissing";

export const serviceAccountMissing: Cause = {
  code,
  title: "A ServiceAccount that does not exist",
  looksAt: "FailedCreate events of workloads that have fewer pods than they want, and the ServiceAccounts there are.",
  concludes: "The template names an account that does not exist.",
  wouldDo: "fix_reference to the nearest account, or rollback_deployment to a revision with one that exists.",
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
        [...fix(view, reference, name ?? ""), ...rollbackWithout(view, workload, ({ spec }) => spec.serviceAccountName === name)],
        "no account is near enough to be what was meant: it has to be made with its rights, or the name corrected",
      ),
    }),
  );
};

const fix = (view: View, target: Remedy["target"], name: string): readonly Remedy[] => {
  const names = view.all(ServiceAccounts, target.namespace).map(({ metadata }) => metadata.name);
  const meant = nearest(name, names) ?? names.find((each) => each === target.name);
  if (meant === undefined) return [];
  return [
    {
      action: "fix_reference",
      target,
      parameters: { kind: "ServiceAccount", name, to: meant },
      rationale: `ServiceAccount ${meant} exists and is nearest to ${name}.`,
      expected: `The pods of ${referenceText(target)} are created.`,
    },
  ];
};
