import { expect, test } from "vitest";
import { goldenTable, goldenText, unwrapped } from "#test/e2e/golden-text.ts";

test("a line that was broken for lack of room is joined, any other break stays", () => {
  const text = [
    "HEADING",
    "  • a point that is quite",
    "    long",
    "  • another",
    "  │ a quote that fills its",
    "  │ lines",
    "",
    "  short",
    "  also",
  ].join("\n");
  expect(unwrapped(text, 27)).toBe(
    ["HEADING", "  • a point that is quite long", "  • another", "  │ a quote that fills its", "  │ lines", "", "  short", "  also"].join(
      "\n",
    ),
  );
});

test("the namespace of a run reads as the scenario calls it", () => {
  expect(goldenText("Deployment shop-x7k2p/checkout for 12s", "shop-x7k2p", "shop")).toBe("Deployment shop/checkout for <duration>");
});

test("a table does not depend on the width of what was masked", () => {
  const table = (id: string, age: string): string => `NAME${" ".repeat(id.length)}  AGE\n${id}  ${age}\n`;
  expect(goldenTable(table("rr-0123456789ab-1", "9s"), "a", "a")).toBe(goldenTable(table("rr-0123456789ab-12", "61s"), "a", "a"));
});

test.each([
  ["Pod shop/checkout-7d4b9c6f5d-x2x7k of checkout-7d4b9c6f5d", "Pod shop/checkout-<pod> of checkout-<revision>"],
  ["  14:07:40  +5m 22s  Ended", "  <time>  <offset>  Ended"],
  ["rr-4f1d2c3b5a69-1-a1-kex-s1 took 5m 22s", "rr-<id>-a1-kex-s1 took <duration>"],
  [
    "3 of 3 replicas, revision 1, exit code 137, kintsugi-act-rollback-deployment",
    "3 of 3 replicas, revision 1, exit code 137, kintsugi-act-rollback-deployment",
  ],
])("%s reads %s", (text, masked) => expect(goldenText(text, "none", "none")).toBe(masked));
