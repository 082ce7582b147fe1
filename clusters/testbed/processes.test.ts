// Processes are found by their marker, end on request, and report why they did not start.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { withFileLock } from "#testbed/file-lock.ts";
import { killProcessesOf, processesOf, startProcess, waitUntilReady, type ProcessSpec } from "#testbed/processes.ts";
import { runCommand, tryCommand } from "#testbed/run-command.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "kintsugi-processes-test-"));
});
afterAll(async () => {
  await killProcessesOf(folder);
  await rm(folder, { recursive: true });
});

const shell = (script: string, lifetime: ProcessSpec["lifetime"] = "parent") =>
  startProcess({ name: "program", command: "sh", args: ["-c", script], logFolder: folder, marker: folder, lifetime });

describe("a process", () => {
  test.each(["parent", "detached"] as const)(
    "with lifetime %s is found by its marker with its children, and all of them are killed",
    async (lifetime) => {
      const running = await shell("sleep 300 & wait", lifetime);
      await waitUntilReady(running, 5_000, async () => processesOf(folder).length === 2);
      expect(processesOf(folder)).toContain(running.pid);
      await killProcessesOf(folder);
      expect(processesOf(folder)).toEqual([]);
    },
  );

  test("that dies while starting is reported with the end of its log", async () => {
    const running = await shell("echo the port is taken >&2; exit 3");
    await expect(waitUntilReady(running, 5_000, async () => false)).rejects.toThrow(
      /program died while starting.*\n(.*\n)*the port is taken/,
    );
  });

  test("that is never ready is reported as such", async () => {
    const running = await shell("sleep 300");
    await expect(waitUntilReady(running, 100, async () => false)).rejects.toThrow("program was not ready after 0.1 s");
    await running.terminate();
    expect(running.hasExited()).toBe(true);
  });

  test("that does not exist is reported at once", async () => {
    const absent = {
      name: "absent",
      command: "/no/such/program",
      args: [],
      logFolder: folder,
      marker: folder,
      lifetime: "detached",
    } as const;
    await expect(startProcess(absent)).rejects.toThrow("cannot start absent (/no/such/program)");
  });
});

describe("a command", () => {
  test("gets its input and returns its output", async () => {
    expect(await runCommand("cat", [], { input: "through" })).toBe("through");
  });

  test("that fails throws what it said", async () => {
    await expect(runCommand("sh", ["-c", "echo no >&2; exit 4"])).rejects.toThrow("ended with 4: no");
  });

  test("that does not exist has code 127", async () => {
    expect((await tryCommand("/no/such/program", [])).code).toBe(127);
  });
});

test("a lock has one holder at a time, and is free again after a failure", async () => {
  const path = join(folder, "lock");
  const order: string[] = [];
  let letFirstGo = (): void => {};
  const firstMayGo = new Promise<void>((resolve) => (letFirstGo = resolve));
  let firstHolds = (): void => {};
  const held = new Promise<void>((resolve) => (firstHolds = resolve));
  const first = withFileLock(
    path,
    () => {},
    async () => {
      firstHolds();
      await firstMayGo;
      order.push("first");
      throw new Error("first failed");
    },
  );
  await held;
  const second = withFileLock(path, letFirstGo, async () => order.push("second"));
  await expect(first).rejects.toThrow("first failed");
  await second;
  expect(order).toEqual(["first", "second"]);
});
