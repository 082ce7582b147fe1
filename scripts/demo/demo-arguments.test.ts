import { expect, test } from "vitest";
import { defaultWorkloadImage as workloadImage, readArguments } from "./demo-arguments.ts";

const usual = {
  what: "run",
  where: { cluster: "embedded" },
  scenarios: ["crash-after-release"],
  output: "text",
  afterwards: "take-down",
};

test.each([
  ["nothing", [], usual],
  ["a scenario", ["healthy"], { ...usual, scenarios: ["healthy"] }],
  ["several", ["healthy", "stuck-rollout"], { ...usual, scenarios: ["healthy", "stuck-rollout"] }],
  ["--all", ["--all"], { ...usual, scenarios: [] }],
  ["--json --keep", ["--json", "--keep"], { ...usual, output: "json", afterwards: "keep" }],
  ["--list", ["--list"], { ...usual, what: "list" }],
  ["--real", ["--real"], { ...usual, where: { cluster: "testbed" } }],
  ["--context", ["--context", "kind"], { ...usual, where: { cluster: "context", context: "kind", consent: "ask", workloadImage } }],
  [
    "--context --yes --image",
    ["--context", "kind", "--yes", "--image", "r/k:1"],
    { ...usual, where: { cluster: "context", context: "kind", consent: "given", workloadImage, image: "r/k:1" } },
  ],
])("%s is understood", (_, args, request) => expect(readArguments(args)).toEqual({ request }));

test("help is given when asked for, and with a mistake", () => {
  expect(readArguments(["--help"])).toMatchObject({ isMistake: false, help: expect.stringContaining("Exit code: 0") });
  expect(readArguments(["--jsno"])).toMatchObject({ isMistake: true, help: expect.stringContaining("--jsno") });
  expect(readArguments(["--real", "--context", "kind"])).toMatchObject({
    isMistake: true,
    help: expect.stringContaining("cannot be used with"),
  });
});
