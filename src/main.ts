#!/usr/bin/env node
// The composition root: arguments, environment and signals in, an exit code out. The only place that reads any of them.
import { setMaxListeners } from "node:events";
import { existsSync } from "node:fs";
import { readFile, stat, writeFile } from "node:fs/promises";
import { homedir, hostname } from "node:os";
import { extname, join } from "node:path";
import process from "node:process";
import { runCli } from "#cli/cli.ts";
import { misuse } from "#cli/failure.ts";
import type { ActOptions, RunRoleOptions } from "#cli/deps.ts";
import { streamProblem, tooOldNode } from "#cli/surroundings.ts";
import type { ClusterConfig, KubeconfigDeps } from "#kube/cluster-config.ts";
import type { ClosableDiagnoser } from "#investigation/diagnoser.ts";
import type { Log, LogLevel } from "#lib/log.ts";
import { systemClock } from "#lib/system-clock.ts";
import manifest from "../package.json" with { type: "json" };

const endWith = (message: string, code: number): never => {
  process.stderr.write(`kintsugi: ${message}\n`);
  process.exit(code);
};
const old = tooOldNode(process.versions.node, manifest.engines.node);
if (old !== undefined) endWith(old, 2);

// Loaded by the commands that need it: help and version answer at once.
const openMachine = async (): Promise<KubeconfigDeps> => {
  const { localMachine } = await import("#kube/local-machine.ts");
  return localMachine({ clock: systemClock, env: process.env, home: homedir() });
};
const random = Math.random;
const stop = new AbortController();
// Every open request to the API server adds a listener.
setMaxListeners(0, stop.signal);
for (const signal of ["SIGTERM", "SIGINT"] as const) {
  process.once(signal, () => {
    stop.abort(new Error(`${signal} received`));
    // A second one ends it at once: the user is waiting.
    process.once(signal, () => process.exit(130));
  });
}

// `kintsugi … | head`: the reader has closed the pipe. 128 + SIGPIPE, the exit code of a program that the signal ends.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") process.exit(141);
  endWith(streamProblem(error), 2);
});
// No stream is left to report to.
process.stderr.on("error", () => process.exit(2));

const logTo = async (level: LogLevel): Promise<Log> => {
  const { createLog } = await import("#lib/log.ts");
  return createLog({ clock: systemClock, level, destination: process.stdout });
};

interface Where {
  readonly kubeconfig?: string | undefined;
  readonly context?: string | undefined;
}
interface Found {
  readonly config: ClusterConfig;
  readonly isPod: boolean;
}
const findCluster = async ({ kubeconfig, context }: Where): Promise<Found> => {
  const { defaultSource, inCluster, loadKubeconfig } = await import("#kube/kubeconfig.ts");
  const machine = await openMachine();
  const source = kubeconfig === undefined ? defaultSource(machine) : { path: kubeconfig };
  if (source === "in-cluster") return { config: await inCluster(machine), isPod: true };
  return { config: await loadKubeconfig(source, context, machine), isPod: false };
};

/** Heap of the diagnosing thread: the evidence around one object is a few megabytes, of a whole cluster a thousand times as much. */
const analysisMemoryMb = 160;
const commandMemoryMb = 4096;

const openDiagnoser = async (memoryMb: number): Promise<ClosableDiagnoser> => {
  const [{ createThreadDiagnoser }, { startWorkerThread }] = await Promise.all([
    import("#investigation/thread-diagnoser.ts"),
    import("#investigation/worker-thread.ts"),
  ]);
  // JavaScript in the package, TypeScript in the source tree and the image.
  const entry = join(import.meta.dirname, `diagnosis-worker${extname(import.meta.filename)}`);
  return createThreadDiagnoser({ clock: systemClock, startThread: () => startWorkerThread(entry, memoryMb) });
};

const runRole = async (role: string, options: RunRoleOptions): Promise<number> => {
  const { image } = options;
  if (image === undefined)
    throw misuse("--image <reference> is missing: the image of the Jobs, the same that the installed admission policy for Jobs allows");
  const { config, isPod } = await findCluster(options);
  // With a kubeconfig, an error is shown at once; a pod waits instead, and says so on /readyz.
  if (!isPod) await tryToRead(config, options.namespace);
  const { randomBytes } = await import("node:crypto");
  const identity = `${hostname()}-${randomBytes(4).toString("hex")}`;
  const machine = await openMachine();
  // Loaded only when it runs: a command that reads a cluster does not wait for the server.
  const [{ loadRoles, runRoles }, { openSegmentFiles }] = await Promise.all([
    import("#server/run-roles.ts"),
    import("#lib/write-ahead-log/segment-files.ts"),
  ]);
  const diagnoser = await openDiagnoser(analysisMemoryMb);
  try {
    await runRoles(
      await loadRoles(role),
      { ...options, image },
      {
        ...{ config, clock: systemClock, random, randomBytes, log: await logTo(options.logLevel), identity, diagnoser },
        ...{ readFile: machine.readFile, openSegments: openSegmentFiles, signal: stop.signal },
      },
    );
  } finally {
    await diagnoser.close();
  }
  return 0;
};

/** Throws what `runCli` reports in one sentence: no answer, no access, no such kind. */
const tryToRead = async (config: ClusterConfig, namespace: string): Promise<void> => {
  const [{ RemediationRequest }, { connect }] = await Promise.all([
    import("#api/kinds/remediation-request.ts"),
    import("#kube/connect.ts"),
  ]);
  const kube = connect(config, { clock: systemClock, random });
  try {
    await kube.list(RemediationRequest, { namespace, limit: 1 }, { signal: stop.signal });
  } finally {
    kube.close();
  }
};

const act = async (options: ActOptions): Promise<number> => {
  const [{ runAct }, { connect }, { ACT_MANAGER }] = await Promise.all([
    import("#act/act.ts"),
    import("#kube/connect.ts"),
    import("#api/labels.ts"),
  ]);
  const log = await logTo("info");
  const { config } = await findCluster(options);
  const kube = connect(config, { clock: systemClock, random, userAgent: ACT_MANAGER });
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
  const { createInterface } = await import("node:readline/promises");
  const reader = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return await reader.question(question, { signal: stop.signal });
  } finally {
    reader.close();
  }
};

const readWhole = async (path: string, maxBytes: number): Promise<Buffer> => {
  if (path === "-") return readStdin(maxBytes);
  const { size } = await stat(path);
  if (size > maxBytes) throw misuse(`${path} has ${size} bytes; the limit is ${maxBytes}`);
  return readFile(path);
};

const readStdin = async (maxBytes: number): Promise<Buffer> => {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of process.stdin as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > maxBytes) throw misuse(`stdin has more than ${maxBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
};

/** In the source tree only, not in the image: they start a cluster of their own. */
const scriptPath = (name: string): string => join(import.meta.dirname, `../scripts/${name}.ts`);
const runScript = async (name: "demo" | "playground", args: readonly string[]): Promise<number> => {
  const { spawn } = await import("node:child_process");
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [scriptPath(name), ...args], {
      stdio: "inherit",
      env: { ...process.env, KINTSUGI_CALLED_AS: `kintsugi ${name}` },
    });
    child.once("error", reject);
    child.once("exit", (code) => resolve(code ?? 1));
  });
};

process.exitCode = await runCli(process.argv.slice(2), {
  stdout: process.stdout,
  stderr: process.stderr,
  isTerminal: process.stdout.isTTY,
  columns: process.stdout.columns,
  env: process.env,
  home: homedir(),
  readFile: async (path) => (await openMachine()).readFile(path),
  files: { read: readWhole, write: (path, content) => writeFile(path, content, { mode: 0o600 }) },
  showsProgress: process.stderr.isTTY,
  runCommand: async (command) => (await openMachine()).runCommand(command),
  clock: systemClock,
  random,
  version: manifest.version,
  signal: stop.signal,
  ask: process.stdin.isTTY ? ask : undefined,
  runRole,
  openDiagnoser: () => openDiagnoser(commandMemoryMb),
  runAct: act,
  ...(existsSync(scriptPath("demo")) ? { runDemo: (args: readonly string[]) => runScript("demo", args) } : {}),
  ...(existsSync(scriptPath("playground")) ? { runPlayground: () => runScript("playground", []) } : {}),
});
