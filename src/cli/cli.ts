// The command line: arguments in, exit code out. Holds no domain logic, and loads only the command that runs.
import { Command, CommanderError, Option } from "commander";

import { DEFAULT_NAMESPACE } from "#api/labels.ts";
import { commandTable } from "#cli/command-table.ts";
import type { DefineCommand, Runner, Uses } from "#cli/command.ts";
import type { CliDeps } from "#cli/deps.ts";
import { durationMs } from "#cli/duration-option.ts";
import { CliError, type ExitCode, misuse } from "#cli/failure.ts";
import { reportFormats } from "#cli/render/format.ts";
import { type GlobalOptions, openSession, readFormat } from "#cli/session.ts";

const help = `
Exit codes:
  0  success
  1  negative result: not found, not permitted, or checks failed
  2  could not run: usage, kubeconfig, connection or rights

Start with:
  kintsugi diagnose              find what is wrong; read access (the ClusterRole view) is enough
  kintsugi doctor                check that the cluster is ready for Kintsugi
  kintsugi describe <request>    read about a repair, from the alert to its verification`;

/** Guarantees: never throws; every failure is one sentence on stderr. */
export const runCli = async (argv: readonly string[], deps: CliDeps): Promise<number> => {
  const outcome: { code: number } = { code: 0 };
  const program = createProgram(deps, outcome);
  try {
    await program.parseAsync([...argv], { from: "user" });
    return outcome.code;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : usageCode;
    const { exitCode, message, hint } = error instanceof CliError ? error : (await import("#cli/failure-of.ts")).failureOf(error, deps);
    deps.stderr.write(`kintsugi: ${message}\n${hint === undefined ? "" : `${hint}\n`}`);
    return exitCode;
  }
};

const usageCode: ExitCode = 2;

const createProgram = (deps: CliDeps, outcome: { code: number }): Command => {
  const program = new Command("kintsugi")
    .description("Find the root cause of a fault in a Kubernetes cluster, and repair it under review.")
    .version(deps.version, "--version", "print the version of kintsugi")
    .option("--kubeconfig <path>", "path to the kubeconfig file (default: $KUBECONFIG, then ~/.kube/config)")
    .option("--context <name>", "kubeconfig context (default: the current one)")
    .option("-n, --namespace <name>", "namespace of the workloads (default: the context's namespace; for requests, all namespaces)")
    .option("-A, --all-namespaces", "workloads in all namespaces")
    .option("--kintsugi-namespace <name>", "namespace that Kintsugi runs in", DEFAULT_NAMESPACE)
    .addOption(
      new Option("-o, --output <format>", "output format: json, yaml, wide or name; for diagnose also text, markdown or sarif").argParser(
        readFormat,
      ),
    )
    .option("--as <user>", "user to impersonate")
    .option(
      "--as-group <group>",
      "group to impersonate; repeat for several",
      (group: string, before: readonly string[]) => [...before, group],
      [],
    )
    .addOption(new Option("--request-timeout <duration>", "time limit of a single API request, such as 5s").argParser(durationMs))
    .option("-v, --verbose", "print every API request to stderr")
    .option("--no-color", "disable colours; so does NO_COLOR")
    .addHelpText("after", help)
    .exitOverride()
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({
      writeOut: (text) => void deps.stdout.write(text),
      writeErr: (text) => void deps.stderr.write(text),
      getOutHelpWidth: () => deps.columns ?? 100,
      getErrHelpWidth: () => deps.columns ?? 100,
      getOutHasColors: () => false,
      getErrHasColors: () => false,
      outputError: (text, write) => write(text.replace(/^error: /, "kintsugi: ")),
    });

  const loaders = new Map<string, () => Promise<DefineCommand>>();
  const run: Runner =
    (work, uses = {}) =>
    async () => {
      const options = program.opts<GlobalOptions>();
      refuseUnused(options, uses);
      const session = await openSession(deps, options);
      try {
        outcome.code = await work(session);
      } finally {
        session.close();
      }
    };

  for (const { name, description, group, isHidden, load } of commandTable) {
    program
      .command(name, { hidden: isHidden?.(deps) ?? false })
      .description(description)
      .helpGroup(group);
    loaders.set(name, load);
  }
  program.hook("preSubcommand", async (_, command) => (await loaders.get(command.name())?.())?.(command, run));
  return program;
};

/** An option that the command would ignore is refused: its answer would not be the one that was asked for. */
const refuseUnused = ({ output, namespace, allNamespaces }: GlobalOptions, uses: Uses): void => {
  if (uses.output !== "report" && reportFormats.some((format) => format === output && format !== "text"))
    throw misuse(`-o ${output} is only supported by diagnose`);
  if (namespace !== undefined && allNamespaces === true) throw misuse("use either -n or -A");
  if (namespace !== undefined && uses.namespaces === undefined)
    throw misuse(
      "this command does not accept -n, the namespace of the workloads",
      "Use --kintsugi-namespace for Kintsugi's own namespace.",
    );
  if (allNamespaces === true && uses.namespaces !== "any") throw misuse("this command does not accept -A");
};
