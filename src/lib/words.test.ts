import { expect, test } from "vitest";
import { asSentence, clipped, times } from "#lib/words.ts";

test.each([
  [0, "0 times"],
  [1, "once"],
  [2, "2 times"],
])("%d is said as %s", (count, text) => {
  expect(times(count)).toBe(text);
});

test("a sentence begins with a capital, and nothing stays nothing", () => {
  expect(asSentence("revision 2 crashes.")).toBe("Revision 2 crashes.");
  expect(asSentence("")).toBe("");
});

test("a text that is too long ends with a sign that something is missing", () => {
  expect(clipped("abc", 3)).toBe("abc");
  expect(clipped("abcd", 3)).toBe("ab…");
  expect(clipped("x".repeat(2000))).toHaveLength(1024);
});
