import { expect, test } from "vitest";
import { streamProblem, tooOldNode } from "#cli/surroundings.ts";

test.each([
  ["20.20.2", "Node.js 20.20.2 is too old: install Node.js 22.18 or newer"],
  ["22.17.1", "Node.js 22.17.1 is too old: install Node.js 22.18 or newer"],
  ["22.18.0", undefined],
  ["24.0.0", undefined],
  ["26.10.0", undefined],
])("Node.js %s: %s", (version, sentence) => expect(tooOldNode(version, ">=22.18")).toBe(sentence));

test("a full disk is named", () => {
  expect(streamProblem({ code: "ENOSPC", message: "ENOSPC: no space left on device, write" })).toBe(
    "cannot write the output: no space left on device",
  );
  expect(streamProblem({ message: "odd" })).toBe("cannot write the output: odd");
});
