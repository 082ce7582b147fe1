// What the demonstration says before it begins on a cluster of the user's, and how its JSON ends.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createManualClock } from "#lib/manual-clock.ts";
import { loadScenario } from "#scenarios/scenario.ts";
import type { Stage } from "#scenarios/stage.ts";
import { type DemoDeps, exitCodes } from "./demo-deps.ts";
import { runDemo } from "./run-demo.ts";
import { runScenarios } from "./run-scenarios.ts";

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "kintsugi-demo-test-"));
  const kubeconfig = {
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: "lab", cluster: { server: "http://127.0.0.1:1" } }],
    users: [{ name: "me", user: { token: "t" } }],
    contexts: [{ name: "lab", context: { cluster: "lab", user: "me" } }],
  };
  writeFileSync(join(folder, "config"), JSON.stringify(kubeconfig));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const depsOf = () => {
  const said: string[] = [];
  const printed: string[] = [];
  const deps: DemoDeps = {
    clock: createManualClock(),
    random: () => 0.5,
    home: folder,
    env: { KUBECONFIG: join(folder, "config") },
    print: (line) => void printed.push(line),
    progress: (line) => void said.push(line),
    isTerminal: false,
    columns: 80,
    signal: new AbortController().signal,
  };
  return { deps, said, printed };
};

describe("on a cluster of the user's", () => {
  const startOn = async (context: string): Promise<{ readonly code: number; readonly said: readonly string[] }> => {
    const { deps, said } = depsOf();
    const where = { cluster: "context", context, consent: "ask", workloadImage: "busybox:1" } as const;
    const code = await runDemo({ what: "run", where, scenarios: ["healthy"], output: "text", afterwards: "take-down" }, deps);
    return { code, said };
  };

  test("a context that does not exist is named before an image is asked for", async () => {
    const { code, said } = await startOn("lba");
    expect(code).toBe(exitCodes.cannotRun);
    expect(said).toEqual([expect.stringContaining("lba")]);
    expect(said.join()).not.toContain("--image");
  });
  test("without an image for the Jobs it says how to name one", async () => {
    const { code, said } = await startOn("lab");
    expect(code).toBe(exitCodes.cannotRun);
    expect(said).toEqual([expect.stringContaining("--image <reference> is missing")]);
  });
});

test("JSON ends with one result, and every line of it is an event", async () => {
  const { deps, printed } = depsOf();
  const result = { scenario: "healthy", outcome: "NoActionRequired", passed: true, failures: [], durationMs: 1, requests: [] };
  const stage = {
    run: async (_scenario: unknown, report: (event: object) => void) => {
      report({ event: "step", scenario: "healthy", atSeconds: 0, text: "workload applied" });
      return { result, cleanUp: async () => {} };
    },
  } as unknown as Stage;
  const request = { what: "run", where: { cluster: "embedded" }, scenarios: ["healthy"], output: "json", afterwards: "take-down" } as const;
  await runScenarios(stage, request as never, deps, [await loadScenario("healthy")], 1);
  expect(printed.map((line) => (JSON.parse(line) as { event?: string }).event)).toEqual(["step", "result"]);
});
