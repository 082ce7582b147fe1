// The three patches that are computed from the object alone: JSON Patch (RFC 6902), merge patch (RFC 7386) and strategic merge patch
// (sig-api-machinery's design and apimachinery's pkg/util/strategicpatch). Pure.
import { type JsonPatch, JsonPatchError, type JsonPatchOperation, applyPatch, valueAt } from "#lib/json-patch.ts";
import { jsonEqual } from "#lib/canonical-json.ts";
import { type JsonRecord, isRecord, listOf, recordOf, textOf } from "#embedded/json.ts";
import { type Schema, fieldSchema } from "#embedded/schema.ts";
import { ApiError, badRequest, unprocessable } from "#embedded/status.ts";

const operations = new Set(["add", "remove", "replace", "move", "copy", "test"]);

export const jsonPatched = (object: JsonRecord, patch: unknown): unknown => {
  if (!Array.isArray(patch)) throw badRequest("json: cannot unmarshal object into Go value of type jsonpatch.Patch");
  // The library behind the real server finds an unknown operation only when it comes to it.
  if (patch.some((operation) => !operations.has(String(recordOf(operation)["op"])))) throw unprocessable();
  try {
    return (patch as JsonPatch).reduce<unknown>((document, operation) => applyPatch(document, adapted(document, operation)), object);
  } catch (error) {
    if (error instanceof JsonPatchError) throw unprocessable();
    throw error;
  }
};

/** Where evanphx/json-patch, which the server uses, is laxer than the RFC: a replace may add, an absent value equals null. */
const adapted = (document: unknown, operation: JsonPatchOperation): JsonPatch => {
  if (operation.op === "replace" && valueAt(document, operation.path) === undefined) {
    const parent = valueAt(document, operation.path.slice(0, operation.path.lastIndexOf("/")));
    return isRecord(parent) ? [{ ...operation, op: "add" }] : [operation];
  }
  if (operation.op === "test" && operation.value === null && valueAt(document, operation.path) === undefined) return [];
  return [operation];
};

export const mergePatched = (target: unknown, patch: unknown): unknown => {
  if (!isRecord(patch)) return patch;
  const result: Record<string, unknown> = { ...recordOf(target) };
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key];
    else result[key] = mergePatched(result[key], value);
  }
  return result;
};

const orderPrefix = "$setElementOrder/";
const deletePrefix = "$deleteFromPrimitiveList/";

/** The schema says which lists are merged, and by which key. */
export const strategicPatched = (schema: Schema | undefined, target: unknown, patch: unknown): unknown => {
  if (!isRecord(patch)) return patch;
  const { $patch: directive, $retainKeys: retained, ...fields } = patch;
  if (directive === "replace") return fields;
  if (directive === "delete") return {};
  if (directive !== undefined && directive !== "merge") throw badRequest(`Unknown patch type: ${JSON.stringify(directive)} in map`);
  const entries = Object.entries(recordOf(target));
  const result: Record<string, unknown> = Object.fromEntries(
    Array.isArray(retained) ? entries.filter(([key]) => (retained as unknown[]).includes(key)) : entries,
  );
  for (const [key, value] of Object.entries(fields)) {
    if (key.startsWith(orderPrefix)) continue;
    if (key.startsWith(deletePrefix)) {
      const field = key.slice(deletePrefix.length);
      result[field] = listOf(result[field]).filter((item) => !listOf(value).some((gone) => jsonEqual(gone, item)));
    } else if (value === null) delete result[key];
    else if (Array.isArray(value)) result[key] = mergedList(fieldSchema(schema, key), listOf(result[key]), value as unknown[]);
    else result[key] = strategicPatched(fieldSchema(schema, key), result[key], value);
  }
  for (const [key, order] of Object.entries(fields)) {
    if (!key.startsWith(orderPrefix)) continue;
    const field = key.slice(orderPrefix.length);
    result[field] = ordered(listOf(result[field]), listOf(order), mergeKeyOf(fieldSchema(schema, field)));
  }
  return result;
};

const mergeKeyOf = (list: Schema | undefined): string | undefined => list?.["x-kubernetes-patch-merge-key"] as string | undefined;

const mergedList = (list: Schema | undefined, old: readonly unknown[], patch: readonly unknown[]): unknown[] => {
  if (!textOf(list?.["x-kubernetes-patch-strategy"]).includes("merge")) return [...patch];
  const mergeKey = mergeKeyOf(list);
  if (mergeKey === undefined) return [...new Set([...patch, ...old])];
  if (patch.some((item) => recordOf(item)["$patch"] === "replace")) return patch.filter((item) => recordOf(item)["$patch"] !== "replace");
  const result = [...old];
  // A new item comes after the one that precedes it in the patch.
  let place = 0;
  for (const item of patch) {
    const fields = recordOf(item);
    const key = fields[mergeKey];
    if (key === undefined)
      throw new ApiError(500, "", `map: map[${Object.keys(fields).join(" ")}] does not contain declared merge key: ${mergeKey}`);
    const index = result.findIndex((existing) => jsonEqual(recordOf(existing)[mergeKey], key));
    if (fields["$patch"] === "delete") {
      if (index >= 0) result.splice(index, 1);
      continue;
    }
    if (index >= 0) result[index] = strategicPatched(list?.items, result[index], item);
    else result.splice(place, 0, strategicPatched(list?.items, {}, item));
    place = (index >= 0 ? index : place) + 1;
  }
  return result;
};

/** Items that the order names come in that order, after the others. */
const ordered = (items: readonly unknown[], order: readonly unknown[], mergeKey: string | undefined): unknown[] => {
  const keyed = (item: unknown): unknown => (mergeKey === undefined ? item : recordOf(item)[mergeKey]);
  const keys = order.map(keyed);
  return items.toSorted((a, b) => keys.indexOf(keyed(a)) - keys.indexOf(keyed(b)));
};
