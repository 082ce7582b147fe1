// The schemas of the built-in kinds: OpenAPI of a real API server (built-in-schemas.json, written by scripts/built-in-schemas.ts), with the
// defaults that OpenAPI does not carry. The same form as the schema of a custom kind.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { staticDefaults } from "#embedded/built-in-defaults.ts";
import type { Resource } from "#embedded/resources.ts";
import type { Schema } from "#embedded/schema.ts";

interface File {
  /** `apps/Deployment` → its definition. */
  readonly kinds: Readonly<Record<string, string>>;
  readonly definitions: Readonly<Record<string, Schema>>;
}

const { kinds, definitions }: File = JSON.parse(readFileSync(join(import.meta.dirname, "built-in-schemas.json"), "utf8")) as File;

const linked = new Map<string, Schema>();

const definition = (name: string): Schema => {
  let schema = linked.get(name);
  if (schema === undefined) linked.set(name, (schema = link(definitions[name] ?? {}, staticDefaults[name])));
  return schema;
};

const link = (schema: Schema, defaults: Readonly<Record<string, unknown>> = {}): Schema => {
  const { $ref: reference, properties, items, additionalProperties, ...own } = schema;
  if (typeof reference === "string") return { ...definition(reference), ...own };
  const linkedProperty = (name: string, property: Schema): Schema => {
    const value = name in defaults ? { default: defaults[name], nullable: defaults[name] === null } : {};
    // Go leaves out an empty slice or map.
    const omitEmpty = property.type === "array" || property.additionalProperties !== undefined ? { omitEmpty: true } : {};
    return { ...link(property), ...value, ...omitEmpty };
  };
  return {
    ...own,
    ...(properties === undefined
      ? {}
      : { properties: Object.fromEntries(Object.entries(properties).map(([name, each]) => [name, linkedProperty(name, each)])) }),
    ...(items === undefined ? {} : { items: link(items) }),
    ...(typeof additionalProperties === "object" ? { additionalProperties: link(additionalProperties) } : {}),
  };
};

export const builtInSchema = ({ group, kind }: Pick<Resource, "group" | "kind">): Schema => definition(kinds[`${group}/${kind}`] ?? "");

/** Of every kind. */
export const objectMetaSchema = definition("meta.v1.ObjectMeta");
