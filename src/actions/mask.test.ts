import { expect, test } from "vitest";
import { maskPair } from "#actions/mask.ts";

test.each<[string, unknown, unknown, readonly [unknown, unknown]]>([
  [
    "a word after a flag with a secret's name",
    ["--password", "hunter2"],
    ["--password", "hunter2"],
    [
      ["--password", "[redacted]"],
      ["--password", "[redacted]"],
    ],
  ],
  [
    "one that changes stays visible as a change",
    ["--api-token", "a1"],
    ["--api-token", "b2"],
    [
      ["--api-token", "[redacted]"],
      ["--api-token", "[redacted: another value]"],
    ],
  ],
  [
    "a word after another flag is not hidden",
    ["--port", "80"],
    ["--port", "81"],
    [
      ["--port", "80"],
      ["--port", "81"],
    ],
  ],
  ["a flag that is new on one side", ["serve"], ["serve", "--password", "hunter2"], [["serve"], ["serve", "--password", "[redacted]"]]],
])("%s", (_, before, after, masked) => {
  expect(maskPair({ args: before }, { args: after }, "Deployment")).toEqual([{ args: masked[0] }, { args: masked[1] }]);
});
