import { expect, test } from "vitest";
import { budgetBlocksDrain } from "#diagnosis/causes/budget-blocks-drain.ts";
import { answers, deployment, objects, podsOf } from "#test/evidence-sketch.ts";

const web = deployment("web", {}, { spec: { replicas: 3 } });
const pods = podsOf(web, {}, {}, {});
const node = (unschedulable: boolean): ReturnType<typeof objects>[0] =>
  objects(`{ apiVersion: v1, kind: Node, metadata: { name: node-a }, spec: { unschedulable: ${unschedulable} } }`)[0]!;
const budget = (healthy: number): ReturnType<typeof objects>[0] =>
  objects(
    `{ apiVersion: policy/v1, kind: PodDisruptionBudget, metadata: { name: web }, spec: { minAvailable: 3, selector: { matchLabels: { app: web } } }, status: { disruptionsAllowed: 0, currentHealthy: ${healthy}, desiredHealthy: 3 } }`,
  )[0]!;

test("one that asks for every pod while a node is drained is relaxed by one", () => {
  expect(answers(budgetBlocksDrain, { objects: [web, ...pods, budget(3), node(true)] })).toEqual([
    "BudgetBlocksDrain PodDisruptionBudget web → relax_pdb minAvailable=2",
  ]);
});

test("of a single replica a person decides", () => {
  expect(answers(budgetBlocksDrain, { objects: [web, ...pods.slice(0, 2), budget(3), node(true)] })).toEqual([
    "BudgetBlocksDrain PodDisruptionBudget web → person",
  ]);
});

test("where no node is drained it does what it is for", () => {
  expect(answers(budgetBlocksDrain, { objects: [web, ...pods, budget(3), node(false)] })).toEqual([]);
});

test("fewer healthy pods than it asks for contradict it: the pods are the trouble", () => {
  expect(answers(budgetBlocksDrain, { objects: [web, ...pods, budget(2), node(true)] })).toEqual([]);
});
