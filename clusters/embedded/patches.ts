// The three patches that are computed from the object alone: JSON Patch (RFC 6902), merge patch (RFC 7386) and strategic merge patch
// (sig-api-machinery's design and apimachinery's pkg/util/strategicpatch). Pure.
import { type JsonPatch, JsonPatchError, type JsonPatchOperation, applyPatch, valueAt } from "#lib/json-patch.ts";
import { jsonEqual } from "#lib/canonical-json.ts";
import { type JsonRecord, isRecord, listOf, recordOf } from "#embedded/json.ts";
import { isSet, listKeysOf } from "#embedded/list-keys.ts";
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
    result[field] = ordered(listOf(result[field]), listOf(order), listOf(old[field]), listKeysOf([...path, field])?.merge);
  }
  return result;
};

const mergedList = (old: readonly unknown[], patch: readonly unknown[], path: readonly string[]): unknown[] => {
  const keys = listKeysOf(path);
  if (keys === undefined) return isSet(path) ? ordered([...new Set([...old, ...patch])], patch, old, undefined) : [...patch];
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
  return ordered(result, patch, old, keys.merge);
};

const unkeyed = (item: JsonRecord, key: string): ApiError =>
  new ApiError(500, "", `map: map[${Object.keys(item).join(" ")}] does not contain declared merge key: ${key}`);

/** Items that the patch names in its order, the others in theirs; where nothing says which goes first, the patch's (normalizeElementOrder). */
const ordered = (
  items: readonly unknown[],
  order: readonly unknown[],
  before: readonly unknown[],
  mergeKey: string | undefined,
): unknown[] => {
  const keyed = (item: unknown): unknown => (mergeKey === undefined ? item : recordOf(item)[mergeKey]);
  const ranks = (list: readonly unknown[]): Map<unknown, number> => new Map(list.map((item, index) => [keyed(item), index]));
  const [wanted, earlier] = [ranks(order), ranks(before)];
  const byRank =
    (rank: ReadonlyMap<unknown, number>) =>
    (a: unknown, b: unknown): number =>
      (rank.get(keyed(a)) ?? 0) - (rank.get(keyed(b)) ?? 0);
  const named = items.filter((item) => wanted.has(keyed(item))).toSorted(byRank(wanted));
  const others = items.filter((item) => !wanted.has(keyed(item))).toSorted(byRank(earlier));
  const result: unknown[] = [];
  while (named.length > 0 && others.length > 0) {
    const [left, right] = [earlier.get(keyed(named[0])), earlier.get(keyed(others[0]))];
    const isOtherFirst = left !== undefined && right !== undefined && right < left;
    result.push((isOtherFirst ? others : named).shift());
  }
  return [...result, ...named, ...others];
};
