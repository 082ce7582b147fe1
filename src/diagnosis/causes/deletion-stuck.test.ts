import { expect, test } from "vitest";
import { deletionStuck } from "#diagnosis/causes/deletion-stuck.ts";
import { answers, objects } from "#test/evidence-sketch.ts";

const claim = (deleted: string, finalizers: string): ReturnType<typeof objects> =>
  objects(
    `{ apiVersion: v1, kind: PersistentVolumeClaim, metadata: { name: data, deletionTimestamp: "${deleted}", finalizers: ${finalizers} } }`,
  );

test("an object that a finalizer holds for long is a person's", () => {
  expect(answers(deletionStuck, { objects: claim("2027-03-01T13:00:00Z", "[example.test/cleanup]") })).toEqual([
    "DeletionStuck PersistentVolumeClaim data → person",
  ]);
});

test("a namespace that cannot be emptied says what is left", () => {
  const namespace = objects(
    `{ apiVersion: v1, kind: Namespace, metadata: { name: old, deletionTimestamp: "2027-03-01T13:00:00Z" }, status: { phase: Terminating, conditions: [{ type: NamespaceContentRemaining, status: "True", message: "Some resources are remaining: widgets.example.test has 1 resource instances" }] } }`,
  );
  expect(answers(deletionStuck, { objects: namespace })).toEqual(["DeletionStuck Namespace old → person"]);
});

test("a pod that does not end is its node's trouble", () => {
  expect(
    answers(deletionStuck, {
      objects: objects(
        `{ apiVersion: v1, kind: Pod, metadata: { name: web, deletionTimestamp: "2027-03-01T13:00:00Z" }, spec: { containers: [] } }`,
      ),
    }),
  ).toEqual([]);
});

test("a deletion of just now contradicts it: its finalizer is at work", () => {
  expect(answers(deletionStuck, { objects: claim("2027-03-01T13:58:00Z", "[example.test/cleanup]") })).toEqual([]);
});
