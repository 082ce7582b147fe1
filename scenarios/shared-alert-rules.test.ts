import { expect, test } from "vitest";
import { createSharedAlertRules } from "#scenarios/shared-alert-rules.ts";
import type { AlertRule } from "#scenarios/scenario.ts";

const rule = (alert: string): AlertRule => ({ alert, expr: "$NAMESPACE" });

test("every write has the rules of every owner, and removing one leaves the others", async () => {
  const writes: string[][] = [];
  const shared = createSharedAlertRules(async (rules) => void writes.push(rules.map(({ alert }) => alert)));
  await Promise.all([shared.set("one", [rule("A"), rule("B")]), shared.set("two", [rule("C")])]);
  await shared.remove("one");
  await shared.remove("one");
  expect(writes).toEqual([["A", "B", "C"], ["A", "B", "C"], ["C"]]);
});

test("writes never overlap, and a failed one is reported to its caller only", async () => {
  let running = 0;
  const failures = ["disk full"];
  const shared = createSharedAlertRules(async () => {
    expect(++running).toBe(1);
    await Promise.resolve();
    running--;
    const failure = failures.pop();
    if (failure !== undefined) throw new Error(failure);
  });
  const results = await Promise.allSettled([shared.set("one", [rule("A")]), shared.set("two", [rule("B")])]);
  expect(results.map(({ status }) => status)).toEqual(["rejected", "fulfilled"]);
});
