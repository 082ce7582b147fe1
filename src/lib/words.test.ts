import { expect, test } from "vitest";
import { times } from "#lib/words.ts";

test.each([
  [0, "0 times"],
  [1, "once"],
  [2, "2 times"],
])("%d is said as %s", (count, text) => {
  expect(times(count)).toBe(text);
});
