// What is particular to a kind of object when it is written: defaults, cleaning, validation, counting generations. One face for built-in and custom kinds.
import { jsonEqual } from "#lib/canonical-json.ts";
import { type JsonRecord, at, listOf, recordOf, textOf, without } from "#embedded/json.ts";
import { builtInDefaults } from "#embedded/builtin-defaults.ts";
import { builtInErrors, unknownFields, unreadable } from "#embedded/builtin-validation.ts";
import { compileCel } from "#embedded/cel.ts";
import { listKeysOf } from "#embedded/list-keys.ts";
import type { ListKeysOf } from "#embedded/managed-fields.ts";
import type { Resource } from "#embedded/resources.ts";
import { type Schema, defaulted, hasRules, listKeysBy, pruned, ruleErrors, schemaErrors, unreadableRules } from "#embedded/schema.ts";
import { type FieldError, badRequest, invalidValue } from "#embedded/status.ts";

export interface KindStrategy {
  /** Drops what the kind does not know and fills in defaults; `dropped` are the paths that were not known. */
  decode(object: JsonRecord): { readonly object: JsonRecord; readonly dropped: readonly string[] };
  errors(object: JsonRecord, old?: JsonRecord): readonly FieldError[];
  /** Whether the generation counts this change. */
  countsChange(object: JsonRecord, old: JsonRecord): boolean;
  /** The keys of a list that is a map, by the fields on the way to it; for server-side apply. */
  readonly listKeys: ListKeysOf;
  /** May be replaced without naming the version that is replaced. */
  readonly unconditional: boolean;
}

export const builtInStrategy = (resource: Resource): KindStrategy => ({
  listKeys: (path) => listKeysOf(path)?.map,
  decode: (object) => {
    const problem = unreadable(resource, object);
    if (problem !== undefined)
      throw badRequest(`${resource.kind} in version "${resource.version}" cannot be handled as a ${resource.kind}: ${problem}`);
    const dropped = unknownFields(resource, object);
    return { object: builtInDefaults(resource, without(object, ...dropped)), dropped };
  },
  errors: (object, old) => [...builtInErrors(resource, object, old), ...expressionErrors(resource, object)],
  countsChange: (object, old) =>
    resource.counts &&
    (!jsonEqual(object["spec"] ?? null, old["spec"] ?? null) ||
      (resource.kind === "Deployment" &&
        !jsonEqual(at(object, "metadata", "annotations") ?? {}, at(old, "metadata", "annotations") ?? {}))),
  unconditional: true,
});

/** Where text that a client wrote is no CEL. */
const expressionErrors = (resource: Resource, object: JsonRecord): FieldError[] => {
  if (resource.kind === "CustomResourceDefinition") return definitionErrors(object);
  if (resource.kind !== "ValidatingAdmissionPolicy") return [];
  return ["matchConditions", "variables", "validations"].flatMap((field) =>
    listOf(at(object, "spec", field)).flatMap((item, index) => {
      const text = textOf(at(item, "expression"));
      const program = compileCel(text);
      if (!("problem" in program)) return [];
      const why = `compilation failed: ERROR: <input>:1:${program.position + 1}: Syntax error: ${program.problem}`;
      return [invalidValue(`spec.${field}[${index}].expression`, text, why)];
    }),
  );
};

const definitionErrors = (definition: JsonRecord): FieldError[] =>
  listOf(at(definition, "spec", "versions")).flatMap((version) =>
    unreadableRules(recordOf(at(version, "schema", "openAPIV3Schema")) as Schema, "spec.validation.openAPIV3Schema"),
  );

export const customStrategy = (resource: Resource, schema: Schema): KindStrategy => {
  const withRules = hasRules(schema);
  const blocking = new Set(["FieldValueRequired", "FieldValueTooLong", "FieldValueTooMany", "FieldValueTypeInvalid"]);
  return {
    listKeys: (path) => (path[0] === "metadata" ? listKeysOf(path)?.map : listKeysBy(schema, path)),
    decode: (object) => {
      const dropped: string[] = [];
      const kept = recordOf(pruned(schema, object, "", dropped));
      return { object: recordOf(defaulted(schema, kept)), dropped };
    },
    errors: (object, old) => {
      const body = without(object, "apiVersion", "kind", "metadata");
      const errors = schemaErrors(bodySchema(schema), body);
      if (!withRules) return errors;
      if (errors.some(({ reason }) => blocking.has(reason))) return [...errors, unchecked];
      return [...errors, ...ruleErrors(schema, object, old)];
    },
    countsChange: (object, old) => {
      const parts = resource.subresources.includes("status") ? ["metadata", "status"] : ["metadata"];
      return !jsonEqual(without(object, ...parts), without(old, ...parts));
    },
    unconditional: false,
  };
};

/** The server's own metadata is validated elsewhere, whatever the author wrote about it. */
const bodySchema = (schema: Schema): Schema => ({
  ...schema,
  ...(schema.required === undefined
    ? {}
    : { required: schema.required.filter((name) => !["apiVersion", "kind", "metadata"].includes(name)) }),
});

const unchecked: FieldError = {
  reason: "FieldValueInvalid",
  field: "<nil>",
  message:
    "Invalid value: null: some validation rules were not checked because the object was invalid; correct the existing errors to complete validation",
};
