// From a zod schema to what a CustomResourceDefinition accepts: a structural OpenAPI schema. Refuses what the API server would refuse.
import * as z from "zod";

export interface StructuralSchema {
  type?: string;
  description?: string;
  properties?: Record<string, StructuralSchema>;
  required?: string[];
  items?: StructuralSchema;
  additionalProperties?: StructuralSchema;
  [keyword: string]: unknown;
}

/** Keywords that mean the same in a CRD; `x-kubernetes-…` passes too. Anything else has no place in a structural schema. */
const kept = new Set([
  "type",
  "description",
  "enum",
  "pattern",
  "format",
  "default",
  "minLength",
  "maxLength",
  "minimum",
  "maximum",
  "minItems",
  "maxItems",
  "minProperties",
  "maxProperties",
]);
/** Written by zod for our schemas and without meaning to the API server: closedness comes from pruning, names of map keys are not checked there. */
const dropped = new Set(["$schema", "id", "propertyNames"]);

/**
 * Guarantees: `type` on every node, a bound on every string, list and map; a description wherever the schema has one.
 * Throws for oneOf, anyOf, references, open objects and for anything without a bound.
 */
export const structuralSchema = (schema: z.ZodType): StructuralSchema =>
  convert(z.toJSONSchema(schema, { io: "input", reused: "inline", unrepresentable: "throw" }) as StructuralSchema, "");

const convert = (node: StructuralSchema, path: string): StructuralSchema => {
  const result: StructuralSchema = {};
  for (const [keyword, value] of Object.entries(node)) {
    if (keyword === "properties")
      result.properties = mapValues(value as Record<string, StructuralSchema>, (child, name) => convert(child, `${path}.${name}`));
    else if (keyword === "required") result.required = (value as string[]).toSorted();
    else if (keyword === "items") result.items = convert(value as StructuralSchema, `${path}[*]`);
    else if (keyword === "additionalProperties") {
      if (value !== false) result.additionalProperties = convert(value as StructuralSchema, `${path}.*`);
    } else if (kept.has(keyword) || keyword.startsWith("x-kubernetes-")) result[keyword] = value;
    else if (!dropped.has(keyword)) throw new Error(`${path || "schema"}: ${keyword} has no place in a structural schema`);
  }
  // Every safe integer is JavaScript's bound, not ours.
  if (result["maximum"] === Number.MAX_SAFE_INTEGER) delete result["maximum"];
  if (result["minimum"] === Number.MIN_SAFE_INTEGER) delete result["minimum"];
  if (result.type === "integer") result["format"] = "int64";
  demandBounds(result, path || "schema");
  return result;
};

const demandBounds = (node: StructuralSchema, path: string): void => {
  if (node.type === undefined) throw new Error(`${path}: has no type`);
  if (node.type === "string" && node["maxLength"] === undefined && node["enum"] === undefined)
    throw new Error(`${path}: a string without maxLength`);
  if (node.type === "array" && node["maxItems"] === undefined) throw new Error(`${path}: a list without maxItems`);
  if (node.additionalProperties !== undefined && node["maxProperties"] === undefined)
    throw new Error(`${path}: a map without maxProperties`);
};

const mapValues = <A, B>(record: Record<string, A>, convertValue: (value: A, key: string) => B): Record<string, B> =>
  Object.fromEntries(Object.entries(record).map(([key, value]) => [key, convertValue(value, key)]));
