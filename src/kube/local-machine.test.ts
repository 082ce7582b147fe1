// Files and programs of this machine, as a credential plugin meets them.
import { execPath } from "node:process";

import { expect, test } from "vitest";

import { localMachine } from "#kube/local-machine.ts";
import { createManualClock } from "#lib/manual-clock.ts";

const clock = createManualClock(7);
const machine = localMachine({ clock, env: { FROM_OUTSIDE: "1" }, home: "/home/ann" });
const run = (script: string, env: Record<string, string> = {}, timeoutMs = 30_000) =>
  machine.runCommand({ file: execPath, args: ["-e", script], env, timeoutMs });

test("a program gets our variables and its own, and its output and exit code come back", async () => {
  const script = "console.log(process.env.FROM_OUTSIDE + process.env.OWN); console.error('why'); process.exit(3)";
  expect(await run(script, { OWN: "2" })).toEqual({ stdout: "12\n", stderr: "why\n", exitCode: 3 });
  expect(await run("console.log('$HOME; ls')")).toEqual({ stdout: "$HOME; ls\n", stderr: "", exitCode: 0 });
});

test("a program that is not there, or does not end, is an error", async () => {
  await expect(machine.runCommand({ file: "/nonexistent/program", args: [], env: {}, timeoutMs: 1_000 })).rejects.toMatchObject({
    code: "ENOENT",
  });
  await expect(run("setInterval(() => {}, 1000)", {}, 50)).rejects.toThrow("it took longer than 50 ms");
});

test("files are read as text, and the clock is the one that was given", async () => {
  expect(await machine.readFile(import.meta.filename)).toContain("as a credential plugin meets them");
  expect([machine.now(), machine.home]).toEqual([7, "/home/ann"]);
});
