import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Change, PatchOperation } from "#api/change.ts";
import type { KubeObject } from "#api/object.ts";
import { guardsHold, preview, referenceOf } from "#actions/change.ts";
import { difference } from "#actions/difference.ts";
import { encodeInverse, invert, invertChange, irreversible, priorStateOf } from "#actions/invert.ts";
import { type Json, jsonEqual } from "#lib/canonical-json.ts";
import { deployment, pod } from "#test/action-samples.ts";

const live = deployment();
const patchOf = (operations: readonly PatchOperation[]): Change => ({
  type: "patch",
  object: referenceOf(live),
  uid: live.metadata.uid,
  operations,
});
const withSpec = (spec: Json): KubeObject => ({ ...live, spec }) as unknown as KubeObject;

const undone = (change: Change, object: KubeObject): KubeObject | undefined => {
  const inverse = invertChange(change, object);
  return inverse === undefined ? undefined : preview(inverse, preview(change, object));
};

const key = fc.constantFrom("a", "b", "c");
const json = fc.letrec<{ node: Json }>((tie) => ({
  node: fc.oneof(
    { maxDepth: 3 },
    fc.constantFrom<Json>(0, 1, "s", false),
    fc.array(tie("node"), { maxLength: 3 }),
    fc.dictionary(key, tie("node"), { maxKeys: 3 }),
  ),
})).node;
const map = fc.dictionary(key, json, { maxKeys: 3 });

test("law: a change and then its inverse is nothing", () => {
  fc.assert(
    fc.property(map, map, (before, after) => {
      const operations = difference(["spec"], before, after);
      fc.pre(operations.length > 0);
      return jsonEqual(undone(patchOf(operations), withSpec(before)), withSpec(before));
    }),
  );
});

test("law: the inverse does not fit where a value that we wrote has changed", () => {
  fc.assert(
    fc.property(map, map, fc.constantFrom<Json>("else", 9), (before, after, other) => {
      const operations = difference(["spec"], before, after);
      const written = operations.find((operation) => operation.op === "replace" || operation.op === "add");
      fc.pre(written !== undefined);
      const change = patchOf(operations);
      const inverse = invertChange(change, withSpec(before)) as Change;
      const drifted = preview(patchOf([{ op: "replace", path: written.path, value: other }]), preview(change, withSpec(before)));
      return !guardsHold(inverse, drifted);
    }),
  );
});

describe("the inverse of one operation", () => {
  const cases: Record<string, [Json, PatchOperation, readonly PatchOperation[]]> = {
    "of a replace puts the old value back": [
      { a: 1 },
      { op: "replace", path: "/spec/a", value: 2 },
      [
        { op: "test", path: "/spec/a", value: 2 },
        { op: "replace", path: "/spec/a", value: 1 },
      ],
    ],
    "of an add that replaced puts the old value back": [
      { a: 1 },
      { op: "add", path: "/spec/a", value: 2 },
      [
        { op: "test", path: "/spec/a", value: 2 },
        { op: "replace", path: "/spec/a", value: 1 },
      ],
    ],
    "of an add removes it": [
      {},
      { op: "add", path: "/spec/a", value: 2 },
      [
        { op: "test", path: "/spec/a", value: 2 },
        { op: "remove", path: "/spec/a" },
      ],
    ],
    "of a remove adds it, if no other writer did": [
      { a: 1 },
      { op: "remove", path: "/spec/a" },
      [
        { op: "test", path: "/spec/a", value: null },
        { op: "add", path: "/spec/a", value: 1 },
      ],
    ],
    "of an append removes the last item": [
      { a: [1] },
      { op: "add", path: "/spec/a/-", value: 2 },
      [
        { op: "test", path: "/spec/a/1", value: 2 },
        { op: "remove", path: "/spec/a/1" },
      ],
    ],
    "of an insert removes that item": [
      { a: [1] },
      { op: "add", path: "/spec/a/0", value: 2 },
      [
        { op: "test", path: "/spec/a/0", value: 2 },
        { op: "remove", path: "/spec/a/0" },
      ],
    ],
    "of a removed item inserts it": [{ a: [1, 2] }, { op: "remove", path: "/spec/a/0" }, [{ op: "add", path: "/spec/a/0", value: 1 }]],
  };
  for (const [name, [before, operation, expected]] of Object.entries(cases))
    test(name, () => {
      const change = patchOf([operation]);
      expect(invertChange(change, withSpec(before))).toEqual(patchOf(expected));
      expect(undone(change, withSpec(before))).toEqual(withSpec(before));
    });
});

describe("the inverse of several changes", () => {
  const a = patchOf([{ op: "replace", path: "/spec/replicas", value: 3 }]);
  const b = patchOf([{ op: "replace", path: "/spec/paused", value: true }]);
  const object = deployment({ paused: false });

  test("comes in reverse order", () => {
    expect(invert({ undo: "inverse" }, [a, b], () => object)).toEqual([invertChange(b, object), invertChange(a, object)]);
  });
  test("is irreversible where one of them is", () => {
    const gone: Change = { type: "delete", object: referenceOf(live), uid: "uid-web" };
    expect(invert({ undo: "inverse" }, [a, gone], () => object)).toBe(irreversible);
  });
  test("is irreversible where the action says so", () => expect(invert({ undo: "irreversible" }, [a], () => object)).toBe(irreversible));
  test("is nothing where nothing needs to be undone", () => expect(invert({ undo: "none-needed" }, [a], () => object)).toEqual([]));
  test("has a text in each case", () => {
    expect(encodeInverse(irreversible)).toBe("irreversible");
    expect(encodeInverse([])).toBe("[]");
  });
});

describe("the state before", () => {
  const change = patchOf([{ op: "replace", path: "/spec/replicas", value: 3 }]);
  const stateOf = (object: KubeObject): KubeObject => (JSON.parse(priorStateOf([change], () => object)) as KubeObject[])[0]!;

  test("is the object without status and bookkeeping", () => {
    const state = stateOf(
      deployment({}, { annotations: { a: "1", "kubectl.kubernetes.io/last-applied-configuration": "{}" }, labels: { x: "y" } }),
    );
    expect(state).toMatchObject({
      kind: "Deployment",
      metadata: { name: "web", labels: { x: "y" }, annotations: { a: "1" } },
      spec: { replicas: 2 },
    });
    expect(state).not.toHaveProperty("status");
    expect(state.metadata).not.toHaveProperty("resourceVersion");
    expect(Object.keys(state.metadata.annotations ?? {})).toEqual(["a"]);
  });

  test("holds no secret", () => {
    const template = { spec: { containers: [{ name: "app", env: [{ name: "DB_PASSWORD", value: "hunter2" }] }] } };
    expect(JSON.stringify(stateOf(deployment({ template })))).not.toContain("hunter2");
    const secret = { ...live, kind: "Secret", data: { key: "aHVudGVyMg==" } };
    expect(JSON.stringify(stateOf(secret))).not.toContain("aHVudGVyMg");
    expect(stateOf(secret)).toMatchObject({ data: { key: "[redacted]" } });
  });

  test("says nothing of an object that is not there", () => expect(priorStateOf([change], () => undefined)).toBe("[]"));
});

test("an eviction has no inverse of its own", () => {
  const object = pod("web-x", { ready: true });
  expect(invertChange({ type: "evict", object: referenceOf(object), uid: object.metadata.uid }, object)).toBeUndefined();
});
