// What may still stop a valid write: namespaces that are missing or end (NamespaceLifecycle) and ValidatingAdmissionPolicies. From
// apiserver's plugin/namespace/lifecycle and plugin/policy/validating. Reads policies from the store, writes nothing.
import { celValue, compileCel } from "#embedded/cel.ts";
import type { User } from "#embedded/identity.ts";
import { type JsonRecord, type Stored, at, isRecord, listOf, recordOf, textOf } from "#embedded/json.ts";
import type { Resource } from "#embedded/resources.ts";
import { matchesSelector } from "#embedded/selectors.ts";
import { ApiError, forbidden, notFound, qualified } from "#embedded/status.ts";
import { type ServerContext, type Writer, namespacesOf } from "#embedded/server-context.ts";

export type Operation = "CREATE" | "UPDATE" | "DELETE" | "CONNECT";

export interface Admitted {
  readonly resource: Resource;
  readonly subresource?: string | undefined;
  readonly namespace?: string | undefined;
  readonly name: string;
  /** As the caller gave it: of a generated name, only what it begins with. */
  readonly givenName?: string | undefined;
  readonly operation: Operation;
  readonly object: JsonRecord | null;
  readonly oldObject: JsonRecord | null;
  readonly options: JsonRecord;
}

const group = "admissionregistration.k8s.io";
const keptNamespaces = new Set(["default", "kube-system", "kube-public"]);

/** Throws where the write is refused. */
export const admit = (server: ServerContext, write: Admitted, writer: Writer): void => {
  admitNamespace(server, write);
  admitAccount(server, write);
  // Policies never judge themselves: a wrong one could not be mended.
  if (write.resource.group === group) return;
  let variables: Record<string, unknown> | undefined;
  // All policies see the same values, and making them is dear.
  const variablesFor = (namespace: Stored | undefined): Record<string, unknown> => (variables ??= variablesOf(write, writer, namespace));
  for (const binding of server.store.list(`${group}/validatingadmissionpolicybindings`)) {
    const policy = server.find({ group, plural: "validatingadmissionpolicies" }, undefined, textOf(at(binding, "spec", "policyName")));
    if (policy !== undefined) judge(server, policy, binding, write, writer, variablesFor);
  }
};

const admitNamespace = (server: ServerContext, { resource, namespace, name, operation }: Admitted): void => {
  if (resource.group === "" && resource.plural === "namespaces") {
    if (operation === "DELETE" && keptNamespaces.has(name)) throw forbidden(resource, name, "this namespace may not be deleted");
    return;
  }
  if (operation !== "CREATE" || namespace === undefined) return;
  const found = server.find(namespacesOf, undefined, namespace);
  if (found === undefined) throw notFound(namespacesOf, namespace);
  if (found.metadata.deletionTimestamp === undefined) return;
  throw forbidden(resource, name, `unable to create new content in namespace ${namespace} because it is being terminated`, [
    { reason: "NamespaceTerminating", message: `namespace ${namespace} is being terminated`, field: "metadata.namespace" },
  ]);
};

/** ServiceAccount's admission; the default account may be a moment younger than its namespace. */
const admitAccount = (
  server: ServerContext,
  { resource, subresource, operation, namespace, name, givenName = name, object }: Admitted,
): void => {
  if (resource.kind !== "Pod" || operation !== "CREATE" || subresource !== undefined) return;
  const account = textOf(at(object, "spec", "serviceAccountName"));
  if (account === "default" || server.find({ group: "", plural: "serviceaccounts" }, namespace, account) !== undefined) return;
  throw forbidden(
    resource,
    givenName,
    `error looking up service account ${namespace ?? ""}/${account}: serviceaccount "${account}" not found`,
  );
};

const judge = (
  server: ServerContext,
  policy: Stored,
  binding: Stored,
  write: Admitted,
  writer: Writer,
  variablesFor: (namespace: Stored | undefined) => Record<string, unknown>,
): void => {
  const namespace = write.namespace === undefined ? undefined : server.find(namespacesOf, undefined, write.namespace);
  if (!matchesConstraints(at(policy, "spec", "matchConstraints"), write, namespace, "required")) return;
  if (!matchesConstraints(at(binding, "spec", "matchResources"), write, namespace, "optional")) return;
  const scope = variablesFor(namespace);
  const failsClosed = at(policy, "spec", "failurePolicy") !== "Ignore";
  const deny = (message: string, reason = "Invalid"): void => {
    const actions = listOf(at(binding, "spec", "validationActions"));
    const who = `ValidatingAdmissionPolicy '${policy.metadata.name}' with binding '${binding.metadata.name}'`;
    if (actions.includes("Warn")) writer.warn?.(`Validation failed for ${who}: ${message}`);
    if (!actions.includes("Deny")) return;
    throw denied(write, `${who} denied request: ${message}`, reason);
  };

  for (const condition of listOf(at(policy, "spec", "matchConditions"))) {
    const outcome = evaluate(textOf(at(condition, "expression")), scope);
    if ("error" in outcome) return failsClosed ? deny(outcome.error) : undefined;
    if (outcome.value !== true) return;
  }
  const variables: Record<string, unknown> = {};
  const withVariables: Record<string, unknown> = { ...scope, variables };
  for (const variable of listOf(at(policy, "spec", "variables"))) {
    // Lazily in the real server: one that fails matters only where it is used.
    Object.defineProperty(variables, textOf(at(variable, "name")), {
      enumerable: true,
      configurable: true,
      get: () => {
        const outcome = evaluate(textOf(at(variable, "expression")), withVariables);
        if ("error" in outcome)
          throw new Error(`composited variable "${textOf(at(variable, "name"))}" fails to evaluate: ${outcome.error}`);
        return outcome.value;
      },
    });
  }
  for (const validation of listOf(at(policy, "spec", "validations"))) {
    const expression = textOf(at(validation, "expression"));
    const outcome = evaluate(expression, withVariables);
    if ("error" in outcome) {
      if (failsClosed) deny(outcome.error);
      continue;
    }
    if (outcome.value === true) continue;
    const said = textOf(at(validation, "messageExpression"));
    const spoken = said === "" ? undefined : evaluate(said, withVariables);
    const message =
      spoken !== undefined && "value" in spoken && typeof spoken.value === "string" && spoken.value.trim() !== ""
        ? spoken.value.trim()
        : textOf(at(validation, "message")) || `failed expression: ${expression.trim()}`;
    deny(message, textOf(at(validation, "reason")) || "Invalid");
  }
};

const evaluate = (expression: string, scope: JsonRecord): { readonly value: unknown } | { readonly error: string } => {
  const program = compileCel(expression);
  if ("problem" in program) return { error: `compilation error: compilation failed: ${program.problem}` };
  const outcome = program.run(scope);
  return outcome.kind === "error"
    ? { error: `expression '${expression}' resulted in error: ${outcome.message}` }
    : { value: outcome.value };
};

const codes: Readonly<Record<string, number>> = { Unauthorized: 401, Forbidden: 403, RequestEntityTooLarge: 413, Invalid: 422 };

const denied = ({ resource, name }: Admitted, message: string, reason: string): ApiError =>
  new ApiError(codes[reason] ?? 422, reason, `${qualified(resource)} "${name}" is forbidden: ${message}`, {
    name,
    ...(resource.group === "" ? {} : { group: resource.group }),
    kind: resource.plural,
    causes: [{ message }],
  });

const variablesOf = (write: Admitted, writer: Writer, namespace: Stored | undefined): Record<string, unknown> => {
  const { resource } = write;
  return {
    object: celValue(write.object),
    oldObject: celValue(write.oldObject),
    namespaceObject: celValue(namespace ?? null),
    params: null,
    request: {
      kind: { group: resource.group, version: resource.version, kind: resource.kind },
      resource: { group: resource.group, version: resource.version, resource: resource.plural },
      requestKind: { group: resource.group, version: resource.version, kind: resource.kind },
      requestResource: { group: resource.group, version: resource.version, resource: resource.plural },
      ...(write.subresource === undefined ? {} : { subResource: write.subresource, requestSubResource: write.subresource }),
      name: write.name,
      ...(write.namespace === undefined ? {} : { namespace: write.namespace }),
      operation: write.operation,
      userInfo: userInfo(writer.user),
      dryRun: writer.dryRun,
      options: celValue(write.options),
    },
  };
};

const userInfo = (user: User): JsonRecord => ({ ...user, groups: [...user.groups], extra: user.extra ?? {} });

const matchesConstraints = (
  constraints: unknown,
  write: Admitted,
  namespace: Stored | undefined,
  rules: "required" | "optional",
): boolean => {
  if (!isRecord(constraints)) return rules === "optional";
  const { namespaceSelector, objectSelector } = constraints;
  // A namespace is selected by its own labels; other cluster-scoped objects always.
  const own = write.resource.group === "" && write.resource.plural === "namespaces";
  const labels = own ? labelsOf(write.object ?? write.oldObject) : namespace === undefined ? undefined : labelsOf(namespace);
  if (isRecord(namespaceSelector) && labels !== undefined && !matchesSelector(namespaceSelector, labels)) return false;
  if (isRecord(objectSelector) && Object.keys(objectSelector).length > 0) {
    const either = [write.object, write.oldObject].some((object) => object !== null && matchesSelector(objectSelector, labelsOf(object)));
    if (!either) return false;
  }
  const wanted = listOf(constraints["resourceRules"]);
  return (wanted.length === 0 && rules === "optional") || wanted.some((rule) => matchesRule(rule, write));
};

const labelsOf = (object: unknown): JsonRecord => recordOf(at(object, "metadata", "labels"));

const matchesRule = (rule: unknown, { resource, subresource, operation, name, namespace }: Admitted): boolean => {
  const texts = (field: string): string[] => listOf(at(rule, field)).map(textOf);
  const has = (field: string, value: string): boolean => texts(field).some((item) => item === "*" || item === value);
  const names = texts("resourceNames");
  const scope = at(rule, "scope");
  if (scope === "Cluster" && namespace !== undefined) return false;
  if (scope === "Namespaced" && namespace === undefined) return false;
  return (
    has("operations", operation) &&
    has("apiGroups", resource.group) &&
    has("apiVersions", resource.version) &&
    (names.length === 0 || names.includes(name)) &&
    texts("resources").some((item) => matchesResource(item, resource.plural, subresource ?? ""))
  );
};

/** `pods`, `pods/*`, `*`, `* /status`: a plain name means no subresource, `*` neither. */
const matchesResource = (pattern: string, plural: string, subresource: string): boolean => {
  const [main = "", sub = ""] = pattern.split("/");
  return (main === "*" || main === plural) && (sub === "*" || sub === subresource);
};
