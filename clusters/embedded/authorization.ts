// RBAC as plugin/pkg/auth/authorizer/rbac has it, without the check against escalation. Reads roles and bindings, writes nothing.
import { type Stored, at, listOf, recordOf, textOf } from "#embedded/json.ts";
import type { User } from "#embedded/identity.ts";
import type { ObjectStore } from "#embedded/object-store.ts";
import { ApiError, forbidden } from "#embedded/status.ts";

export interface Attributes {
  readonly verb: string;
  readonly group: string;
  readonly resource: string;
  readonly subresource?: string | undefined;
  readonly namespace?: string | undefined;
  readonly name?: string | undefined;
}
interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
  readonly resourceNames: readonly string[];
  readonly nonResourceURLs: readonly string[];
}

interface Grant {
  readonly rule: Rule;
  readonly why: string;
}

export interface Authorizer {
  /** The reason where it is allowed, undefined where it is not. */
  allows(user: User, attributes: Attributes): string | undefined;
  allowsPath(user: User, verb: string, path: string): boolean;
  /** Throws 403. */
  require(user: User, attributes: Attributes): void;
  requirePath(user: User, verb: string, path: string): void;
}

const rbac = "rbac.authorization.k8s.io";
const superusers = "system:masters";

export const createAuthorizer = (store: ObjectStore): Authorizer => {
  const rulesOfRole = (kind: string, namespace: string | undefined, name: string): readonly Rule[] => {
    const role = kind === "ClusterRole" ? store.get(`${rbac}/clusterroles`, undefined, name) : store.get(`${rbac}/roles`, namespace, name);
    return role === undefined ? [] : ruleList(role["rules"]);
  };
  const grantsOf = (user: User, namespace: string | undefined): readonly Grant[] =>
    [
      ...store.list(`${rbac}/clusterrolebindings`).map((binding) => ({ binding, kind: "ClusterRoleBinding" })),
      ...store
        .list(`${rbac}/rolebindings`)
        .filter(({ metadata }) => metadata.namespace === namespace)
        .map((binding) => ({ binding, kind: "RoleBinding" })),
    ].flatMap(({ binding, kind }) => {
      if (!listOf(binding["subjects"]).some((subject) => isSubject(subject, user, binding.metadata.namespace))) return [];
      const roleKind = textOf(at(binding, "roleRef", "kind"));
      const roleName = textOf(at(binding, "roleRef", "name"));
      const place = binding.metadata.namespace === undefined ? "" : `/${binding.metadata.namespace}`;
      const why = `RBAC: allowed by ${kind} "${binding.metadata.name}${place}" of ${roleKind} "${roleName}" to ${subjectText(binding, user)}`;
      return rulesOfRole(roleKind, binding.metadata.namespace, roleName).map((rule) => ({ rule, why }));
    });
  /** Asked with each request, and changed seldom. */
  let known = new Map<string, readonly Grant[]>();
  store.onChange(({ storageKey }) => {
    if (storageKey.startsWith(rbac)) known = new Map();
  });
  const granted = (user: User, namespace: string | undefined): readonly Grant[] => {
    const key = JSON.stringify([user.username, user.groups, namespace]);
    const grants = known.get(key) ?? grantsOf(user, namespace);
    known.set(key, grants);
    return grants;
  };
  const allows = (user: User, attributes: Attributes): string | undefined =>
    user.groups.includes(superusers) ? "" : granted(user, attributes.namespace).find(({ rule }) => ruleAllows(rule, attributes))?.why;
  const allowsPath = (user: User, verb: string, path: string): boolean =>
    user.groups.includes(superusers) || granted(user, undefined).some(({ rule }) => ruleAllowsPath(rule, verb, path));

  return {
    allows,
    allowsPath,
    require: (user, attributes) => {
      if (allows(user, attributes) !== undefined) return;
      const resource = attributes.subresource === undefined ? attributes.resource : `${attributes.resource}/${attributes.subresource}`;
      const where = attributes.namespace === undefined ? "at the cluster scope" : `in the namespace "${attributes.namespace}"`;
      throw forbidden(
        { group: attributes.group, plural: attributes.resource },
        attributes.name ?? "",
        `User "${user.username}" cannot ${attributes.verb} resource "${resource}" in API group "${attributes.group}" ${where}`,
      );
    },
    requirePath: (user, verb, path) => {
      if (allowsPath(user, verb, path)) return;
      throw new ApiError(403, "Forbidden", `forbidden: User "${user.username}" cannot ${verb} path "${path}"`, {});
    },
  };
};

const ruleList = (rules: unknown): Rule[] =>
  listOf(rules).map((rule) => {
    const texts = (field: string): string[] => listOf(recordOf(rule)[field]).map(textOf);
    return {
      apiGroups: texts("apiGroups"),
      resources: texts("resources"),
      verbs: texts("verbs"),
      resourceNames: texts("resourceNames"),
      nonResourceURLs: texts("nonResourceURLs"),
    };
  });

const isSubject = (subject: unknown, user: User, bindingNamespace: string | undefined): boolean => {
  const name = textOf(at(subject, "name"));
  switch (at(subject, "kind")) {
    case "User":
      return user.username === name;
    case "Group":
      return user.groups.includes(name);
    case "ServiceAccount":
      return user.username === `system:serviceaccount:${textOf(at(subject, "namespace")) || (bindingNamespace ?? "")}:${name}`;
    default:
      return false;
  }
};

const subjectText = (binding: Stored, user: User): string => {
  const subject = listOf(binding["subjects"]).find((item) => isSubject(item, user, binding.metadata.namespace));
  const name = textOf(at(subject, "name"));
  const kind = textOf(at(subject, "kind"));
  return kind === "ServiceAccount" ? `ServiceAccount "${name}/${textOf(at(subject, "namespace"))}"` : `${kind} "${name}"`;
};

const ruleAllows = (rule: Rule, attributes: Attributes): boolean => {
  const { resource, subresource, name } = attributes;
  const resources = subresource === undefined ? [resource, "*"] : [`${resource}/${subresource}`, `*/${subresource}`, "*"];
  return (
    has(rule.verbs, attributes.verb) &&
    has(rule.apiGroups, attributes.group) &&
    rule.resources.some((item) => resources.includes(item)) &&
    (rule.resourceNames.length === 0 || (name !== undefined && rule.resourceNames.includes(name)))
  );
};

const ruleAllowsPath = (rule: Rule, verb: string, path: string): boolean =>
  has(rule.verbs, verb) &&
  rule.nonResourceURLs.some((url) => url === "*" || url === path || (url.endsWith("*") && path.startsWith(url.slice(0, -1))));

const has = (items: readonly string[], item: string): boolean => items.includes("*") || items.includes(item);
