// What a program calls itself: only where several of its variables agree.
import { expect, test } from "vitest";
import { Deployments } from "#api/kubernetes.ts";
import { programWordsOf } from "#diagnosis/program-words.ts";
import { createView, type View } from "#diagnosis/view.ts";
import { deployment, evidence, objects } from "#test/evidence-sketch.ts";

const wordsOf = (container: object, yaml = ""): readonly string[] => {
  const view: View = createView(evidence({ objects: [deployment("app", container), ...(yaml === "" ? [] : objects(yaml))] }));
  return view.workloads.filter(({ object }) => object.kind === Deployments.kind).flatMap((workload) => programWordsOf(view, workload));
};
const env = (...names: string[]): object => ({ env: names.map((name) => ({ name })) });

test.each([
  ["variables with one beginning", env("ORDER_DB_HOST", "ORDER_DB_PORT"), ["ORDER_DB"]],
  ["the beginning all of them share", env("ORDER_DB_HOST", "ORDER_DB_PORT", "ORDER_LEVEL"), ["ORDER"]],
  ["a variable alone", env("ORDER_DB_HOST", "PORT"), []],
  ["two families", env("A_X", "A_Y", "B_X", "B_Y"), ["A", "B"]],
])("%s", (_name, container, words) => {
  expect(wordsOf(container)).toEqual(words);
});

test("keys of a ConfigMap and of a Secret count as variables where they become some", () => {
  const from = { envFrom: [{ configMapRef: { name: "one" } }, { secretRef: { name: "two" } }] };
  const yaml =
    "{ apiVersion: v1, kind: ConfigMap, metadata: { name: one }, data: { CART_HOST: a } }\n---\n{ apiVersion: v1, kind: Secret, metadata: { name: two }, keys: [CART_PASSWORD] }";
  expect(wordsOf(from, yaml)).toEqual(["CART"]);
  expect(wordsOf(from)).toEqual([]);
});
