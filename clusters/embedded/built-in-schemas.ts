// The schemas of the built-in kinds: OpenAPI of a real API server with its defaults (built-in-schemas.json, written by
// scripts/built-in-schemas.ts), in the same form as the schema of a custom kind.
import { readFileSync } from "node:fs";
import { join } from "node:path";
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
  if (schema === undefined) linked.set(name, (schema = link(definitions[name] ?? {})));
  return schema;
};

const link = ({ $ref: reference, properties, items, additionalProperties, ...own }: Schema): Schema =>
  typeof reference === "string"
    ? { ...definition(reference), ...own }
    : {
        ...own,
        ...(properties && { properties: Object.fromEntries(Object.entries(properties).map(([name, each]) => [name, link(each)])) }),
        ...(items && { items: link(items) }),
        ...(typeof additionalProperties === "object" && { additionalProperties: link(additionalProperties) }),
      };

export const builtInSchema = ({ group, kind }: Pick<Resource, "group" | "kind">): Schema => definition(kinds[`${group}/${kind}`] ?? "");

/** Of every kind. */
export const objectMetaSchema = definition("meta.v1.ObjectMeta");
