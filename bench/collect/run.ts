// `npm run bench -- collect [--pods 10000]`: what a look at a large cluster costs, on the embedded API server: time, memory, calls. Prints; asserts nothing.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import process from "node:process";
import { createInterface } from "node:readline";
import { parseArgs } from "node:util";

export const collectBench = async (args: readonly string[]): Promise<number> => {
  const { values } = parseArgs({ args: [...args], options: { pods: { type: "string", default: "10000" } } });
  const server = start("serve.ts", values.pods);
  try {
    const { url, token } = JSON.parse(await firstLine(server)) as { url: string; token: string };
    for (const target of ["", `broken/app-${Math.ceil(Number(values.pods) / 10) - 1}`]) {
      const look = start("look.ts", url, token, target);
      console.log(await firstLine(look));
    }
    return 0;
  } finally {
    server.kill();
  }
};

const start = (script: string, ...args: readonly string[]): ChildProcess =>
  spawn(process.execPath, [join(import.meta.dirname, script), ...args], { stdio: ["ignore", "pipe", "inherit"] });

const firstLine = async (child: ChildProcess): Promise<string> => {
  if (child.stdout === null) throw new Error("the process has no output");
  const lines = createInterface(child.stdout);
  const ended = once(child, "exit").then(([code]) => {
    throw new Error(`the process ended with ${String(code)} and said nothing`);
  });
  const [line] = (await Promise.race([once(lines, "line"), ended])) as [string];
  ended.catch(() => {});
  return line;
};
