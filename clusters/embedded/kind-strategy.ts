// What is particular to a kind when an object of it is written: decoding, validation, counting generations. One path for built-in and custom
// kinds: a schema, and the defaults and checks of a built-in kind that no schema expresses.
import { jsonEqual } from "#lib/canonical-json.ts";
import { builtInDefaults } from "#embedded/built-in-defaults.ts";
import { builtInSchema, objectMetaSchema } from "#embedded/built-in-schemas.ts";
import { builtInErrors } from "#embedded/built-in-validation.ts";
import { type JsonRecord, at, recordOf, without } from "#embedded/json.ts";
import type { Resource } from "#embedded/resources.ts";
import { type Schema, defaulted, pruned, schemaErrors } from "#embedded/schema.ts";
import { hasRules, ruleErrors } from "#embedded/schema-rules.ts";
import { type FieldError, badRequest } from "#embedded/status.ts";

export interface KindStrategy {
  /** With the metadata, for patches and server-side apply. */
  readonly schema: Schema;
  /** Drops fields that the kind does not have, whose paths are `dropped`, and fills in defaults. */
  decode(object: JsonRecord): { readonly object: JsonRecord; readonly dropped: readonly string[] };
  errors(object: JsonRecord, old?: JsonRecord): readonly FieldError[];
  /** Whether the generation counts this change. */
  countsChange(object: JsonRecord, old: JsonRecord): boolean;
}

const typeMeta = ["apiVersion", "kind", "metadata"];

/** The server has its own rules for the metadata, whatever the author of a definition says about it. */
const bodyOf = (schema: Schema): Schema => ({
  ...schema,
  properties: without(schema.properties ?? {}, ...typeMeta) as Record<string, Schema>,
  required: (schema.required ?? []).filter((name) => !typeMeta.includes(name)),
});

export const createStrategy = (resource: Resource): KindStrategy => {
  const { kind, version, schema = builtInSchema(resource) } = resource;
  const body = bodyOf(schema);
  const withRules = hasRules(schema);
  const uncounted = resource.subresources.includes("status") ? ["metadata", "status"] : ["metadata"];
  return {
    schema: { ...schema, properties: { ...schema.properties, metadata: objectMetaSchema } },
    decode: ({ apiVersion, kind: own, metadata, ...rest }) => {
      const dropped: string[] = [];
      const kept = recordOf(defaulted(body, pruned(body, rest, "", dropped)));
      return { object: builtInDefaults(resource, { apiVersion, kind: own, metadata, ...kept }), dropped };
    },
    errors: (object, old) => {
      const errors = schemaErrors(body, without(object, ...typeMeta));
      const unreadable = errors.find(({ reason }) => reason === "FieldValueTypeInvalid");
      // The types of Go refuse it before validation begins.
      if (unreadable !== undefined && resource.storage === "builtin")
        throw badRequest(`${kind} in version ${JSON.stringify(version)} cannot be handled as a ${kind}: ${unreadable.message}`);
      if (!withRules) return [...errors, ...builtInErrors(resource, object, old)];
      return errors.some(({ reason }) => blocking.has(reason)) ? [...errors, unchecked] : [...errors, ...ruleErrors(schema, object, old)];
    },
    countsChange: (object, old) =>
      resource.counts &&
      (!jsonEqual(without(object, ...uncounted), without(old, ...uncounted)) ||
        (kind === "Deployment" && !jsonEqual(at(object, "metadata", "annotations") ?? {}, at(old, "metadata", "annotations") ?? {}))),
  };
};

const blocking = new Set(["FieldValueRequired", "FieldValueTooLong", "FieldValueTooMany", "FieldValueTypeInvalid"]);

const unchecked: FieldError = {
  reason: "FieldValueInvalid",
  field: "<nil>",
  message:
    "Invalid value: null: some validation rules were not checked because the object was invalid; correct the existing errors to complete validation",
};
