import { expect, test } from "vitest";
import type { LabelSelector } from "#api/kubernetes.ts";
import { selects, serviceSelects } from "#api/selectors.ts";

const labels = { app: "web", tier: "front" };
const expression = (key: string, operator: string, values?: string[]): LabelSelector => ({
  matchExpressions: [{ key, operator, ...(values === undefined ? {} : { values }) }],
});

test.each<[string, LabelSelector | undefined, boolean]>([
  ["an absent selector selects nothing", undefined, false],
  ["an empty selector selects everything", {}, true],
  ["every matching label is enough", { matchLabels: { app: "web" } }, true],
  ["one label that differs is too many", { matchLabels: { app: "web", tier: "back" } }, false],
  ["In holds for a listed value", expression("app", "In", ["api", "web"]), true],
  ["In does not hold for a label that is not there", expression("zone", "In", ["a"]), false],
  ["NotIn holds for a label that is not there", expression("zone", "NotIn", ["a"]), true],
  ["NotIn does not hold for a listed value", expression("app", "NotIn", ["web"]), false],
  ["Exists holds", expression("app", "Exists"), true],
  ["Exists does not hold for what objects inherit", expression("constructor", "Exists"), false],
  ["DoesNotExist holds", expression("zone", "DoesNotExist"), true],
  ["an unknown operator selects nothing", expression("app", "Like", ["web"]), false],
])("%s", (_name, selector, expected) => expect(selects(selector, labels)).toBe(expected));

test.each<[string, Record<string, string> | undefined, boolean]>([
  ["a Service without a selector selects nothing", undefined, false],
  ["a Service with an empty selector selects nothing", {}, false],
  ["a Service selects by all of its labels", { app: "web", tier: "front" }, true],
  ["a Service with one label more selects nothing", { app: "web", zone: "a" }, false],
])("%s", (_name, selector, expected) => expect(serviceSelects(selector, labels)).toBe(expected));

test("labels that are absent match only what asks for nothing", () => {
  expect(selects({}, undefined)).toBe(true);
  expect(serviceSelects({ app: "web" }, undefined)).toBe(false);
});
