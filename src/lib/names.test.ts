import { expect, test } from "vitest";
import { childName, maxNameLength } from "#lib/names.ts";

test("a short name is its parts joined", () => expect(childName("rr-1", "a2", "kex", "s1")).toBe("rr-1-a2-kex-s1"));

test("a name of exactly the longest length is kept", () => {
  const name = "a".repeat(maxNameLength);
  expect(childName(name)).toBe(name);
});

test("a long name keeps its head, is a valid name and the same each time", () => {
  const name = childName("rr-0123456789ab-1", "a1-kex", "x".repeat(60));
  expect(name).toHaveLength(maxNameLength);
  expect(name).toMatch(/^rr-0123456789ab-1-a1-kex-x+-[0-9a-f]{8}$/);
  expect(childName("rr-0123456789ab-1", "a1-kex", "x".repeat(60))).toBe(name);
});

test("two long names that differ only at their end stay two", () => {
  expect(childName("x".repeat(70), "a")).not.toBe(childName("x".repeat(70), "b"));
});

test("the cut leaves no dash before the hash", () => {
  expect(childName(`${"x".repeat(50)}-----`, "y".repeat(20))).toMatch(/^x{50}-[0-9a-f]{8}$/);
});
