// What Kintsugi's accounts may write in their own namespace: an action nothing, every other account what its needs say. Pure.
import type { Need, Verb } from "#api/object.ts";
import { accountsOf, celList, celText, everyRequest, policy, user, what } from "#manifests/admission/policy.ts";
import type { Manifest } from "#manifests/manifest.ts";

export interface OwnWriter {
  readonly account: string;
  readonly needs: readonly Need[];
}

export const ownNamespacePolicy = (namespace: string, writers: readonly OwnWriter[]): Manifest[] => {
  const accounts = accountsOf(namespace);
  const may = writers.map(({ account, needs }) => {
    const writes = writesOf(needs);
    return `(${user} == '${accounts.userNameOf(account)}' && (${writes.length === 0 ? "false" : writes.join(" || ")}))`;
  });
  return policy(`${namespace}-own-namespace`, {
    rules: [everyRequest],
    matchConditions: [
      { name: "our-accounts", expression: accounts.any },
      { name: "our-namespace", expression: `has(request.namespace) && request.namespace == '${namespace}'` },
    ],
    variables: [
      what,
      // An update has the name in the request; a new object has it in itself.
      {
        name: "name",
        expression: "has(request.name) && request.name != '' ? request.name : (object != null ? object.metadata.name : '')",
      },
    ],
    validations: [
      { expression: `!${accounts.actions}`, message: "an action's account may not write in Kintsugi's own namespace" },
      {
        expression: [accounts.actions, ...may].join(" || "),
        message: "this account of Kintsugi may not write this in Kintsugi's own namespace",
      },
    ],
  });
};

const operationOf: Readonly<Partial<Record<Verb, string>>> = { create: "CREATE", update: "UPDATE", patch: "UPDATE", delete: "DELETE" };

/** One condition for each set of operations and names: the same needs make the same text. */
const writesOf = (needs: readonly Need[]): readonly string[] => {
  const operations = new Map<string, { readonly need: Need; readonly all: Set<string> }>();
  for (const need of needs) {
    if (need.scope !== "own") continue;
    const key = JSON.stringify([need.group, need.resource, need.names?.toSorted() ?? null]);
    const known = operations.get(key) ?? { need, all: new Set<string>() };
    for (const verb of need.verbs) {
      const operation = operationOf[verb];
      if (operation !== undefined) known.all.add(operation);
    }
    operations.set(key, known);
  }
  const conditions = new Map<string, { readonly resources: string[]; readonly rest: string }>();
  for (const { need, all } of operations.values()) {
    if (all.size === 0) continue;
    const rest = `request.operation in ${celList([...all].toSorted())}${namesCondition(need.names)}`;
    const known = conditions.get(rest) ?? { resources: [], rest };
    known.resources.push(`${need.group}/${need.resource}`);
    conditions.set(rest, known);
  }
  return [...conditions.values()]
    .map(({ resources, rest }) => `(variables.what in ${celList(resources.toSorted())} && ${rest})`)
    .toSorted();
};

/** A name that ends with `*` matches every name with that prefix. */
const namesCondition = (names: readonly string[] | undefined): string => {
  if (names === undefined) return "";
  const each = names
    .toSorted()
    .map((name) =>
      name.endsWith("*") ? `variables.name.startsWith(${celText(name.slice(0, -1))})` : `variables.name == ${celText(name)}`,
    );
  return ` && (${each.join(" || ")})`;
};
