// A program is forbidden to do what it needs on the API server: its log carries the API server's own refusal, naming account, verb and resource.
import type { Reference } from "#api/fields.ts";
import { ClusterRoleBindings, ClusterRoles, RoleBindings, Roles, type PolicyRule, type RoleBinding } from "#api/kubernetes.ts";
import { referenceText } from "#api/object.ts";
import { assess, objectQuote, person } from "#diagnosis/assess.ts";
import type { Cause } from "#diagnosis/cause.ts";
import { quote } from "#diagnosis/explain.ts";
import type { Assessment } from "#diagnosis/finding.ts";
import { referenceTo, type View, type Workload } from "#diagnosis/view.ts";

const code = "RightsMissing";

export const rightsMissing: Cause = {
  code,
  title: "A right that a program needs and does not have",
  reads: "Refusals of the API server in logs, the program's ServiceAccount, Roles and RoleBindings, and bindings that were deleted.",
  means: "Nothing grants the account what it is refused; or the binding that did was deleted.",
  remedy: "Grant the right. If the change journal saw the binding or role change, restore it.",
  find: (view) => view.workloads.flatMap((workload) => find(view, workload)),
};

/** As the authorizer's refusal reads, whoever logs it. */
const refusal =
  /User \\?"system:serviceaccount:([a-z0-9-]+):([a-z0-9.-]+)\\?" cannot (\w+) resource \\?"([a-z0-9./-]+)\\?" in API group \\?"([a-z0-9.-]*)\\?"(?: in the namespace \\?"([a-z0-9-]+)\\?")?/;

const find = (view: View, workload: Workload): Assessment[] => {
  const seen = new Set<string>();
  return view.logsOf(workload).flatMap((log): Assessment[] => {
    const match = refusal.exec(log.text);
    if (match === null) return [];
    const [, accountNamespace = "", account = "", verb = "", resource = "", group = "", namespace] = match;
    const wanted: Wanted = { accountNamespace, account, verb, resource, group, namespace: namespace ?? undefined };
    const right = `${verb} ${resource}${group === "" ? "" : `.${group}`} in ${namespace ?? "the cluster"}`;
    if (seen.has(right)) return [];
    seen.add(right);
    const granted = grantOf(view, wanted);
    const lost = lostBinding(view, wanted);
    const subject: Reference = { apiVersion: "v1", kind: "ServiceAccount", namespace: accountNamespace, name: account };
    return [
      assess(
        code,
        {
          required: [{ claim: `the API server refuses ${right} to ${referenceText(subject)}`, holds: true }],
          // An old line: the right has been granted since.
          against: [
            { claim: `${granted === undefined ? "a binding" : referenceText(granted)} grants it now`, holds: granted !== undefined },
          ],
          supporting: [
            {
              claim: "no binding grants it",
              holds: view.knows(RoleBindings, namespace ?? accountNamespace) ? granted === undefined : "unknown",
              weight: 1,
            },
            { claim: "a binding that was deleted or changed did", holds: lost === undefined ? "unknown" : true, weight: 2 },
          ],
        },
        () => ({
          object: lost?.object ?? subject,
          summary:
            lost === undefined
              ? `${referenceText(workload.reference)} may not ${right}: nothing grants it to ${referenceText(subject)}.`
              : `${referenceText(lost.object)}, which let ${referenceText(workload.reference)} ${right}, was ${lost.kind} at ${lost.at} by ${lost.by}.`,
          chain: [
            lost === undefined ? `no binding grants ${right}` : `${referenceText(lost.object)} was ${lost.kind}`,
            `the API server refuses it to ${referenceText(subject)}`,
            `${referenceText(workload.reference)} logs the refusal`,
          ],
          quotes: [
            quote("log", `Pod ${log.namespace}/${log.pod}`, match[0]),
            ...(lost === undefined ? [] : [quote("change", referenceText(lost.object), `${lost.kind} ${lost.at} by ${lost.by}`)]),
            ...candidates(view, wanted).map((role) => objectQuote(role, `grants ${right}, to others`)),
          ].slice(0, 6),
          explains: [workload.reference],
          facts: person(
            lost === undefined
              ? "grant the right with a Role and a RoleBinding, if the program should have it"
              : `restore ${referenceText(lost.object)} as it was before ${lost.at}, if the program should have the right`,
          ),
        }),
      ),
    ];
  });
};

interface Wanted {
  readonly accountNamespace: string;
  readonly account: string;
  readonly verb: string;
  readonly resource: string;
  readonly group: string;
  readonly namespace: string | undefined;
}

const allows = (rules: readonly PolicyRule[] | undefined, { verb, resource, group }: Wanted): boolean =>
  (rules ?? []).some(
    ({ verbs, resources = [], apiGroups = [] }) =>
      (verbs.includes(verb) || verbs.includes("*")) &&
      (resources.includes(resource) || resources.includes("*")) &&
      (apiGroups.includes(group) || apiGroups.includes("*")),
  );

const binds = ({ subjects = [], metadata }: RoleBinding, { accountNamespace, account }: Wanted): boolean =>
  subjects.some(({ kind, name, namespace }) =>
    kind === "ServiceAccount"
      ? name === account && (namespace ?? metadata.namespace) === accountNamespace
      : kind === "Group" &&
        (name === "system:serviceaccounts" || name === `system:serviceaccounts:${accountNamespace}` || name === "system:authenticated"),
  );

const grantOf = (view: View, wanted: Wanted): Reference | undefined => {
  const bindings = [...view.all(RoleBindings, wanted.namespace), ...view.all(ClusterRoleBindings)];
  const binding = bindings.find((each) => {
    const type = each.roleRef.kind === "Role" ? Roles : ClusterRoles;
    return (
      binds(each, wanted) && allows(view.get(type, type.namespaced ? each.metadata.namespace : undefined, each.roleRef.name)?.rules, wanted)
    );
  });
  return binding === undefined ? undefined : referenceTo(binding);
};

/** Roles of the namespace that would grant it, were they bound. */
const candidates = (view: View, wanted: Wanted): readonly Reference[] =>
  view
    .all(Roles, wanted.namespace ?? wanted.accountNamespace)
    .filter(({ rules }) => allows(rules, wanted))
    .map(referenceTo)
    .slice(0, 3);

/** Of this namespace, newest first; which right a binding gave is not known once it is gone. */
const lostBinding = (view: View, { namespace, accountNamespace }: Wanted): (typeof view.evidence.changes)[number] | undefined =>
  view.evidence.changes
    .filter(
      ({ object, kind }) =>
        (object.kind === "RoleBinding" || object.kind === "Role") &&
        kind !== "created" &&
        object.namespace === (namespace ?? accountNamespace),
    )
    .toSorted((a, b) => (a.at < b.at ? 1 : -1))[0];
