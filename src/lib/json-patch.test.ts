// JSON Patch: RFC 6902's own examples, the laws, and the bounds.
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";

import { type JsonPatch, type JsonPatchError, applyPatch, maxOperations, parsePointer, pointer, valueAt } from "#lib/json-patch.ts";

const faultOf = (document: unknown, patch: JsonPatch): string => {
  try {
    applyPatch(document, patch);
    return "none";
  } catch (error) {
    return (error as JsonPatchError).fault;
  }
};

describe("a patch that fits", () => {
  const cases: readonly (readonly [string, unknown, JsonPatch, unknown])[] = [
    ["adds a member", { foo: "bar" }, [{ op: "add", path: "/baz", value: "qux" }], { foo: "bar", baz: "qux" }],
    ["adds over a member that is there", { foo: 1 }, [{ op: "add", path: "/foo", value: 2 }], { foo: 2 }],
    ["inserts an item", { foo: ["bar", "baz"] }, [{ op: "add", path: "/foo/1", value: "qux" }], { foo: ["bar", "qux", "baz"] }],
    ["appends an item", { foo: ["bar"] }, [{ op: "add", path: "/foo/-", value: ["x"] }], { foo: ["bar", ["x"]] }],
    ["appends at the index after the last", { foo: [1] }, [{ op: "add", path: "/foo/1", value: 2 }], { foo: [1, 2] }],
    ["removes a member", { baz: 1, foo: 2 }, [{ op: "remove", path: "/baz" }], { foo: 2 }],
    ["removes an item", { foo: [1, 2, 3] }, [{ op: "remove", path: "/foo/1" }], { foo: [1, 3] }],
    ["replaces a value", { a: { b: 1 } }, [{ op: "replace", path: "/a/b", value: null }], { a: { b: null } }],
    ["replaces an item", { a: [1, 2] }, [{ op: "replace", path: "/a/0", value: 9 }], { a: [9, 2] }],
    ["replaces the whole", { a: 1 }, [{ op: "replace", path: "", value: [1] }], [1]],
    ["moves a member", { a: { b: 1 }, c: {} }, [{ op: "move", from: "/a/b", path: "/c/d" }], { a: {}, c: { d: 1 } }],
    ["moves an item", { a: [1, 2, 3, 4] }, [{ op: "move", from: "/a/1", path: "/a/3" }], { a: [1, 3, 4, 2] }],
    ["copies", { a: { b: [1] } }, [{ op: "copy", from: "/a/b", path: "/c" }], { a: { b: [1] }, c: [1] }],
    [
      "tests whatever the order of members",
      { a: { x: 1, y: [2] } },
      [{ op: "test", path: "/a", value: { y: [2], x: 1 } }],
      { a: { x: 1, y: [2] } },
    ],
    ["reads ~0 and ~1", { "a/b": { "c~d": 1 } }, [{ op: "replace", path: "/a~1b/c~0d", value: 2 }], { "a/b": { "c~d": 2 } }],
    ["knows an empty name", { "": 1 }, [{ op: "test", path: "/", value: 1 }], { "": 1 }],
    [
      "takes __proto__ for a name like any other",
      {},
      [{ op: "add", path: "/__proto__", value: { bad: 1 } }],
      JSON.parse('{"__proto__":{"bad":1}}'),
    ],
    [
      "looks at null as a value",
      { a: null },
      [
        { op: "test", path: "/a", value: null },
        { op: "remove", path: "/a" },
      ],
      {},
    ],
  ];
  test.for(cases)("%s", ([, document, patch, expected]) => {
    const before = JSON.stringify(document);
    expect(applyPatch(document, patch)).toEqual(expected);
    expect(JSON.stringify(document)).toBe(before);
    expect(({} as { bad?: unknown }).bad).toBeUndefined();
  });
});

describe("a patch that does not", () => {
  const cases: readonly (readonly [string, unknown, JsonPatch, string])[] = [
    ["a test that does not hold is the guard's", { a: 1 }, [{ op: "test", path: "/a", value: "1" }], "guard"],
    ["a test of what is not there too", {}, [{ op: "test", path: "/a/b", value: 1 }], "guard"],
    ["removing what is not there", {}, [{ op: "remove", path: "/a" }], "path"],
    ["replacing what is not there", { a: [1] }, [{ op: "replace", path: "/a/1", value: 1 }], "path"],
    ["adding under what is not there", {}, [{ op: "add", path: "/a/b", value: 1 }], "path"],
    ["adding under a text", { a: "x" }, [{ op: "add", path: "/a/b", value: 1 }], "path"],
    ["adding past the end", { a: [1] }, [{ op: "add", path: "/a/3", value: 1 }], "path"],
    ["an index with a leading zero", { a: [1, 2] }, [{ op: "replace", path: "/a/01", value: 1 }], "path"],
    ["a negative index", { a: [1] }, [{ op: "add", path: "/a/-1", value: 1 }], "path"],
    ["copying what is not there", {}, [{ op: "copy", from: "/a", path: "/b" }], "path"],
    ["reaching a prototype", {}, [{ op: "test", path: "/constructor/name", value: "Object" }], "guard"],
    ["moving into itself", { a: { b: {} } }, [{ op: "move", from: "/a", path: "/a/b/c" }], "malformed"],
    ["a pointer without a slash", {}, [{ op: "remove", path: "a" }], "malformed"],
    ["a pointer with a bare tilde", {}, [{ op: "remove", path: "/a~2" }], "malformed"],
    ["an unknown operation", {}, [{ op: "increment", path: "/a" } as unknown as JsonPatch[number]], "malformed"],
    ["a pointer of too many segments", {}, [{ op: "add", path: "/a".repeat(200), value: 1 }], "malformed"],
  ];
  test.for(cases)("%s", ([, document, patch, fault]) => {
    expect(faultOf(document, patch)).toBe(fault);
  });

  test("says which operation failed, and leaves the document alone", () => {
    const document = { a: 1 };
    const patch: JsonPatch = [
      { op: "replace", path: "/a", value: 2 },
      { op: "test", path: "/a", value: 1 },
    ];
    expect(() => applyPatch(document, patch)).toThrow("operation 1 (test /a): the value is another one");
    expect(document).toEqual({ a: 1 });
  });

  test("has a bound on its operations and on what they copy", () => {
    expect(
      faultOf(
        {},
        Array.from({ length: maxOperations + 1 }, () => ({ op: "test", path: "", value: {} }) as const),
      ),
    ).toBe("malformed");
    const doubling = Array.from({ length: 30 }, (_item, index) => ({ op: "copy", from: "/a", path: `/a/${index}` }) as const);
    expect(faultOf({ a: { text: "x".repeat(1000) } }, doubling)).toBe("malformed");
  });
});

describe("laws", () => {
  test("a pointer's segments come back as they went in", () => {
    fc.assert(
      fc.property(fc.array(fc.string()), (segments) => {
        expect(parsePointer(pointer(...segments))).toEqual(segments);
      }),
    );
  });

  test("what was added is there, and removing it restores the document", () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), fc.string(), fc.jsonValue(), (document, name, value) => {
        fc.pre(!Object.hasOwn(document, name));
        const path = pointer(name);
        const added = applyPatch(document, [{ op: "add", path, value }]);
        expect(valueAt(added, path)).toEqual(value);
        expect(applyPatch(added, [{ op: "remove", path }])).toEqual({ ...document });
      }),
    );
  });
});
