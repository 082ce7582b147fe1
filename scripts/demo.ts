// `npm run demo`: arguments, terminal and signals in, an exit code out.
import { enableCompileCache } from "node:module";
import { homedir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { createInterface } from "node:readline/promises";
import { pageColumns } from "#cli/session.ts";
import { systemClock } from "#lib/system-clock.ts";
import { readArguments } from "./demo/demo-arguments.ts";
import { exitCodes } from "./demo/demo-deps.ts";

// The first lines decide how long the start feels: from the second time on, half the loading is saved.
enableCompileCache(join(import.meta.dirname, "../node_modules/.cache/node"));

const stop = new AbortController();
// Not `once`: a terminal sends it to every process of the group, and npm sends it on again. The cleaning up must not be cut short by that.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.on(signal, () => {
    if (!stop.signal.aborted) process.stderr.write("\nInterrupted: cleaning up …\n");
    stop.abort(new Error(`${signal} received`));
  });
}

const ask = async (question: string): Promise<string> => {
  const reader = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return await reader.question(question, { signal: stop.signal });
  } finally {
    reader.close();
  }
};

const asked = readArguments(process.argv.slice(2), process.env["KINTSUGI_CALLED_AS"]);
if ("help" in asked) {
  (asked.isMistake ? process.stderr : process.stdout).write(asked.help);
  process.exitCode = asked.isMistake ? exitCodes.cannotRun : exitCodes.passed;
} else {
  const { runDemo } = await import("./demo/run-demo.ts");
  process.exitCode = await runDemo(asked.request, {
    clock: systemClock,
    random: Math.random,
    home: homedir(),
    env: process.env,
    print: (line) => process.stdout.write(`${line}\n`),
    progress: (line) => process.stderr.write(`${line}\n`),
    isTerminal: process.stdout.isTTY && process.env["NO_COLOR"] === undefined,
    columns: pageColumns({ isTerminal: process.stdout.isTTY, columns: process.stdout.columns }),
    signal: stop.signal,
    ...(process.stdin.isTTY ? { ask } : {}),
  });
}
