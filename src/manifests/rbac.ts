// From rights as data to ServiceAccounts, Roles and bindings. Pure. Never a wildcard: what is not in a `needs` is not granted.
import type { Need, Verb } from "#api/object.ts";
import type { Manifest } from "#manifests/manifest.ts";

export interface AccountRights {
  readonly account: string;
  /** Another account with the same rights. */
  readonly twin?: string;
  readonly namespace: string;
  readonly needs: readonly Need[];
}

interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly Verb[];
  readonly resourceNames?: readonly string[];
}

/** The account, and a Role and a ClusterRole bound to it as far as it needs either. */
export const rbacOf = ({ account, twin, namespace, needs }: AccountRights): Manifest[] => {
  // What is cluster-scoped carries the namespace in its name, so that two installations live side by side.
  const clusterName = `${namespace}-${account.replace(/^kintsugi-/, "")}`;
  const accounts = twin === undefined ? [account] : [account, twin];
  const subjects = accounts.map((name) => ({ kind: "ServiceAccount", name, namespace }));
  const own = rulesOf(needs.filter((need) => need.scope === "own"));
  const everywhere = rulesOf(needs.filter((need) => need.scope === "cluster"));
  return [
    ...accounts.map((name) => ({ apiVersion: "v1", kind: "ServiceAccount", metadata: { name, namespace } })),
    ...(own.length === 0
      ? []
      : [
          rbac("Role", { name: account, namespace }, { rules: own }),
          rbac("RoleBinding", { name: account, namespace }, { roleRef: roleRef("Role", account), subjects }),
        ]),
    ...(everywhere.length === 0
      ? []
      : [
          rbac("ClusterRole", { name: clusterName }, { rules: everywhere }),
          rbac("ClusterRoleBinding", { name: clusterName }, { roleRef: roleRef("ClusterRole", clusterName), subjects }),
        ]),
  ];
};

export const rbac = (kind: string, metadata: Manifest["metadata"], rest: object): Manifest => ({
  apiVersion: "rbac.authorization.k8s.io/v1",
  kind,
  metadata,
  ...rest,
});

const roleRef = (kind: "Role" | "ClusterRole", name: string): object => ({ apiGroup: "rbac.authorization.k8s.io", kind, name });

type Grant = Pick<Need, "group" | "resource" | "verbs"> & { readonly resourceNames?: readonly string[] };

/** RBAC knows exact names only, and none for an object that does not exist yet: there the admission policies hold to the names. */
const grantsOf = ({ group, resource, verbs, names }: Need): readonly Grant[] => {
  if (names === undefined || names.some((name) => name.endsWith("*"))) return [{ group, resource, verbs }];
  const [nameless, named] = [verbs.filter((verb) => verb === "create"), verbs.filter((verb) => verb !== "create")];
  return [
    ...(nameless.length === 0 ? [] : [{ group, resource, verbs: nameless }]),
    ...(named.length === 0 ? [] : [{ group, resource, verbs: named, resourceNames: names.toSorted() }]),
  ];
};

/** One rule a group and set of verbs, everything sorted: the same needs make the same file. */
export const rulesOf = (needs: readonly Need[]): Rule[] => {
  const verbsOf = new Map<string, { need: Grant; verbs: Set<Verb> }>();
  for (const need of needs.flatMap(grantsOf)) {
    const key = JSON.stringify([need.group, need.resource, need.resourceNames ?? null]);
    const known = verbsOf.get(key) ?? { need, verbs: new Set<Verb>() };
    for (const verb of need.verbs) known.verbs.add(verb);
    verbsOf.set(key, known);
  }
  const rules = new Map<string, { rule: Rule; resources: string[] }>();
  for (const { need, verbs } of verbsOf.values()) {
    const sortedVerbs = [...verbs].toSorted();
    const key = JSON.stringify([need.group, sortedVerbs, need.resourceNames ?? null]);
    const names = need.resourceNames === undefined ? {} : { resourceNames: need.resourceNames };
    const known = rules.get(key) ?? { rule: { apiGroups: [need.group], resources: [], verbs: sortedVerbs, ...names }, resources: [] };
    known.resources.push(need.resource);
    rules.set(key, known);
  }
  return [...rules.entries()]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([, { rule, resources }]) => ({ ...rule, resources: resources.toSorted() }));
};
