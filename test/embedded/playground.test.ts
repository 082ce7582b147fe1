// The playground on virtual time, with a person who types: breaks, watches, leaves.
import { existsSync } from "node:fs";
import { expect, test } from "vitest";
import { createManualClock } from "#lib/manual-clock.ts";
import { inProcessServers } from "#scenarios/in-process-servers.ts";
import { loadScenarios } from "#scenarios/scenario.ts";
import { passingTime, seeded } from "#test/embedded/virtual-time.ts";
import { runPlayground } from "../../scripts/demo/playground.ts";

test("a person breaks something by number, sees it repaired, and leaves nothing behind", async () => {
  const said: string[] = [];
  const waiting = new Set<() => void>();
  const print = (line: string): void => {
    said.push(line);
    for (const look of waiting) look();
  };
  const until = (pattern: RegExp): Promise<void> =>
    new Promise((resolve) => {
      const look = (): void => {
        if (!pattern.test(said.join("\n"))) return;
        waiting.delete(look);
        resolve();
      };
      waiting.add(look);
      look();
    });
  const scenarios = await loadScenarios();
  const number = scenarios.findIndex(({ name }) => name === "crash-after-release") + 1;
  const typed = async function* (): AsyncGenerator<string> {
    await until(/What do you want to break\?/);
    yield "99";
    yield String(number);
    yield String(number);
    await until(/crash-after-release ended Remediated/);
    yield "q";
  };
  const clock = createManualClock();
  const playing = runPlayground({
    clock,
    random: seeded(9),
    home: "/nonexistent",
    env: {},
    print,
    progress: print,
    isTerminal: false,
    columns: 100,
    signal: new AbortController().signal,
    lines: typed(),
    services: inProcessServers(),
  });
  // Files are read first, and that is no matter of this clock.
  await until(/Installing/);
  const code = await passingTime(clock, playing);
  const text = said.join("\n");
  expect(code).toBe(0);
  expect(text).toContain(`Type a number from 1 to ${scenarios.length}`);
  expect(text).toContain("crash-after-release is not ready: it is being set up or repaired");
  expect(text).toMatch(/describe rr-[0-9a-f]{12}-1/);
  expect(text).toMatch(/API server https:\/\/127\.0\.0\.1:\d+/);
  const kubeconfig = /KUBECONFIG=(\S+)/.exec(text)?.[1] ?? "";
  expect(kubeconfig).not.toBe("");
  expect(existsSync(kubeconfig)).toBe(false);
}, 300_000);
