// Structural schemas, of definitions and of the built-in kinds: pruning, defaulting and validation with the messages of
// apiextensions-apiserver and kube-openapi's validator. Pure.
import { canonicalJson, jsonEqual } from "#lib/canonical-json.ts";
import { canonicalQuantity } from "#lib/quantity.ts";
import { type JsonRecord, isRecord, listOf, recordOf } from "#embedded/json.ts";
import { type FieldError, duplicateValue, invalidValue, required, tooLong, tooMany, unsupportedValue } from "#embedded/status.ts";

export interface Schema {
  readonly type?: string;
  readonly format?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly additionalProperties?: Schema | boolean;
  readonly default?: unknown;
  readonly nullable?: boolean;
  readonly enum?: readonly unknown[];
  readonly pattern?: string;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly minProperties?: number;
  readonly maxProperties?: number;
  /** Of a built-in kind: an empty list or map is left out. */
  readonly omitEmpty?: boolean;
  readonly [keyword: string]: unknown;
}
const keepsUnknown = (schema: Schema): boolean => schema["x-kubernetes-preserve-unknown-fields"] === true;

/** Fills in what is absent, and replaces a null that must not be one and has a default. */
export const defaulted = (schema: Schema, value: unknown): unknown => {
  if (Array.isArray(value)) return schema.items === undefined ? value : value.map((item) => defaulted(schema.items ?? {}, item));
  if (!isRecord(value)) return value;
  const result: Record<string, unknown> = { ...value };
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    // A null that must not be one is as good as nothing.
    if (result[name] === null && property.nullable !== true) delete result[name];
    if (result[name] === undefined && property.default !== undefined) result[name] = structuredClone(property.default);
    if (result[name] !== undefined) result[name] = defaulted(property, result[name]);
  }
  if (isRecord(schema.additionalProperties))
    for (const [name, item] of Object.entries(result))
      if (schema.properties?.[name] === undefined) result[name] = defaulted(schema.additionalProperties as Schema, item);
  return result;
};

/** Drops fields that the schema does not know, whose places it adds to `dropped`, and writes quantities in their canonical form. */
export const pruned = (schema: Schema, value: unknown, path = "", dropped: string[] = []): unknown => {
  const { items, properties = {}, additionalProperties: extra } = schema;
  if (Array.isArray(value))
    return items === undefined ? value : value.map((item, index) => pruned(items, item, `${path}[${index}]`, dropped));
  if (!isRecord(value)) return schema.format === "quantity" ? (canonicalQuantity(String(value)) ?? value) : value;
  const result: Record<string, unknown> = {};
  for (const [name, item] of Object.entries(value)) {
    const place = path === "" ? name : `${path}.${name}`;
    const property = properties[name];
    if (property !== undefined) {
      if (property.omitEmpty !== true || !isEmpty(item)) result[name] = pruned(property, item, place, dropped);
    } else if (isRecord(extra)) result[name] = pruned(extra as Schema, item, place, dropped);
    else if (extra === true || keepsUnknown(schema) || isEmbeddedMeta(schema, name)) result[name] = item;
    else dropped.push(place);
  }
  return result;
};

const isEmpty = (value: unknown): boolean =>
  Array.isArray(value) ? value.length === 0 : isRecord(value) && Object.keys(value).length === 0;
const isEmbeddedMeta = (schema: Schema, name: string): boolean =>
  schema["x-kubernetes-embedded-resource"] === true && ["apiVersion", "kind", "metadata"].includes(name);

export const schemaErrors = (schema: Schema, value: unknown, path = ""): FieldError[] => {
  if (value === null && schema.nullable === true) return [];
  const typeError = wrongType(schema, value, path);
  if (typeError !== undefined) return [typeError];
  if (typeof value === "string") return stringErrors(schema, value, path);
  if (typeof value === "number") return [...numberErrors(schema, value, path), ...enumErrors(schema, value, path)];
  if (Array.isArray(value)) return listErrors(schema, value as unknown[], path);
  if (isRecord(value)) return recordErrors(schema, value, path);
  return enumErrors(schema, value, path);
};

const inBody = (path: string, value: unknown, rule: string): FieldError => invalidValue(path, value, `${path} in body ${rule}`);

const typeOf = (value: unknown): string => {
  if (value === null) return "null";
  if (Array.isArray(value)) return "array";
  if (typeof value === "number") return Number.isInteger(value) ? "integer" : "number";
  return typeof value;
};

const wrongType = (schema: Schema, value: unknown, path: string): FieldError | undefined => {
  const actual = typeOf(value);
  const wanted = schema["x-kubernetes-int-or-string"] === true ? ["integer", "string"] : schema.type === undefined ? [] : [schema.type];
  if (wanted.length === 0 || wanted.includes(actual) || (actual === "integer" && wanted.includes("number"))) return undefined;
  const text = wanted.join(",");
  const shownType = wanted.length > 1 ? `[${wanted.join(" ")}]` : text;
  return {
    reason: "FieldValueTypeInvalid",
    field: path,
    message: `Invalid value: ${JSON.stringify(actual)}: ${path} in body must be of type ${shownType}: ${JSON.stringify(actual)}`,
  };
};

const stringErrors = (schema: Schema, value: string, path: string): FieldError[] => {
  const errors: FieldError[] = [];
  const length = Array.from(value).length;
  if (schema.maxLength !== undefined && length > schema.maxLength)
    errors.push(tooLong(path, `may not be more than ${schema.maxLength} ${schema.maxLength === 1 ? "byte" : "bytes"}`));
  if (schema.minLength !== undefined && length < schema.minLength)
    errors.push(inBody(path, value, `should be at least ${schema.minLength} chars long`));
  if (schema.pattern !== undefined && !new RegExp(schema.pattern, "u").test(value))
    errors.push(inBody(path, value, `should match '${schema.pattern}'`));
  if (schema.format === "date-time" && !isDateTime(value))
    errors.push(inBody(path, value, `must be of type date-time: ${JSON.stringify(value)}`));
  return [...errors, ...enumErrors(schema, value, path)];
};

const isDateTime = (text: string): boolean =>
  /^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)$/.test(text) && !Number.isNaN(Date.parse(text));

const enumErrors = (schema: Schema, value: unknown, path: string): FieldError[] =>
  schema.enum === undefined || schema.enum.some((allowed) => jsonEqual(allowed, value))
    ? []
    : [unsupportedValue(path, value, schema.enum.map(String))];

const numberErrors = (schema: Schema, value: number, path: string): FieldError[] => {
  const errors: FieldError[] = [];
  const { minimum, maximum } = schema;
  if (minimum !== undefined && value < minimum) errors.push(inBody(path, value, `should be greater than or equal to ${minimum}`));
  if (maximum !== undefined && value > maximum) errors.push(inBody(path, value, `should be less than or equal to ${maximum}`));
  return errors;
};

const listErrors = (schema: Schema, items: readonly unknown[], path: string): FieldError[] => {
  const errors: FieldError[] = [];
  if (schema.maxItems !== undefined && items.length > schema.maxItems)
    errors.push(tooMany(path, String(items.length), `must have at most ${schema.maxItems} items`));
  if (schema.minItems !== undefined && items.length < schema.minItems)
    errors.push(inBody(path, items.length, `should have at least ${schema.minItems} items`));
  items.forEach((item, index) => errors.push(...schemaErrors(schema.items ?? {}, item, `${path}[${index}]`)));
  return [...errors, ...duplicateErrors(schema, items, path)];
};

const duplicateErrors = (schema: Schema, items: readonly unknown[], path: string): FieldError[] => {
  const listType = schema["x-kubernetes-list-type"];
  if (listType !== "map" && listType !== "set") return [];
  const keys = listOf(schema["x-kubernetes-list-map-keys"]).map(String);
  const keyOf = (item: unknown): unknown =>
    listType === "set"
      ? item
      : Object.fromEntries(keys.map((key) => [key, recordOf(item)[key] ?? schema.items?.properties?.[key]?.default]));
  const seen = new Set<string>();
  return items.flatMap((item, index) => {
    const key = canonicalJson(keyOf(item));
    if (!seen.has(key)) {
      seen.add(key);
      return [];
    }
    return [duplicateValue(`${path}[${index}]`, JSON.parse(key))];
  });
};

const recordErrors = (schema: Schema, value: JsonRecord, path: string): FieldError[] => {
  const errors: FieldError[] = [];
  const place = (name: string): string => (path === "" ? name : `${path}.${name}`);
  for (const name of schema.required ?? []) if (value[name] === undefined) errors.push(required(place(name)));
  const count = Object.keys(value).length;
  if (schema.maxProperties !== undefined && count > schema.maxProperties)
    errors.push(tooMany(path, String(count), `must have at most ${schema.maxProperties} items`));
  if (schema.minProperties !== undefined && count < schema.minProperties)
    errors.push(inBody(path, count, `should have at least ${schema.minProperties} properties`));
  for (const [name, item] of Object.entries(value)) {
    const property = schema.properties?.[name];
    if (property !== undefined) errors.push(...schemaErrors(property, item, place(name)));
    else if (isRecord(schema.additionalProperties)) errors.push(...schemaErrors(schema.additionalProperties as Schema, item, place(name)));
  }
  return errors;
};

/** The schema of a field, as a property or an additional one. */
export const fieldSchema = (schema: Schema | undefined, field: string): Schema | undefined =>
  schema?.properties?.[field] ?? (isRecord(schema?.additionalProperties) ? (schema.additionalProperties as Schema) : undefined);

/** The keys that identify the items of a list; undefined for a list that is replaced as a whole. */
export const listKeysOf = (schema: Schema | undefined): readonly string[] | undefined =>
  schema?.["x-kubernetes-list-map-keys"] as readonly string[] | undefined;
