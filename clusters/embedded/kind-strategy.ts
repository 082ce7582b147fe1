// What is particular to a kind when an object of it is written: decoding, validation, counting generations. Built-in and custom kinds differ in
// where their schema comes from and in the checks that no schema expresses.
import { jsonEqual } from "#lib/canonical-json.ts";
import { builtInDefaults } from "#embedded/built-in-defaults.ts";
import { builtInSchema, objectMetaSchema } from "#embedded/built-in-schemas.ts";
import { builtInErrors } from "#embedded/built-in-validation.ts";
import { compileCel } from "#embedded/cel.ts";
import { type JsonRecord, at, listOf, recordOf, textOf, without } from "#embedded/json.ts";
import type { Resource } from "#embedded/resources.ts";
import { type Schema, defaulted, pruned, schemaErrors } from "#embedded/schema.ts";
import { hasRules, ruleErrors, unreadableRules } from "#embedded/schema-rules.ts";
import { type FieldError, badRequest, invalidValue } from "#embedded/status.ts";

export interface KindStrategy {
  /** With the metadata, for patches and server-side apply. */
  readonly schema: Schema;
  /** Drops fields that the kind does not have, whose paths are `dropped`, and fills in defaults. */
  decode(object: JsonRecord): { readonly object: JsonRecord; readonly dropped: readonly string[] };
  errors(object: JsonRecord, old?: JsonRecord): readonly FieldError[];
  /** Whether the generation counts this change. */
  countsChange(object: JsonRecord, old: JsonRecord): boolean;
  /** An update need not name the version that it replaces. */
  readonly unconditional: boolean;
}

const typeMeta = ["apiVersion", "kind", "metadata"];

/** The server has its own rules for the metadata, whatever the author of a definition says about it. */
const bodyOf = (schema: Schema): Schema => ({
  ...schema,
  properties: without(schema.properties ?? {}, ...typeMeta) as Record<string, Schema>,
  required: (schema.required ?? []).filter((name) => !typeMeta.includes(name)),
});

const decodeBody = (body: Schema, { apiVersion, kind, metadata, ...rest }: JsonRecord): ReturnType<KindStrategy["decode"]> => {
  const dropped: string[] = [];
  const kept = recordOf(defaulted(body, pruned(body, rest, "", dropped)));
  return { object: { apiVersion, kind, metadata, ...kept }, dropped };
};

export const builtInStrategy = (resource: Resource): KindStrategy => {
  const schema = builtInSchema(resource);
  const body = bodyOf(schema);
  const { kind, version } = resource;
  return {
    schema,
    decode: (given) => {
      const { object, dropped } = decodeBody(body, given);
      return { object: builtInDefaults(resource, object), dropped };
    },
    errors: (object, old) => {
      const errors = schemaErrors(body, without(object, ...typeMeta));
      // The types of Go refuse it before validation begins.
      const unreadable = errors.find(({ reason }) => reason === "FieldValueTypeInvalid");
      if (unreadable !== undefined)
        throw badRequest(`${kind} in version ${JSON.stringify(version)} cannot be handled as a ${kind}: ${unreadable.message}`);
      return [...errors, ...builtInErrors(resource, object, old), ...expressionErrors(resource, object)];
    },
    countsChange: (object, old) =>
      resource.counts &&
      (!jsonEqual(object["spec"] ?? null, old["spec"] ?? null) ||
        (kind === "Deployment" && !jsonEqual(at(object, "metadata", "annotations") ?? {}, at(old, "metadata", "annotations") ?? {}))),
    unconditional: true,
  };
};

/** Where the text of a client is not CEL. */
const expressionErrors = (resource: Resource, object: JsonRecord): FieldError[] => {
  if (resource.kind === "CustomResourceDefinition")
    return listOf(at(object, "spec", "versions")).flatMap((version) =>
      unreadableRules(recordOf(at(version, "schema", "openAPIV3Schema")) as Schema, "spec.validation.openAPIV3Schema"),
    );
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

const blocking = new Set(["FieldValueRequired", "FieldValueTooLong", "FieldValueTooMany", "FieldValueTypeInvalid"]);

export const customStrategy = (resource: Resource, given: Schema): KindStrategy => {
  const body = bodyOf(given);
  const withRules = hasRules(given);
  const ignored = resource.subresources.includes("status") ? ["metadata", "status"] : ["metadata"];
  return {
    schema: { ...given, properties: { ...given.properties, metadata: objectMetaSchema } },
    decode: (object) => decodeBody(body, object),
    errors: (object, old) => {
      const errors = schemaErrors(body, without(object, ...typeMeta));
      if (!withRules) return errors;
      if (errors.some(({ reason }) => blocking.has(reason))) return [...errors, unchecked];
      return [...errors, ...ruleErrors(given, object, old)];
    },
    countsChange: (object, old) => !jsonEqual(without(object, ...ignored), without(old, ...ignored)),
    unconditional: false,
  };
};

const unchecked: FieldError = {
  reason: "FieldValueInvalid",
  field: "<nil>",
  message:
    "Invalid value: null: some validation rules were not checked because the object was invalid; correct the existing errors to complete validation",
};
