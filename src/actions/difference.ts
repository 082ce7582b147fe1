// The smallest readable JSON Patch from one value to another, with a guard before every write. Pure.
import type { PatchOperation } from "#api/change.ts";
import { jsonEqual, type Json } from "#lib/canonical-json.ts";
import { pointer } from "#lib/json-patch.ts";

/**
 * Guarantees: applying it to `before` gives `after`; every value replaced or removed is tested, and so is the absence of every one added.
 * Assumptions: both are plain JSON. Lists are compared item by item only where their items have the same names in the same order.
 */
export const difference = (at: readonly string[], before: Json | undefined, after: Json | undefined): readonly PatchOperation[] => {
  if (jsonEqual(before, after)) return [];
  const path = pointer(...at);
  // Null and absent are one for the server's `test`.
  if (before === undefined || before === null)
    return after === undefined
      ? []
      : [
          { op: "test", path, value: null },
          { op: "add", path, value: after },
        ];
  const guard: PatchOperation = { op: "test", path, value: before };
  if (after === undefined) return [guard, { op: "remove", path }];
  if (isMap(before) && isMap(after))
    return [...new Set([...Object.keys(before), ...Object.keys(after)])]
      .toSorted()
      .flatMap((key) => difference([...at, key], before[key], after[key]));
  const names = namesOf(before);
  if (isList(before) && isList(after) && names !== undefined && jsonEqual(names, namesOf(after)))
    return before.flatMap((item, index) => {
      const inside = difference([...at, String(index)], item, after[index]);
      // Says which item it is, and holds it there.
      return inside.length === 0 ? [] : [{ op: "test", path: pointer(...at, index, "name"), value: names[index] ?? null }, ...inside];
    });
  return [guard, { op: "replace", path, value: after }];
};

const isList = (value: Json): value is readonly Json[] => Array.isArray(value);
const isMap = (value: Json): value is Readonly<Record<string, Json | undefined>> =>
  value !== null && typeof value === "object" && !Array.isArray(value);

/** The names of a list of named things; undefined where one has none, or two have the same. */
const namesOf = (value: Json): readonly string[] | undefined => {
  if (!isList(value)) return undefined;
  const names = value.map((item) => (isMap(item) && typeof item["name"] === "string" ? item["name"] : undefined));
  return names.every((name) => name !== undefined) && new Set(names).size === names.length ? names : undefined;
};
