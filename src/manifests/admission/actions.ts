// What each action's accounts may write, whatever their rights: the objects, operations and fields that the action declares. Pure.
import type { Action, Write } from "#actions/action.ts";
import { accountOfAction, approvedAccountOfAction } from "#api/labels.ts";
import { accountsOf, celList, celText, everyRequest, policy, user, type Validation, what } from "#manifests/admission/policy.ts";
import { positions, sameOutside } from "#manifests/admission/same-outside.ts";
import type { Manifest } from "#manifests/manifest.ts";

type Subject = Pick<Action, "name" | "writes">;

export const actionPolicy = (namespace: string, action: Subject): Manifest[] => {
  const { userNameOf } = accountsOf(namespace);
  const names = [accountOfAction(action.name), approvedAccountOfAction(action.name)];
  return policy(`${namespace}-${names[0]?.replace(/^kintsugi-/, "")}`, {
    rules: [everyRequest],
    matchConditions: [{ name: "this-action", expression: `${user} in ${celList(names.map(userNameOf))}` }],
    variables: [what, positions],
    validations: [
      { expression: action.writes.map(isAsked).join(" || "), message: `${action.name} may not make this change` },
      ...action.writes.map((write) => boundOf(action.name, write)),
    ],
  });
};

const isAsked = (write: Write): string =>
  `(variables.what == ${celText(resourceOf(write))} && request.operation == '${operationOf(write)}')`;

const operationOf = ({ verb }: Write): string => (verb === "patch" ? "UPDATE" : "CREATE");

const resourceOf = (write: Write): string => {
  const resource = `${write.type.group}/${write.type.plural}`;
  if (write.verb === "evict") return `${resource}/eviction`;
  return write.verb === "patch" && write.subresource !== undefined ? `${resource}/${write.subresource}` : resource;
};

const boundOf = (name: string, write: Write): Validation => {
  const unless = `!${isAsked(write)} || `;
  switch (write.verb) {
    case "patch":
      return {
        expression: `${unless}(${sameOutside("oldObject", "object", [...bookkeepingOf(write.type), ...write.paths])})`,
        message: `${name} may change only ${write.paths.join(", ")} of a ${write.type.kind}`,
      };
    case "create":
      return {
        expression: `${unless}(!has(object.metadata.ownerReferences) && !has(object.metadata.finalizers))`,
        message: `${name} creates a ${write.type.kind} without owners and finalizers`,
      };
    case "evict":
      return {
        expression: `${unless}(has(object.deleteOptions) && has(object.deleteOptions.preconditions) && has(object.deleteOptions.preconditions.uid) && !has(object.deleteOptions.gracePeriodSeconds))`,
        message: `${name} evicts one ${write.type.kind} by its uid, and lets it end in its own time`,
      };
  }
};

/** What the API server itself writes with every change. */
const bookkeepingOf = ({ kind }: Write["type"]): readonly string[] => [
  "/metadata/managedFields",
  "/metadata/generation",
  "/metadata/resourceVersion",
  ...(kind === "DaemonSet" ? ["/metadata/annotations/deprecated.daemonset.template.generation"] : []),
];
