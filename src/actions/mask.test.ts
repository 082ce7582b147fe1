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
      ["--api-token", "[redacted: another value, as long]"],
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

test.each<[string, unknown, unknown, readonly [unknown, unknown]]>([
  ["a secret that becomes empty", { token: "a" }, { token: "" }, [{ token: "[redacted]" }, { token: "[redacted: now empty]" }]],
  [
    "a secret that becomes shorter",
    { token: "abc" },
    { token: "x" },
    [{ token: "[redacted]" }, { token: "[redacted: another value, shorter]" }],
  ],
  ["variables that are no list", { env: 1 }, { env: 2 }, [{ env: 1 }, { env: 2 }]],
])("%s", (_, before, after, masked) => expect(maskPair(before, after, "Deployment")).toEqual(masked));

test("a Secret that is gone, or whose data is no map, is shown as that", () => {
  const secret = { kind: "Secret", data: { a: "QQ==" } };
  expect(maskPair(undefined, secret, "Secret")).toEqual([undefined, { kind: "Secret", data: { a: "[redacted: another value]" } }]);
  expect(maskPair({ data: null }, { data: null }, "Secret")).toEqual([{ data: null }, { data: null }]);
});

test("a person sees of a variable what can be read, and of the rest whether and how it differs", () => {
  const env = (pass: string, host: string, option: string) => ({
    env: [
      { name: "RABBITMQ_DEFAULT_PASS", value: pass },
      { name: "DB_HOST", value: host },
      { name: "OPTION", value: option },
    ],
    args: ["web", "-p", pass],
    metadata: { annotations: { token: pass } },
  });
  const [before, after] = maskPair(
    env("swordfish", "db:5432", "Zq8Canary7Xk2"),
    env("swordfishes", "db:5433", "Yw7Canary3Kn1"),
    "Deployment",
  );
  expect(JSON.stringify([before, after])).not.toMatch(/swordfish|Canary/);
  expect(after).toEqual({
    env: [
      { name: "RABBITMQ_DEFAULT_PASS", value: "[redacted: another value, longer]" },
      { name: "DB_HOST", value: "db:5433" },
      { name: "OPTION", value: "[another value]" },
    ],
    args: ["web", "-p", "[redacted: another value, longer]"],
    metadata: { annotations: { token: "[redacted: another value, longer]" } },
  });
  expect(before).toMatchObject({ env: [{ value: "[redacted]" }, { value: "db:5432" }, { value: "[value]" }] });
});
