import { execFileSync } from "node:child_process";
import fc from "fast-check";
import { expect, test } from "vitest";
import { shellCommand } from "#lib/shell.ts";

test("ordinary words stay as they are", () => {
  expect(shellCommand("kubectl", "-n", "shop", "scale", "deployment/web", "--replicas=2")).toBe(
    "kubectl -n shop scale deployment/web --replicas=2",
  );
});

test("a shell passes every word on as it is, and runs nothing in it", () => {
  const word = fc.oneof(
    fc.constantFrom("$(touch x)", "`id`", "a; rm -rf ~", "it's", '"', "\\", "&&", "*", "~", "", "a\nb", "{}"),
    fc.string().map((text) => text.replaceAll("\0", "")),
  );
  fc.assert(
    fc.property(fc.array(word, { minLength: 1, maxLength: 5 }), (words) => {
      const printed = execFileSync("sh", ["-c", `${shellCommand("printf", String.raw`%s\0`)} ${shellCommand(...words)}`], {
        encoding: "utf8",
      });
      expect(printed).toBe(words.map((each) => `${each}\0`).join(""));
    }),
    { numRuns: 30 },
  );
});
