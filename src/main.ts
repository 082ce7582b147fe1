#!/usr/bin/env node
// The composition root: arguments, environment and signals in, an exit code out. The only place that reads any of them.
import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { readFile, stat, writeFile } from "node:fs/promises";
import { homedir, hostname } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { createInterface } from "node:readline/promises";
import { runCli } from "#cli/cli.ts";
import { misuse } from "#cli/failure.ts";
import type { ActOptions, RunOptions } from "#cli/deps.ts";
import { connect } from "#kube/connect.ts";
import type { ClusterConfig } from "#kube/cluster-config.ts";
import { defaultSource, inCluster, loadKubeconfig } from "#kube/kubeconfig.ts";
import { localMachine } from "#kube/local-machine.ts";
import { createLog, type LogLevel } from "#lib/log.ts";
import { systemClock } from "#lib/system-clock.ts";
import { roleNames } from "#cli/role-names.ts";
import manifest from "../package.json" with { type: "json" };

const machine = localMachine({ clock: systemClock, env: process.env, home: homedir() });
const random = Math.random;
const stop = new AbortController();
for (const signal of ["SIGTERM", "SIGINT"] as const) {
  process.once(signal, () => {
    stop.abort(new Error(`${signal} received`));
    // A second one ends it at once: somebody is waiting.
    process.once(signal, () => process.exit(130));
  });
}

// `kintsugi … | head`: whoever read has seen enough. 128 + SIGPIPE, as a program says that the signal ends.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
  process.exit(141);
});

const logTo = (level: LogLevel): ReturnType<typeof createLog> => createLog({ clock: systemClock, level, destination: process.stdout });

interface Where {
  readonly kubeconfig?: string | undefined;
  readonly context?: string | undefined;
}
const sourceOf = ({ kubeconfig }: Where): ReturnType<typeof defaultSource> =>
  kubeconfig === undefined ? defaultSource(machine) : { path: kubeconfig };

const findCluster = (options: Where): Promise<ClusterConfig> => {
  const source = sourceOf(options);
  return source === "in-cluster" ? inCluster(machine) : loadKubeconfig(source, options.context, machine);
};

const runRole = async (role: string, options: RunOptions): Promise<number> => {
  const { image } = options;
  if (image === undefined)
    throw misuse("say which image runs the Jobs: --image <reference>, the one that the installed policy …-jobs allows");
  const config = await findCluster(options);
  // A person who gave a kubeconfig is told at once what is wrong with it; a pod waits for what is not there yet, and says so on /readyz.
  if (sourceOf(options) !== "in-cluster") await tryToRead(config, options.namespace);
  const identity = `${hostname()}-${randomBytes(4).toString("hex")}`;
  // Loaded only where it runs: a person who looks at a cluster should not wait for what serves.
  const { runRoles } = await import("./roles.ts");
  await runRoles(
    role,
    { ...options, image },
    { config, clock: systemClock, random, log: logTo(options.logLevel), identity, signal: stop.signal },
  );
  return 0;
};

/** Throws what `runCli` tells in one sentence: no answer, no access, no such kind. */
const tryToRead = async (config: ClusterConfig, namespace: string): Promise<void> => {
  const { RemediationRequest } = await import("#api/kinds/remediation-request.ts");
  const kube = connect(config, { clock: systemClock, random });
  try {
    await kube.list(RemediationRequest, { namespace, limit: 1 }, { signal: stop.signal });
  } finally {
    kube.close();
  }
};

const act = async (options: ActOptions): Promise<number> => {
  const { runAct } = await import("#act/act.ts");
  const log = logTo("info");
  const kube = connect(await findCluster(options), { clock: systemClock, random });
  try {
    return await runAct(
      { kube, log, clock: systemClock, random, writeReport: (text) => writeFile(options.terminationLog, text) },
      { name: options.execution, namespace: options.namespace, hash: options.hash },
    );
  } finally {
    kube.close();
  }
};

const ask = async (question: string): Promise<string> => {
  const reader = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return await reader.question(question, { signal: stop.signal });
  } finally {
    reader.close();
  }
};

const readWhole = async (path: string, maxBytes: number): Promise<Buffer> => {
  const { size } = await stat(path);
  if (size > maxBytes) throw misuse(`${path} has ${size} bytes: more than ${maxBytes} are not read`);
  return readFile(path);
};

/** Part of the source tree, not of the image: they bring a cluster of their own. */
const scriptPath = (name: string): string => join(import.meta.dirname, `../scripts/${name}.ts`);
const runScript = (name: "demo" | "playground", args: readonly string[]): Promise<number> =>
  new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [scriptPath(name), ...args], { stdio: "inherit" });
    child.once("error", reject);
    child.once("exit", (code) => resolve(code ?? 1));
  });

process.exitCode = await runCli(process.argv.slice(2), {
  stdout: process.stdout,
  stderr: process.stderr,
  isTerminal: process.stdout.isTTY,
  columns: process.stdout.columns,
  env: process.env,
  home: homedir(),
  readFile: machine.readFile,
  files: { read: readWhole, write: (path, content) => writeFile(path, content, { mode: 0o600 }) },
  showsProgress: process.stderr.isTTY,
  runCommand: machine.runCommand,
  clock: systemClock,
  random,
  version: manifest.version,
  signal: stop.signal,
  ask: process.stdin.isTTY ? ask : undefined,
  roles: roleNames,
  runRole,
  runAct: act,
  ...(existsSync(scriptPath("demo")) ? { runDemo: (args: readonly string[]) => runScript("demo", args) } : {}),
  ...(existsSync(scriptPath("playground")) ? { runPlayground: () => runScript("playground", []) } : {}),
});
