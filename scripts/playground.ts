// `npm run playground`: terminal and signals in, an exit code out.
import { homedir } from "node:os";
import process from "node:process";
import { createInterface } from "node:readline";
import { pageColumns } from "#cli/session.ts";
import { systemClock } from "#lib/system-clock.ts";
import { runPlayground } from "./demo/playground.ts";

const stop = new AbortController();
const reader = process.stdin.isTTY ? createInterface({ input: process.stdin }) : undefined;
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => stop.abort(new Error(`${signal} received`)));

process.exitCode = await runPlayground({
  clock: systemClock,
  random: Math.random,
  home: homedir(),
  env: process.env,
  print: (line) => process.stdout.write(`${line}\n`),
  progress: (line) => process.stderr.write(`${line}\n`),
  isTerminal: process.stdout.isTTY && process.env["NO_COLOR"] === undefined,
  columns: pageColumns({ isTerminal: process.stdout.isTTY, columns: process.stdout.columns }),
  signal: stop.signal,
  ...(reader === undefined ? {} : { lines: reader }),
});
reader?.close();
