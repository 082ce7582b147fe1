// `npm run bench -- start`: the CPU time of `kintsugi --help` and `version --client` of the packed command, as a multiple of `node -e 0`.
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { build } from "../../scripts/build.ts";

const runs = 10;
const root = join(import.meta.dirname, "../..");
/** Says at its end how much CPU time the process has used, from its very start. */
const measured = `data:text/javascript,${encodeURIComponent(
  `import { writeSync } from "node:fs"; process.on("exit", () => { const { user, system } = process.cpuUsage(); writeSync(2, "\\ncpu " + (user + system) + "\\n"); });`,
)}`;

const cpuMs = (args: readonly string[]): number => {
  const { stderr } = spawnSync(process.execPath, ["--import", measured, ...args], { encoding: "utf8" });
  return Number(/^cpu (\d+)$/m.exec(stderr)?.[1]) / 1000;
};

const median = (args: readonly string[]): number =>
  Array.from({ length: runs }, () => cpuMs(args)).toSorted((a, b) => a - b)[Math.floor(runs / 2)] ?? Number.NaN;

export const startBench = async (): Promise<number> => {
  // Inside of the project, so that its npm packages are found.
  const cache = join(root, "node_modules/.cache");
  mkdirSync(cache, { recursive: true });
  const folder = mkdtempSync(join(cache, "bench-start-"));
  try {
    await build(root, folder);
    const main = join(folder, "main.js");
    const least = median(["-e", "0"]);
    console.log(`node -e 0            ${least.toFixed(0)} ms`);
    for (const args of [["--help"], ["version", "--client"]]) {
      const each = median([main, ...args]);
      console.log(`kintsugi ${args.join(" ").padEnd(18)}  ${each.toFixed(0)} ms, ${(each / least).toFixed(2)} times`);
    }
    return 0;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};
