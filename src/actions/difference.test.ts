import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { difference } from "#actions/difference.ts";
import { type Json, jsonEqual } from "#lib/canonical-json.ts";
import { applyPatch } from "#lib/json-patch.ts";

describe("the smallest change between two values", () => {
  const cases: Record<string, [Json, Json, object[]]> = {
    "nothing where they are equal": [{ a: 1 }, { a: 1 }, []],
    "nothing between null and absent": [{ a: null }, {}, []],
    "a replaced value behind a test of the old one": [
      { a: 1 },
      { a: 2 },
      [
        { op: "test", path: "/a", value: 1 },
        { op: "replace", path: "/a", value: 2 },
      ],
    ],
    "a new value behind a test that there was none": [
      {},
      { a: 2 },
      [
        { op: "test", path: "/a", value: null },
        { op: "add", path: "/a", value: 2 },
      ],
    ],
    "a removed value behind a test of it": [
      { a: 1 },
      {},
      [
        { op: "test", path: "/a", value: 1 },
        { op: "remove", path: "/a" },
      ],
    ],
    "a key that needs escaping": [
      { "a/b~c": 1 },
      {},
      [
        { op: "test", path: "/a~1b~0c", value: 1 },
        { op: "remove", path: "/a~1b~0c" },
      ],
    ],
    "inside a named item, and the name held": [
      [
        { name: "x", v: 1 },
        { name: "y", v: 1 },
      ],
      [
        { name: "x", v: 1 },
        { name: "y", v: 2 },
      ],
      [
        { op: "test", path: "/1/name", value: "y" },
        { op: "test", path: "/1/v", value: 1 },
        { op: "replace", path: "/1/v", value: 2 },
      ],
    ],
    "a list whose names differ is replaced whole": [
      [{ name: "x" }],
      [{ name: "z" }],
      [
        { op: "test", path: "", value: [{ name: "x" }] },
        { op: "replace", path: "", value: [{ name: "z" }] },
      ],
    ],
    "a list with a name twice is replaced whole": [
      [{ name: "x" }, { name: "x" }],
      [{ name: "x" }, { name: "x", v: 1 }],
      [
        { op: "test", path: "", value: [{ name: "x" }, { name: "x" }] },
        { op: "replace", path: "", value: [{ name: "x" }, { name: "x", v: 1 }] },
      ],
    ],
  };
  for (const [name, [before, after, operations]] of Object.entries(cases))
    test(name, () => expect(difference([], before, after)).toEqual(operations));
});

const key = fc.constantFrom("a", "b", "name", "x/y");
const value = fc.letrec<{ node: Json }>((tie) => ({
  node: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom<Json>(0, 1, "", "s", true),
    fc.array(tie("node"), { maxLength: 3 }),
    fc.dictionary(key, tie("node"), { maxKeys: 3 }),
  ),
})).node;

test("law: applied to the one it gives the other", () => {
  fc.assert(fc.property(value, value, (before, after) => jsonEqual(applyPatch(before, difference([], before, after)), after)));
});
