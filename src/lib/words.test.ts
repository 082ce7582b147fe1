import { expect, test } from "vitest";
import { asSentence, times } from "#lib/words.ts";

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
