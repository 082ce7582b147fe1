import * as fc from "fast-check";
import { expect, test } from "vitest";
import { trimmedEnd } from "#lib/trimmed-end.ts";

test("what is removed from the end is a run of those characters, and nothing else", () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom("a", "-", ".", "\n", "/") }), (text) => {
      expect(trimmedEnd(text, "-.")).toBe(text.replace(/[-.]+$/, ""));
      expect(trimmedEnd(text, "\n")).toBe(text.replace(/\n+$/, ""));
    }),
  );
});
