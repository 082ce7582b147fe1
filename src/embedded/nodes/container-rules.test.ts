// How a file's "when … does …" is read, and which of several rules counts.
import { describe, expect, test } from "vitest";
import type { ContainerContext } from "#embedded/nodes/behaviour.ts";
import { behaveBy, ContainerRules, pullBy } from "#embedded/nodes/container-rules.ts";

const context = (parts: Partial<ContainerContext> = {}): ContainerContext => ({
  namespace: "shop",
  pod: "web-1",
  node: "n1",
  container: "web",
  image: "registry.example/web:1.2",
  labels: {},
  command: ["serve"],
  args: ["--port", "8080"],
  env: { LEVEL: "debug" },
  files: { "/etc/web.conf": "a = 1\nrounding = two\n" },
  memoryLimitBytes: 32 * 2 ** 20,
  containerPorts: [8080],
  restarts: 1,
  reaches: (service) => service === "database",
  ...parts,
});

const rules = (file: unknown): ContainerRules => ContainerRules.parse(file);

describe("a condition", () => {
  test.each([
    [{}, true],
    [{ image: "web:1\\." }, true],
    [{ image: "web:2" }, false],
    [{ container: "web" }, true],
    [{ container: "side" }, false],
    [{ pod: "^web-" }, true],
    [{ argsContain: "serve --port 8080" }, true],
    [{ argsContain: "--tls" }, false],
    [{ env: { LEVEL: "^debug$" } }, true],
    [{ env: { LEVEL: "info" } }, false],
    [{ env: { LEVEL: null } }, false],
    [{ env: { OTHER: null } }, true],
    [{ env: { OTHER: "." } }, false],
    [{ file: { path: "/etc/web.conf", matches: "^rounding = two$" } }, true],
    [{ file: { path: "/etc/web.conf", matches: "^rounding = \\d$" } }, false],
    [{ file: { path: "/etc/web.conf" } }, true],
    [{ file: { path: "/etc/other", matches: "." } }, false],
    [{ file: { path: "/etc/other", isMissing: true } }, true],
    [{ file: { path: "/etc/web.conf", isMissing: true } }, false],
    [{ memoryLimitBelow: "33Mi" }, true],
    [{ memoryLimitBelow: "32Mi" }, false],
    [{ cannotReach: "cache" }, true],
    [{ cannotReach: "database" }, false],
    [{ restartsBelow: 2 }, true],
    [{ restartsBelow: 1 }, false],
    [{ container: "web", restartsBelow: 1 }, false],
  ])("%j holds: %s", (when, holds) => {
    const behaviour = behaveBy(rules({ containers: [{ when, does: { exit: { code: 1 } } }] }))(context());
    expect(behaviour).toEqual(holds ? { exit: { code: 1 } } : undefined);
  });

  test("without a memory limit none is below anything", () => {
    const behave = behaveBy(rules({ containers: [{ when: { memoryLimitBelow: "1Ei" }, does: {} }] }));
    expect(behave(context({ memoryLimitBytes: undefined }))).toBeUndefined();
  });
});

test("the first rule that fits counts; what a pattern finds and the environment can be printed", () => {
  const behave = behaveBy(
    rules({
      containers: [
        { when: { container: "side" }, does: { log: ["side"] } },
        {
          when: { file: { path: "/etc/web.conf", matches: "^rounding = (?<rounding>.*)$" } },
          does: {
            log: ["got ${rounding} at ${LEVEL}, ${NOTHING}", { afterMs: 10, text: "${rounding}" }],
            memory: "1Ki",
            memoryGrowthPerSecond: "2",
          },
        },
        { does: { log: ["never"] } },
      ],
    }),
  );
  expect(behave(context())).toEqual({
    log: ["got two at debug, ", { afterMs: 10, text: "two" }],
    memoryBytes: 1024,
    memoryGrowthBytesPerSecond: 2,
  });
});

test("a registry refuses whoever has not its secret", () => {
  const pull = pullBy(
    rules({
      images: [
        { image: "^private", unlessSecret: "key", problem: "unauthorized", takesMs: 5 },
        { image: "^slow", takesMs: 9000 },
      ],
    }),
  );
  const outcome = (image: string, secrets: readonly string[] = []): unknown => pull({ image, namespace: "shop", secrets });
  expect(outcome("private/web:1")).toEqual({ problem: "unauthorized", takesMs: 5 });
  expect(outcome("private/web:1", ["key"])).toEqual({ takesMs: 5 });
  expect(outcome("slow:1")).toEqual({ takesMs: 9000 });
  expect(outcome("web:1")).toBeUndefined();
});

test.each([
  [{ containers: [{ when: { image: "(" }, does: {} }] }, "is no regular expression"],
  [{ containers: [{ does: { memory: "much" } }] }, "is no quantity"],
  [{ containers: [{ does: { exits: 1 } }] }, "Unrecognized key"],
])("%j is refused", (file, why) => {
  expect(ContainerRules.safeParse(file).error?.message).toContain(why);
});
