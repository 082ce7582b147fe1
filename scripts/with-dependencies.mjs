// Runs a script of this project after making sure that its npm packages are there: on a fresh clone `npm test` is all it takes.
// Plain JavaScript without dependencies, because it must start on any Node >= 20. Must never do more than install and hand over.
import { spawn, spawnSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { createHash } from "node:crypto";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const stamp = join(root, "node_modules/.kintsugi-lock-sha256");
const node = join(root, "node_modules/.bin/node");
const lockHash = createHash("sha256")
  .update(readFileSync(join(root, "package-lock.json")))
  .digest("hex");

const installed = existsSync(node) && existsSync(stamp) && readFileSync(stamp, "utf8") === lockHash;
if (!installed) {
  console.error("Installing npm packages (once per package-lock.json) …");
  // Not `npm ci`: it refuses a lock file without the optional binaries of every platform, and registries do not always have them all.
  const flags = ["--no-save", "--no-fund", "--no-audit", "--loglevel=error"];
  const npm = spawnSync("npm", ["install", ...flags], { cwd: root, stdio: ["ignore", 2, 2] });
  if (npm.status !== 0 || !existsSync(node)) {
    console.error(
      "kintsugi: `npm install` failed, so nothing can run yet: check the network and the npm registry, then run the same command again.",
    );
    process.exit(2);
  }
  writeFileSync(stamp, lockHash);
}

const [script, ...args] = process.argv.slice(2);
const child = spawn(node, [join(root, script), ...args], { stdio: "inherit" });
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
child.on("exit", (code, signal) => {
  if (signal) process.kill(process.pid, signal);
  else process.exit(code ?? 1);
});
