import fc from "fast-check";
import { expect, test } from "vitest";
import { canonicalJson, jsonEqual } from "#lib/canonical-json.ts";

test.each([
  [{ a: 1, b: [1, { c: 2 }] }, { b: [1, { c: 2 }], a: 1 }, true],
  [{ a: undefined }, {}, true],
  [{}, { a: undefined }, true],
  [{ a: null }, {}, false],
  [[undefined], [null], true],
  [[1], { 0: 1 }, false],
  [{}, [], false],
  [[1, 2], [1], false],
  ["1", 1, false],
  [null, {}, false],
])("%j and %j: equal is %s", (a, b, equal) => {
  expect(jsonEqual(a, b)).toBe(equal);
  expect(jsonEqual(b, a)).toBe(equal);
});

test("two values are equal when their canonical texts are", () => {
  const value = fc.jsonValue({ maxDepth: 3 });
  fc.assert(fc.property(value, value, (a, b) => jsonEqual(a, b) === (canonicalJson(a) === canonicalJson(b))));
  fc.assert(fc.property(value, (a) => jsonEqual(a, JSON.parse(canonicalJson(a)))));
});
