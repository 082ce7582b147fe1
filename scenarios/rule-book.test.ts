import { expect, test } from "vitest";
import { createRuleBook } from "#scenarios/rule-book.ts";
import type { AlertRule } from "#scenarios/scenario.ts";

const rule = (alert: string): AlertRule => ({ alert, expr: "$NAMESPACE" });

test("every write has the rules of every owner, and removing one leaves the others", async () => {
  const writes: string[][] = [];
  const book = createRuleBook(async (rules) => void writes.push(rules.map(({ alert }) => alert)));
  await Promise.all([book.set("one", [rule("A"), rule("B")]), book.set("two", [rule("C")])]);
  await book.remove("one");
  await book.remove("one");
  expect(writes).toEqual([["A", "B", "C"], ["A", "B", "C"], ["C"]]);
});

test("writes never overlap, and one that fails is told to its caller only", async () => {
  let running = 0;
  const failures = ["disk full"];
  const book = createRuleBook(async () => {
    expect(++running).toBe(1);
    await Promise.resolve();
    running--;
    const failure = failures.pop();
    if (failure !== undefined) throw new Error(failure);
  });
  const results = await Promise.allSettled([book.set("one", [rule("A")]), book.set("two", [rule("B")])]);
  expect(results.map(({ status }) => status)).toEqual(["rejected", "fulfilled"]);
});
