// `npm test`: every test, those first that need nothing but Node, then what needs a real API server or cluster, which it builds where it is
// missing. With arguments it hands them to vitest: npm test -- src/kube
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import process from "node:process";
import { ensurePrerequisites } from "#testbed/prerequisites.ts";
import { toStderr } from "#testbed/progress.ts";

const root = join(import.meta.dirname, "..");

/** Processes that tests start find the product compiled: that is most of their start, and the crash sweep starts a hundred. */
const compileCache = process.env["NODE_COMPILE_CACHE"] ?? join(root, "node_modules/.cache/node");

const vitest = (...args: string[]): boolean => {
  const env = { ...process.env, NODE_COMPILE_CACHE: compileCache };
  const result = spawnSync(join(root, "node_modules/.bin/vitest"), ["run", ...args], { cwd: root, stdio: "inherit", env });
  return result.status === 0;
};

const isReady = async (): Promise<boolean> => {
  try {
    await ensurePrerequisites("cluster", toStderr);
    return true;
  } catch (error) {
    console.error(error instanceof Error ? error.message : String(error));
    return false;
  }
};

const runAll = async (): Promise<boolean> => {
  // All of it even if something fails: one look at the log should show everything. Not at once: they would share two cores.
  const fast = vitest("--project", "unit", "--coverage");
  const simulated = vitest("--project", "sim");
  if (!(await isReady())) {
    console.error("So the tests on a real cluster have NOT been run, and this run does not count as passed.");
    return false;
  }
  const onApiServer = vitest("--project", "cluster");
  const onCluster = vitest("--project", "crash") && vitest("--project", "e2e");
  return fast && simulated && onApiServer && onCluster;
};

const args = process.argv.slice(2);
const passed = args.length > 0 ? vitest(...args) : await runAll();
process.exitCode = passed ? 0 : 1;
