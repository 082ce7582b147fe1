// How the rules of a file are read, and which of several counts.
import { describe, expect, test } from "vitest";
import type { ContainerContext } from "#embedded/nodes/behaviour.ts";
import { behaveBy, ContainerRules, pullBy } from "#scenarios/container-rules.ts";

const context = (parts: Partial<ContainerContext> = {}): ContainerContext => ({
  namespace: "shop",
  pod: "web-1",
  node: "n1",
  container: "web",
  image: "registry.example/web:1.2",
  command: ["serve"],
  args: ["--port", "8080"],
  env: { LEVEL: "debug" },
  files: { "/etc/web.conf": "a = 1\nrounding = two\n" },
  memoryLimitBytes: 32 * 2 ** 20,
  ...parts,
});

const rules = (file: unknown): ContainerRules => ContainerRules.parse(file);

describe("a condition", () => {
  test.each([
    [{}, true],
    [{ argsContain: "serve --port 8080" }, true],
    [{ argsContain: "--tls" }, false],
    [{ env: { LEVEL: "^debug$" } }, true],
    [{ env: { LEVEL: "info" } }, false],
    [{ env: { LEVEL: null } }, false],
    [{ env: { OTHER: null } }, true],
    [{ env: { OTHER: "." } }, false],
    [{ file: { path: "/etc/web.conf", matches: "^rounding = two$" } }, true],
    [{ file: { path: "/etc/web.conf", matches: "^rounding = \\d$" } }, false],
    [{ file: { path: "/etc/other", matches: "." } }, false],
    [{ argsContain: "serve", env: { LEVEL: "info" } }, false],
  ])("%j holds: %s", (when, holds) => {
    const behaviour = behaveBy(rules({ containers: [{ when, does: { exit: { code: 1 } } }] }))(context());
    expect(behaviour).toEqual(holds ? { exit: { code: 1 } } : undefined);
  });
});

test("the first match counts; its log may use the groups of patterns and the environment", () => {
  const behave = behaveBy(
    rules({
      containers: [
        { when: { argsContain: "side" }, does: { log: ["side"] } },
        {
          when: { file: { path: "/etc/web.conf", matches: "^rounding = (?<rounding>.*)$" } },
          does: {
            log: ["got ${rounding} at ${LEVEL}, ${NOTHING}", { afterMs: 10, text: "${rounding}" }],
            memory: "1Ki",
          },
        },
        { does: { log: ["never"] } },
      ],
    }),
  );
  expect(behave(context())).toEqual({
    log: ["got two at debug, ", { afterMs: 10, text: "two" }],
    memoryBytes: 1024,
  });
});

test("an image is missing if its rule says so", () => {
  const pull = pullBy(rules({ images: [{ image: "^private", problem: "not-found" }] }));
  expect(pull({ image: "private/web:1", namespace: "shop" })).toEqual({ problem: "not-found" });
  expect(pull({ image: "web:1", namespace: "shop" })).toBeUndefined();
});

test.each([
  [{ containers: [{ when: { env: { A: "(" } }, does: {} }] }, "is not a regular expression"],
  [{ containers: [{ does: { memory: "much" } }] }, "is not a quantity"],
  [{ containers: [{ does: { exits: 1 } }] }, "Unrecognized key"],
])("%j is refused", (file, why) => {
  expect(ContainerRules.safeParse(file).error?.message).toContain(why);
});
