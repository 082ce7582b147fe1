import { expect, test } from "vitest";
import { createManualClock } from "#lib/manual-clock.ts";
import { runPlayground } from "./playground.ts";

test("without a terminal it says what it needs, and starts nothing", async () => {
  const said: string[] = [];
  const code = await runPlayground({
    clock: createManualClock(),
    random: () => 0.5,
    home: "/nonexistent",
    env: {},
    print: (line) => void said.push(line),
    progress: (line) => void said.push(line),
    isTerminal: false,
    columns: 100,
    signal: new AbortController().signal,
  });
  expect(code).toBe(2);
  expect(said).toEqual([expect.stringMatching(/needs a terminal/)]);
});
