// The three patches that are computed from the object alone: JSON Patch (RFC 6902), merge patch (RFC 7386) and strategic merge patch
// (sig-api-machinery's design and apimachinery's pkg/util/strategicpatch). Pure.
import { type JsonPatch, JsonPatchError, type JsonPatchOperation, applyPatch, valueAt } from "#lib/json-patch.ts";
import { jsonEqual } from "#lib/canonical-json.ts";
import { type JsonRecord, isRecord, listOf, recordOf } from "#embedded/json.ts";
import { isSet, listKeysOf } from "#embedded/list-keys.ts";
import { ApiError, badRequest, unprocessable } from "#embedded/status.ts";

const operations = new Set(["add", "remove", "replace", "move", "copy", "test"]);
const maxOperations = 10_000;

export const jsonPatched = (object: JsonRecord, patch: unknown): unknown => {
  if (!Array.isArray(patch)) throw badRequest("json: cannot unmarshal object into Go value of type jsonpatch.Patch");
  if (patch.length > maxOperations)
    throw new ApiError(
      413,
      "RequestEntityTooLarge",
      `The allowed maximum operations in a JSON patch is ${maxOperations}, got ${patch.length}`,
    );
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

/** `path` names the fields on the way, list items left out. */
export const strategicPatched = (target: unknown, patch: unknown, path: readonly string[] = []): unknown => {
  if (!isRecord(patch)) return patch;
  const { $patch: directive, $retainKeys: retained, ...fields } = patch;
  if (directive === "replace") return fields;
  if (directive === "delete") return {};
  if (directive !== undefined && directive !== "merge") throw badRequest(`Unknown patch type: ${JSON.stringify(directive)} in map`);
  const old = recordOf(target);
  const result: Record<string, unknown> = Array.isArray(retained)
    ? Object.fromEntries(Object.entries(old).filter(([key]) => (retained as unknown[]).includes(key)))
    : { ...old };
  for (const [key, value] of Object.entries(fields)) {
    if (key.startsWith(orderPrefix)) continue;
    if (key.startsWith(deletePrefix)) {
      const field = key.slice(deletePrefix.length);
      result[field] = listOf(result[field]).filter((item) => !listOf(value).some((gone) => jsonEqual(gone, item)));
    } else if (value === null) delete result[key];
    else if (Array.isArray(value)) result[key] = mergedList(listOf(result[key]), value as unknown[], [...path, key]);
    else result[key] = strategicPatched(result[key], value, [...path, key]);
  }
  for (const [key, order] of Object.entries(fields)) {
    if (!key.startsWith(orderPrefix)) continue;
    const field = key.slice(orderPrefix.length);
    result[field] = ordered(listOf(result[field]), listOf(order), listKeysOf([...path, field])?.merge);
  }
  return result;
};

const mergedList = (old: readonly unknown[], patch: readonly unknown[], path: readonly string[]): unknown[] => {
  const keys = listKeysOf(path);
  if (keys === undefined) return isSet(path) ? [...old, ...patch.filter((item) => !old.includes(item))] : [...patch];
  if (patch.some((item) => recordOf(item)["$patch"] === "replace")) return patch.filter((item) => recordOf(item)["$patch"] !== "replace");
  const result = [...old];
  for (const item of patch) {
    const fields = recordOf(item);
    const key = fields[keys.merge];
    if (key === undefined) throw unkeyed(fields, keys.merge);
    const index = result.findIndex((existing) => jsonEqual(recordOf(existing)[keys.merge], key));
    if (fields["$patch"] === "delete") {
      if (index >= 0) result.splice(index, 1);
    } else if (index >= 0) result[index] = strategicPatched(result[index], item, path);
    else result.push(strategicPatched({}, item, path));
  }
  return result;
};

const unkeyed = (item: JsonRecord, key: string): ApiError =>
  new ApiError(
    500,
    "InternalError",
    `Internal error occurred: map: map[${Object.keys(item).join(" ")}] does not contain declared merge key: ${key}`,
  );

/** Items that the order names come in that order, the others keep their place relative to them. */
const ordered = (items: readonly unknown[], order: readonly unknown[], mergeKey: string | undefined): unknown[] => {
  const keyed = (item: unknown): unknown => (mergeKey === undefined ? item : recordOf(item)[mergeKey]);
  const rank = new Map(order.map((item, index) => [keyed(item), index]));
  const named = items.filter((item) => rank.has(keyed(item))).toSorted((a, b) => (rank.get(keyed(a)) ?? 0) - (rank.get(keyed(b)) ?? 0));
  let next = 0;
  return items.map((item) => (rank.has(keyed(item)) ? named[next++] : item));
};
