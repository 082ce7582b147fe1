// A program without a right on the API server: its log has the refusal of the API server, with account, verb and resource.
import type { Reference } from "#api/fields.ts";
import { ClusterRoleBindings, ClusterRoles, type PolicyRule, type RoleBinding, RoleBindings, Roles } from "#api/kubernetes.ts";
import { referenceText } from "#api/object.ts";
import { logQuote, objectQuote, quote } from "#diagnosis/quotes.ts";
import { cause } from "#diagnosis/rule.ts";
import { referenceTo, type View } from "#diagnosis/view.ts";
import type { ObservedChange } from "#evidence/evidence.ts";

/** The words of the API server's authorizer, in any program's log. */
const refusal =
  /User \\?"system:serviceaccount:([a-z0-9-]+):([a-z0-9.-]+)\\?" cannot (\w+) resource \\?"([a-z0-9./-]+)\\?" in API group \\?"([a-z0-9.-]*)\\?"(?: in the namespace \\?"([a-z0-9-]+)\\?")?/;

interface Right {
  readonly accountNamespace: string;
  readonly account: string;
  readonly verb: string;
  readonly resource: string;
  readonly group: string;
  /** Undefined: in the whole cluster. */
  readonly namespace: string | undefined;
}

const allows = (rules: readonly PolicyRule[] | undefined, { verb, resource, group }: Right): boolean =>
  (rules ?? []).some(
    ({ verbs, resources = [], apiGroups = [] }) =>
      (verbs.includes(verb) || verbs.includes("*")) &&
      (resources.includes(resource) || resources.includes("*")) &&
      (apiGroups.includes(group) || apiGroups.includes("*")),
  );

const binds = ({ subjects = [], metadata }: RoleBinding, { accountNamespace, account }: Right): boolean =>
  subjects.some(({ kind, name, namespace }) =>
    kind === "ServiceAccount"
      ? name === account && (namespace ?? metadata.namespace) === accountNamespace
      : kind === "Group" &&
        (name === "system:serviceaccounts" || name === `system:serviceaccounts:${accountNamespace}` || name === "system:authenticated"),
  );

const rulesOf = (view: View, { roleRef, metadata }: RoleBinding): readonly PolicyRule[] | undefined => {
  const type = roleRef.kind === "Role" ? Roles : ClusterRoles;
  return view.get(type, type.namespaced ? metadata.namespace : undefined, roleRef.name)?.rules;
};

const grantOf = (view: View, right: Right): Reference | undefined => {
  const bindings = [...view.all(RoleBindings, right.namespace), ...view.all(ClusterRoleBindings)];
  const binding = bindings.find((each) => binds(each, right) && allows(rulesOf(view, each), right));
  return binding === undefined ? undefined : referenceTo(binding);
};

/** Roles of the namespace that would grant it, if they were bound. */
const unboundRoles = (view: View, right: Right): readonly Reference[] =>
  view
    .all(Roles, right.namespace ?? right.accountNamespace)
    .filter(({ rules }) => allows(rules, right))
    .map(referenceTo)
    .slice(0, 3);

/**
 * The newest change of a Role or RoleBinding of the namespace that concerns this right: of a binding that names the account, of a role that the account
 * is bound to, or the deletion of a binding while a Role that grants the right has no binding left.
 */
const lostGrant = (view: View, right: Right): ObservedChange | undefined => {
  const namespace = right.namespace ?? right.accountNamespace;
  const bindings = view.all(RoleBindings, namespace);
  const isBoundTo = (role: string, to: readonly RoleBinding[]): boolean =>
    to.some(({ roleRef }) => roleRef.kind === "Role" && roleRef.name === role);
  const ofAccount = bindings.filter((each) => binds(each, right));
  const hasFreeRole = unboundRoles(view, right).some(({ name }) => !isBoundTo(name, bindings));
  const concerns = ({ object: { kind, name }, kind: change, before = "", after = "" }: ObservedChange): boolean =>
    kind === "Role"
      ? isBoundTo(name, ofAccount) && !allows(view.get(Roles, namespace, name)?.rules, right)
      : ofAccount.some(({ metadata }) => metadata.name === name) ||
        [name, before, after].some((text) => names(text, right.account)) ||
        (change === "deleted" && hasFreeRole);
  return view.evidence.changes
    .filter(({ object, kind }) => ["Role", "RoleBinding"].includes(object.kind) && kind !== "created" && object.namespace === namespace)
    .toSorted((a, b) => (a.at < b.at ? 1 : -1))
    .find(concerns);
};

/** `web-reads-pods` names `web`; `webhook-reads` does not. */
const names = (text: string, account: string): boolean => `-${text.replaceAll(/[^a-z0-9.-]+/g, "-")}-`.includes(`-${account}-`);

export const rightsMissing = cause({
  code: "RightsMissing",
  title: "A right that a program needs and does not have",
  reads: "Refusals of the API server in logs, the ServiceAccount of the program, its Roles and RoleBindings, and changes of them.",
  means: "No binding grants the refused right to the account, or a binding or role that did was changed or deleted.",
  needs: ["logs", "objects.Role", "objects.RoleBinding"],
  signs: ["log"],
  of: (view: View) =>
    view.workloads.flatMap((workload) => {
      const seen = new Set<string>();
      return view.logsOf(workload).flatMap((log) => {
        const [words, accountNamespace = "", account = "", verb = "", resource = "", group = "", namespace] = refusal.exec(log.text) ?? [];
        const text = `${verb} ${resource}${group === "" ? "" : `.${group}`} in ${namespace ?? "the cluster"}`;
        if (words === undefined || seen.has(text)) return [];
        seen.add(text);
        const right: Right = { accountNamespace, account, verb, resource, group, namespace };
        const subject: Reference = { apiVersion: "v1", kind: "ServiceAccount", namespace: accountNamespace, name: account };
        const lost = lostGrant(view, right);
        const change = lost === undefined ? "" : `${referenceText(lost.object)} was ${lost.kind} at ${lost.at} by ${lost.by}`;
        return [
          {
            ...{ workload, log, words, right, text, subject, lost, change, granted: grantOf(view, right) },
            reason: lost === undefined ? `no binding grants it to ${referenceText(subject)}` : change,
            step:
              lost === undefined
                ? "grant the right with a Role and a RoleBinding, if the program should have it"
                : `restore ${referenceText(lost.object)} to its state before ${lost.at}, if the program should have the right`,
          },
        ];
      });
    }),
  unless: [
    {
      is: ({ granted, text }) => `${granted === undefined ? "a binding" : referenceText(granted)} grants ${text} now`,
      holds: ({ granted }) => granted !== undefined,
    },
  ],
  supports: [
    {
      is: "all bindings of the namespace were read",
      holds: ({ right: { namespace, accountNamespace } }, view) => view.knows(RoleBindings, namespace ?? accountNamespace) || "unknown",
    },
    { is: "a grant was changed or deleted", holds: ({ lost }) => lost !== undefined || "unknown", weight: 2 },
  ],
  object: ({ lost, subject }) => lost?.object ?? subject,
  says: "{workload} is not allowed to {text}: {reason}.",
  chain: "{reason} → the API server refuses {text} to {subject} → {workload} logs the refusal",
  quotes: ({ log, words, lost, change, right, text }, view) => [
    logQuote(log, words),
    lost === undefined ? undefined : quote("change", referenceText(lost.object), change),
    ...unboundRoles(view, right).map((role) => objectQuote(role, `would grant ${text}`)),
  ],
  explains: ({ workload }) => [workload],
  remedy: "Grant the right. If the change journal has the change of the binding or role, restore it.",
  otherwise: "{step}",
});
